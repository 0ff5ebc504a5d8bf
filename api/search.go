package api

import (
	"context"
	"net/http"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/search"
)

const tagSearch = "Search"

func (s *service) searchRoutes() {
	register(s, op{"search", http.MethodGet, "/search", "Find things by name or id", tagSearch, 0, nil}, s.search)
}

// foundBody is one thing that was found.
type foundBody struct {
	Kind   string `json:"kind" enum:"click,conversion,offer,affiliate,advertiser" doc:"What it is"`
	ID     string `json:"id" example:"12" doc:"Its id"`
	Title  string `json:"title" example:"Acme Shop: sale" doc:"Its name; the id of what has none"`
	Detail string `json:"detail" example:"active" doc:"How it stands"`
}

type searchInput struct {
	Q    string `query:"q" maxLength:"400" doc:"A part of a name, the beginning of an id, or the whole id of a click or conversion"`
	Kind string `query:"kind" enum:"offer,affiliate,advertiser" doc:"Only things of this kind; then an empty q gives the newest"`
	Past bool   `query:"past" doc:"With kind=offer: an affiliate's offers that are paused or expired too"`
}

func (s *service) search(ctx context.Context, actor account.Actor, in *searchInput) (*list[foundBody], error) {
	var found []search.Result
	var err error
	if in.Kind == "" {
		found, err = s.Search.Search(ctx, actor, in.Q)
	} else {
		found, err = s.Search.Choices(ctx, actor, search.Choice{Kind: search.Kind(in.Kind), Text: in.Q, Past: in.Past})
	}
	if err != nil {
		return nil, err
	}
	return newList(domain.Slice[search.Result]{Items: found}, func(r search.Result) foundBody {
		return foundBody{Kind: string(r.Kind), ID: r.ID, Title: r.Title, Detail: r.Detail}
	}), nil
}
