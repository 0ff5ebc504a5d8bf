package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/notice"
)

const tagNotices = "Notices"

func (s *service) noticeRoutes() {
	register(s, op{"list-notices", http.MethodGet, "/notices", "List what your party, or the network, has to be told", tagNotices, 0, nil}, s.listNotices)
	register(s, op{"read-notice", http.MethodPost, "/notices/{id}/read", "Mark a notice as read", tagNotices, 0, nil}, s.readNotice)
	register(s, op{"read-all-notices", http.MethodPost, "/notices/read-all", "Mark all notices as read", tagNotices, 0, nil}, s.readAllNotices)
}

// noticeBody is one notice. It is read for the whole party once one of its users has read it.
type noticeBody struct {
	ID         string     `json:"id" doc:"Id of the notice"`
	At         time.Time  `json:"at" doc:"When it happened"`
	Kind       string     `json:"kind" doc:"What happened, for machines" example:"postback_paused"`
	Text       string     `json:"text" doc:"What happened, for people"`
	ObjectType string     `json:"object_type" doc:"What it is about" example:"postback"`
	ObjectID   string     `json:"object_id" example:"12" doc:"Its id"`
	ReadAt     *time.Time `json:"read_at" nullable:"true" doc:"When somebody of your party read it first"`
}

func newNoticeBody(n notice.Notice) noticeBody {
	return noticeBody{ID: n.ID.String(), At: moment(n.At), Kind: n.Kind, Text: n.Text, ObjectType: n.ObjectType, ObjectID: n.ObjectID,
		ReadAt: optionalTime(n.ReadAt)}
}

type noticeList struct {
	Paging
	Period
	Unread bool   `query:"unread" doc:"true: only those that nobody has read"`
	Kind   string `query:"kind" maxLength:"100" doc:"Only of this kind"`
}

func (s *service) listNotices(ctx context.Context, actor account.Actor, in *noticeList) (*list[noticeBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	found, err := s.Notices.List(ctx, actor, notice.Filter{Unread: in.Unread, Kind: in.Kind, From: from, To: to}, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newNoticeBody), nil
}

type noticeID struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the notice"`
}

func (s *service) readNotice(ctx context.Context, actor account.Actor, in *noticeID) (*one[noticeBody], error) {
	id, ok := domain.ParseUUID(in.ID)
	if !ok {
		return nil, noSuch("notice")
	}
	n, err := s.Notices.MarkRead(ctx, actor, notice.ID{UUID: id})
	if err != nil {
		return nil, err
	}
	return &one[noticeBody]{newNoticeBody(n)}, nil
}

// noticeCountBody is how many notices a deed changed.
type noticeCountBody struct {
	Count int `json:"count" doc:"How many had not been read"`
}

func (s *service) readAllNotices(ctx context.Context, actor account.Actor, _ *struct{}) (*one[noticeCountBody], error) {
	n, err := s.Notices.MarkAllRead(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &one[noticeCountBody]{noticeCountBody{n}}, nil
}
