package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	saved "github.com/waypost/waypost/domain/view" // view is another thing here
)

const tagViews = "Views"

func (s *service) viewRoutes() {
	register(s, op{"list-views", http.MethodGet, "/views", "List saved views", tagViews, 0, nil}, s.listViews)
	register(s, op{"create-view", http.MethodPost, "/views", "Save a view of a list or report", tagViews, 201, []int{409}}, s.createView)
	register(s, op{"get-view", http.MethodGet, "/views/{id}", "Read a view", tagViews, 0, nil}, s.getView)
	register(s, op{"update-view", http.MethodPatch, "/views/{id}", "Change a view", tagViews, 0, []int{409}}, s.updateView)
	register(s, op{"delete-view", http.MethodDelete, "/views/{id}", "Delete a view", tagViews, 204, nil}, s.deleteView)
}

// stays and never are the API's words for what the domain has none for.
const (
	stays = "none"
	never = "never"
)

func orWord[T ~string](value T, word string) string {
	if value == "" {
		return word
	}
	return string(value)
}

// viewBody is a saved view.
type viewBody struct {
	ID        saved.ID       `json:"id" doc:"Id of the view"`
	UserID    account.UserID `json:"user_id" doc:"Who saved it, and alone can change it"`
	UserName  string         `json:"user_name" doc:"Name of that user"`
	Page      string         `json:"page" doc:"The list or report, by its path in the portal"`
	Query     string         `json:"query" doc:"Filters, columns and order, as in the page's address"`
	Span      string         `json:"span" enum:"none,today,yesterday,7d,14d,30d,week,last_week,month,last_month,quarter,last_quarter,year" doc:"Days that move with the calendar of who opens it"`
	Name      string         `json:"name" doc:"What it is called in the menu"`
	Shared    bool           `json:"shared" doc:"Whether your party's other users, or all operators, see it too"`
	Default   bool           `json:"default" doc:"Whether the page opens with it, for you"`
	Schedule  string         `json:"schedule" enum:"never,daily,weekly,monthly" doc:"How often its file is mailed to who saved it, at 07:00 in that user's time zone"`
	Format    saved.Format   `json:"format" enum:"csv,xlsx" doc:"Kind of that file"`
	NextAt    *time.Time     `json:"next_at" nullable:"true" doc:"When it is mailed next; null = never"`
	CreatedAt time.Time      `json:"created_at" doc:"When it was saved"`
	UpdatedAt time.Time      `json:"updated_at" doc:"When it was changed last"`
}

func newViewBody(v saved.View) viewBody {
	return viewBody{ID: v.ID, UserID: v.OwnerID, UserName: v.OwnerName, Page: v.Page, Query: v.Query, Span: orWord(v.Span, stays), Name: v.Name, Shared: v.Shared,
		Default: v.Default, Schedule: orWord(v.Schedule, never), Format: v.Format, NextAt: optionalTime(v.NextAt), CreatedAt: moment(v.CreatedAt), UpdatedAt: moment(v.UpdatedAt)}
}

type viewID struct {
	ID saved.ID `path:"id" doc:"Id of the view"`
}

type viewList struct {
	Paging
	Page string `query:"page" maxLength:"100" doc:"Only of this list or report"`
	Own  bool   `query:"own" doc:"true: only those that you saved"`
}

func (s *service) listViews(ctx context.Context, actor account.Actor, in *viewList) (*list[viewBody], error) {
	found, err := s.Views.List(ctx, actor, saved.Filter{Page: in.Page, Own: in.Own}, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newViewBody), nil
}

// ViewFields are what can be set of a view besides its page and name.
type ViewFields struct {
	Query    Optional[string]         `json:"query,omitempty" maxLength:"4096" doc:"As in the page's address; what only passes, such as a cursor, is left out"`
	Span     Optional[saved.Span]     `json:"span,omitempty" enum:"none,today,yesterday,7d,14d,30d,week,last_week,month,last_month,quarter,last_quarter,year" doc:"Takes the place of from and to in the query"`
	Shared   Optional[bool]           `json:"shared,omitempty" doc:"false if left out"`
	Default  Optional[bool]           `json:"default,omitempty" doc:"Whether the page opens with it, for you; of another's shared view, too"`
	Schedule Optional[saved.Schedule] `json:"schedule,omitempty" enum:"never,daily,weekly,monthly" doc:"How often its file is mailed to you"`
	Format   Optional[saved.Format]   `json:"format,omitempty" enum:"csv,xlsx" doc:"Kind of that file; csv if left out"`
}

func (in ViewFields) apply(v *saved.View) {
	in.Query.to(&v.Query)
	in.Span.to(&v.Span)
	in.Shared.to(&v.Shared)
	in.Default.to(&v.Default)
	in.Schedule.to(&v.Schedule)
	in.Format.to(&v.Format)
	if v.Span == stays {
		v.Span = ""
	}
	if v.Schedule == never {
		v.Schedule = saved.Never
	}
}

type viewCreate struct {
	Body struct {
		Page string `json:"page" maxLength:"100" doc:"The list or report, by its path in your portal: /conversions, /clicks, /reports …"`
		Name string `json:"name" maxLength:"320" doc:"At most 80 characters; yours on this page only once, case ignored"`
		ViewFields
	}
}

func (s *service) createView(ctx context.Context, actor account.Actor, in *viewCreate) (*one[viewBody], error) {
	v := saved.View{Page: in.Body.Page, Name: in.Body.Name}
	in.Body.apply(&v)
	v, err := s.Views.Create(ctx, actor, v)
	if err != nil {
		return nil, err
	}
	return &one[viewBody]{newViewBody(v)}, nil
}

func (s *service) getView(ctx context.Context, actor account.Actor, in *viewID) (*one[viewBody], error) {
	v, err := s.Views.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &one[viewBody]{newViewBody(v)}, nil
}

type viewUpdate struct {
	ID   saved.ID `path:"id" doc:"Id of the view"`
	Body struct {
		Name Optional[string] `json:"name,omitempty" maxLength:"320" doc:"At most 80 characters; yours on this page only once, case ignored"`
		ViewFields
	}
}

func (s *service) updateView(ctx context.Context, actor account.Actor, in *viewUpdate) (*one[viewBody], error) {
	v, err := s.Views.Update(ctx, actor, in.ID, func(v *saved.View) {
		in.Body.Name.to(&v.Name)
		in.Body.apply(v)
	})
	if err != nil {
		return nil, err
	}
	return &one[viewBody]{newViewBody(v)}, nil
}

func (s *service) deleteView(ctx context.Context, actor account.Actor, in *viewID) (*noBody, error) {
	return nil, s.Views.Delete(ctx, actor, in.ID)
}
