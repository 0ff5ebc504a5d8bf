package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	remark "github.com/waypost/waypost/domain/note" // note is what the document tells of an operation
)

func (s *service) noteRoutes() {
	register(s, op{"list-affiliate-notes", http.MethodGet, "/affiliates/{id}/notes", "List the operators' notes about an affiliate", tagAffiliates, 0, nil},
		func(ctx context.Context, actor account.Actor, in *notesOf[affiliate.ID]) (*list[noteBody], error) {
			return s.listNotes(ctx, actor, remark.Filter{AffiliateID: in.ID}, in.Paging)
		})
	register(s, op{"add-affiliate-note", http.MethodPost, "/affiliates/{id}/notes", "Note something about an affiliate", tagAffiliates, 201, nil},
		func(ctx context.Context, actor account.Actor, in *noteCreate[affiliate.ID]) (*one[noteBody], error) {
			return s.addNote(ctx, actor, remark.Filter{AffiliateID: in.ID}, in.Body.Text)
		})
	register(s, op{"list-advertiser-notes", http.MethodGet, "/advertisers/{id}/notes", "List the operators' notes about an advertiser", tagAdvertisers, 0, nil},
		func(ctx context.Context, actor account.Actor, in *notesOf[advertiser.ID]) (*list[noteBody], error) {
			return s.listNotes(ctx, actor, remark.Filter{AdvertiserID: in.ID}, in.Paging)
		})
	register(s, op{"add-advertiser-note", http.MethodPost, "/advertisers/{id}/notes", "Note something about an advertiser", tagAdvertisers, 201, nil},
		func(ctx context.Context, actor account.Actor, in *noteCreate[advertiser.ID]) (*one[noteBody], error) {
			return s.addNote(ctx, actor, remark.Filter{AdvertiserID: in.ID}, in.Body.Text)
		})
	register(s, op{"delete-note", http.MethodDelete, "/notes/{id}", "Delete a note", tagAffiliates, 204, nil}, s.deleteNote)
}

type notesOf[ID ~int64] struct {
	ID ID `path:"id" doc:"Id of the party"`
	Paging
}

type noteText struct {
	Text string `json:"text" maxLength:"8000" doc:"May have several lines; no party ever sees it"`
}

type noteCreate[ID ~int64] struct {
	ID   ID `path:"id" doc:"Id of the party"`
	Body noteText
}

// noteBody is an operator's note about a party.
type noteBody struct {
	ID        remark.ID `json:"id" example:"17" doc:"Id of the note"`
	UserID    *int64    `json:"user_id" nullable:"true" doc:"Who wrote it"`
	UserEmail string    `json:"user_email" example:"ops@network.example" doc:"E-mail address of that user; empty for one who is gone"`
	Text      string    `json:"text" example:"Pays late, but pays." doc:"The note"`
	CreatedAt time.Time `json:"created_at" doc:"When it was written"`
}

func newNoteBody(n remark.Note) noteBody {
	return noteBody{ID: n.ID, UserID: optionalID(n.UserID), UserEmail: n.UserEmail, Text: n.Text, CreatedAt: moment(n.CreatedAt)}
}

func (s *service) listNotes(ctx context.Context, actor account.Actor, f remark.Filter, p Paging) (*list[noteBody], error) {
	found, err := s.Notes.List(ctx, actor, f, p.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newNoteBody), nil
}

func (s *service) addNote(ctx context.Context, actor account.Actor, f remark.Filter, text string) (*one[noteBody], error) {
	n, err := s.Notes.Add(ctx, actor, f, text)
	if err != nil {
		return nil, err
	}
	return &one[noteBody]{newNoteBody(n)}, nil
}

type noteID struct {
	ID remark.ID `path:"id" doc:"Id of the note"`
}

func (s *service) deleteNote(ctx context.Context, actor account.Actor, in *noteID) (*noBody, error) {
	return nil, s.Notes.Delete(ctx, actor, in.ID)
}
