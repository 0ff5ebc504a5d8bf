package postback

import (
	"context"
	"fmt"
	"slices"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

// PreviewInput is a postback that need not be saved, and whose values fill it. Without a conversion or a click they are
// invented.
type PreviewInput struct {
	URL          string
	Method       string
	AffiliateID  affiliate.ID // of operators; a party's own is implied. 0 = whose the conversion or click is
	OfferID      offer.ID
	GoalID       offer.GoalID
	Statuses     []conversion.Status // an invented conversion has the first
	ConversionID conversion.ID
	ClickID      click.ID
}

// postback is what was asked about, normalised.
func (in PreviewInput) postback(actor account.Actor) Postback {
	p := Postback{AffiliateID: in.AffiliateID, OfferID: in.OfferID, GoalID: in.GoalID, URL: in.URL, Method: in.Method, Statuses: in.Statuses}
	if own, ok := actor.Scope().Affiliate(); ok {
		p.AffiliateID = affiliate.ID(own)
	}
	p.Normalise()
	return p
}

// Preview is what would be sent.
type Preview struct {
	Method   string
	URL      string        // the pieces' values together
	Pieces   []click.Piece // of the URL, in its order
	Body     string        // of a POST
	Findings []click.Finding
	Fault    *errs.Error // why the URL cannot be saved; nil if it can
	Invented bool        // the values are nobody's
}

// Preview fills a URL as it stands, faults and all, so that it can be shown while it is being written. Nothing is stored
// or sent. Errors: unknown_conversion, unknown_click, invalid_method, invalid_status.
func (s *Service) Preview(ctx context.Context, actor account.Actor, in PreviewInput) (Preview, error) {
	if err := actor.Require(account.PermissionWritePostbacks); err != nil {
		return Preview{}, err
	}
	if err := actor.Scope().Check(); err != nil {
		return Preview{}, err
	}
	p := in.postback(actor)
	switch {
	case p.Method != MethodGET && p.Method != MethodPOST:
		return Preview{}, errs.Invalid("invalid_method", "method is GET or POST, not %q", p.Method).At("body.method")
	case !slices.Contains(allStatuses, p.Statuses[0]):
		return Preview{}, errs.Invalid("invalid_status", "statuses are among pending, hold, approved, rejected and trash; %q is none", p.Statuses[0]).At("body.statuses")
	}
	c, err := s.testChange(ctx, actor, p, TestInput{ConversionID: in.ConversionID, ClickID: in.ClickID})
	if err != nil {
		return Preview{}, err
	}
	id, err := domain.NewUUID(s.Clock(), s.Random)
	if err != nil {
		return Preview{}, err
	}
	values, err := NewValues(&c, s.Signer, DeliveryID{id}, s.Random)
	if err != nil {
		return Preview{}, fmt.Errorf("preview a postback: %w", err)
	}
	preview := Preview{Method: p.Method, Pieces: click.PostbackMacros.Parse(p.URL).Pieces(values.Value), Invented: in.ConversionID.IsZero() && in.ClickID.IsZero()}
	for _, piece := range preview.Pieces {
		preview.URL += piece.Value
	}
	report, err := click.LintPostbackURL(p.URL)
	if fault, ours := errs.As(err); ours {
		preview.Fault = fault
	} else if err != nil {
		return Preview{}, err
	}
	preview.Findings = report.Findings
	if p.Method == MethodPOST {
		preview.Findings = slices.DeleteFunc(preview.Findings, func(f click.Finding) bool { return f.Code == "no_click_id_macro" }) // the body holds it
		if preview.Body, err = values.body(); err != nil {
			return Preview{}, err
		}
	}
	return preview, nil
}
