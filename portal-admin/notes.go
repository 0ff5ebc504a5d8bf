package portaladmin

import (
	"net/http"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/note"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// notesView is the tab with what operators wrote about a partner.
type notesView struct {
	Notes  []noteView
	Text   string
	Faults portal.Faults
	Action string
	CSRF   string
	May    bool
	Pager  ui.PageLinks
}

// noteView is one note. Lines keep its paragraphs.
type noteView struct {
	By, When, Exact, ISO string
	Lines                []string
	Delete               string // address; empty for who may not
}

// noteFilter names the notes of a partner.
func (p party) noteFilter() note.Filter {
	if p.kind == ofAffiliates {
		return note.Filter{AffiliateID: affiliate.ID(p.id)}
	}
	return note.Filter{AdvertiserID: advertiser.ID(p.id)}
}

func (a *admin) notes(f *portal.Frame, p party) error {
	return a.showNotes(f, p, http.StatusOK, notesView{})
}

func (a *admin) showNotes(f *portal.Frame, p party, status int, v notesView) error {
	var filter struct{ portal.Paging }
	if err := f.Query(&filter); err != nil {
		return err
	}
	list, err := a.Notes.List(f.Context(), f.Actor, p.noteFilter(), filter.Slice())
	if err != nil {
		return err
	}
	v.Action, v.CSRF, v.May = p.base(f)+"/notes", f.CSRF, may(f)
	for _, n := range list.Items {
		shown := noteView{By: n.UserEmail, When: f.Ago(n.CreatedAt), Exact: f.Exact(n.CreatedAt), ISO: iso(n.CreatedAt), Lines: lines(n.Text)}
		if shown.By == "" {
			shown.By = "Somebody who is gone"
		}
		if v.May && (n.UserID == f.Actor.UserID || f.May(account.PermissionManageUsers)) {
			shown.Delete = v.Action + "/" + fmtID(n.ID) + "/delete"
		}
		v.Notes = append(v.Notes, shown)
	}
	v.Pager = portal.Pager(v.Action, filter, filter.Paging, list, "note")
	return a.renderParty(f, status, p, "/notes", "Notes", notesTab(v))
}

func (a *admin) addNote(f *portal.Frame, p party) error {
	var in struct {
		Text string `form:"text"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	_, err := a.Notes.Add(f.Context(), f.Actor, p.noteFilter(), in.Text)
	if faults, ok := portal.FaultsOf(err); ok {
		return a.showNotes(f, p, http.StatusUnprocessableEntity, notesView{Text: in.Text, Faults: faults})
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The note is saved.")
	return f.Redirect(p.base(f) + "/notes")
}

func (a *admin) deleteNote(f *portal.Frame, p party) error {
	id, err := number[note.ID](f, "note")
	if err != nil {
		return err
	}
	if err := a.Notes.Delete(f.Context(), f.Actor, id); err != nil {
		return err
	}
	f.Flash(ui.OK, "The note is deleted. The activity keeps its text.")
	return f.Redirect(p.base(f) + "/notes")
}
