package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
)

const tagKeys = "API keys"

func (s *service) keyRoutes() {
	register(s, op{"list-api-keys", http.MethodGet, "/api-keys", "List your API keys", tagKeys, 0, []int{404}}, s.listKeys)
	register(s, op{"create-api-key", http.MethodPost, "/api-keys", "Make an API key", tagKeys, 201, nil}, s.createKey)
	register(s, op{"get-api-key", http.MethodGet, "/api-keys/{id}", "Read an API key", tagKeys, 0, nil}, s.getKey)
	register(s, op{"delete-api-key", http.MethodDelete, "/api-keys/{id}", "End an API key at once", tagKeys, 204, nil}, s.deleteKey)
}

// keyBody is an API key. It acts as the user who made it and dies with that user.
type keyBody struct {
	ID         account.KeyID  `json:"id" doc:"Id of the key"`
	UserID     account.UserID `json:"user_id" doc:"Whose key it is"`
	Name       string         `json:"name" example:"Nightly import" doc:"What it is for"`
	Prefix     string         `json:"prefix" doc:"The secret's first characters, to tell keys apart" example:"wp_Zk3a9QxB"`
	Secret     *string        `json:"secret,omitempty" doc:"Send it in the header Authorization: Bearer …; shown only here"`
	Role       *string        `json:"role" nullable:"true" enum:"admin,manager,finance,viewer,affiliate,advertiser" doc:"What it is narrowed to; null = your role"`
	ExpiresAt  *time.Time     `json:"expires_at" nullable:"true" doc:"When it ends; null = never"`
	LastUsedAt *time.Time     `json:"last_used_at" nullable:"true" doc:"To the minute"`
	CreatedAt  time.Time      `json:"created_at" doc:"When it was made"`
}

func newKeyBody(k account.APIKey) keyBody {
	return keyBody{ID: k.ID, UserID: k.UserID, Name: k.Name, Prefix: k.Prefix, Role: optionalText(k.Role),
		ExpiresAt: optionalTime(k.ExpiresAt), LastUsedAt: optionalTime(k.LastUsedAt), CreatedAt: moment(k.CreatedAt)}
}

type keyID struct {
	ID account.KeyID `path:"id" doc:"Id of the key"`
}

type keyList struct {
	Paging
	UserID account.UserID `query:"user_id" doc:"Another user's keys, for administrators"`
}

func (s *service) listKeys(ctx context.Context, actor account.Actor, in *keyList) (*list[keyBody], error) {
	user := actor.UserID
	if in.UserID != 0 {
		user = in.UserID
	}
	found, err := s.Accounts.ListKeys(ctx, actor, user, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newKeyBody), nil
}

type keyCreate struct {
	Body struct {
		Name      string                 `json:"name" maxLength:"400" example:"Nightly import" doc:"What it is for"`
		Role      Nullable[account.Role] `json:"role,omitempty" enum:"admin,manager,finance,viewer,affiliate,advertiser" doc:"Narrows what it may do; left out = your role"`
		ExpiresAt Nullable[time.Time]    `json:"expires_at,omitempty" doc:"Left out = never"`
	}
}

func (s *service) createKey(ctx context.Context, actor account.Actor, in *keyCreate) (*one[keyBody], error) {
	k := account.NewKey{Name: in.Body.Name}
	in.Body.Role.to(&k.Role)
	in.Body.ExpiresAt.to(&k.ExpiresAt)
	key, secret, err := s.Accounts.CreateKey(ctx, actor, k)
	if err != nil {
		return nil, err
	}
	b := newKeyBody(key)
	b.Secret = &secret
	return &one[keyBody]{b}, nil
}

func (s *service) getKey(ctx context.Context, actor account.Actor, in *keyID) (*one[keyBody], error) {
	k, err := s.Accounts.GetKey(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &one[keyBody]{newKeyBody(k)}, nil
}

func (s *service) deleteKey(ctx context.Context, actor account.Actor, in *keyID) (*noBody, error) {
	return nil, s.Accounts.DeleteKey(ctx, actor, in.ID)
}
