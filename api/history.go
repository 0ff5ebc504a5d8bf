package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/history"
)

const tagHistory = "Audit log"

func (s *service) historyRoutes() {
	register(s, op{"list-audit", http.MethodGet, "/audit", "List who did what", tagHistory, 0, nil}, s.listHistory)
}

// historyBody is one deed. What it was done to stands there before and after, without secrets.
type historyBody struct {
	ID         string    `json:"id" doc:"Id of the entry"`
	At         time.Time `json:"at" doc:"When it was done"`
	UserID     *int64    `json:"user_id" nullable:"true" doc:"Who did it; null for the system, and where you may not know"`
	UserEmail  string    `json:"user_email" example:"ops@network.example" doc:"E-mail address of that user; empty for one who is gone"`
	Actor      string    `json:"actor" example:"manager" doc:"Role of the user, with the API key if there was one; or the part of the system; network, where an operator is not named"`
	IP         string    `json:"ip" doc:"Where the call came from; empty where you may not know"`
	Action     string    `json:"action" example:"postback.update" doc:"What was done"`
	ObjectType string    `json:"object_type" doc:"What it was done to"`
	ObjectID   string    `json:"object_id" doc:"Its id"`
	Before     any       `json:"before" doc:"As it was; null for what was made"`
	After      any       `json:"after" doc:"As it became; null for what was deleted"`
}

func newHistoryBody(e history.Entry) historyBody {
	return historyBody{ID: e.ID.String(), At: moment(e.At), UserID: optionalID(e.UserID), UserEmail: e.UserEmail, Actor: e.Actor, IP: e.IP,
		Action: e.Action, ObjectType: e.ObjectType, ObjectID: e.ObjectID, Before: optionalJSON(e.Before), After: optionalJSON(e.After)}
}

// optionalJSON is nil, JSON's null, for no value.
func optionalJSON(v json.RawMessage) any {
	if v == nil {
		return nil
	}
	return v
}

type historyList struct {
	Paging
	Period
	UserID     account.UserID `query:"user_id" minimum:"1" doc:"Only what this user did"`
	Action     string         `query:"action" maxLength:"100" doc:"Only this action"`
	ObjectType string         `query:"object_type" maxLength:"100" doc:"Only on this kind of thing, such as offer or postback"`
	ObjectID   string         `query:"object_id" maxLength:"100" doc:"Only on the thing with this id"`
}

func (s *service) listHistory(ctx context.Context, actor account.Actor, in *historyList) (*list[historyBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	found, err := s.History.List(ctx, actor, history.Filter{UserID: in.UserID, Action: in.Action, ObjectType: in.ObjectType, ObjectID: in.ObjectID,
		From: from, To: to}, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newHistoryBody), nil
}
