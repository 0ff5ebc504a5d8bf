package postback_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/postback"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.stored(time.Hour)
	theirs := w.stored(time.Hour, func(c *conversion.Conversion) { c.AffiliateID = 2 })
	url := "https://t.example/?c={aff_click_id}&t={txid}&x={nope}&s={status}"

	got, err := w.service.Preview(w.ctx, affiliateUser(1), postback.PreviewInput{URL: url, ConversionID: mine.Conversion.ID})
	if want := "https://t.example/?c=theirs&t=" + mine.Conversion.TxID + "&x={nope}&s=approved"; err != nil || got.URL != want || got.Fault != nil || got.Invented || got.Body != "" {
		t.Errorf("%+v, %v, want %s", got, err, want)
	}
	if !slices.Contains(got.Pieces, click.Piece{Kind: click.PieceMacro, Text: "{aff_click_id}", Name: "aff_click_id", Value: "theirs"}) ||
		!slices.Contains(got.Pieces, click.Piece{Kind: click.PieceUnknown, Text: "{nope}", Name: "nope", Value: "{nope}"}) {
		t.Errorf("pieces %+v", got.Pieces)
	}
	if len(got.Findings) != 1 || got.Findings[0].Code != "unknown_macro" {
		t.Errorf("findings %+v", got.Findings)
	}
	got, err = w.service.Preview(w.ctx, affiliateUser(1), postback.PreviewInput{URL: "https://t.example/?s={status}", Method: "post", Statuses: []conversion.Status{"rejected"}, ClickID: mine.Click.ID})
	if err != nil || got.Method != "POST" || got.URL != "https://t.example/?s=rejected" || !strings.Contains(got.Body, `"aff_click_id":"theirs"`) || len(got.Findings) != 0 {
		t.Errorf("POST with a click: %+v, %v", got, err)
	}
	// A URL that is being written cannot be saved yet, and is shown all the same.
	got, err = w.service.Preview(w.ctx, affiliateUser(1), postback.PreviewInput{URL: "htt{payout}"})
	if err != nil || got.Fault == nil || got.Fault.Code != "invalid_url" || got.URL != "htt1.00" || !got.Invented {
		t.Errorf("half a URL: %+v, %v", got, err)
	}
	if got, err := w.service.Preview(w.ctx, operator, postback.PreviewInput{URL: url, ConversionID: theirs.Conversion.ID}); err != nil || !strings.Contains(got.URL, theirs.Conversion.TxID) {
		t.Errorf("an operator: %+v, %v", got, err)
	}
	for name, in := range map[string]postback.PreviewInput{
		"unknown_conversion": {URL: url, ConversionID: theirs.Conversion.ID, AffiliateID: 2},
		"unknown_click":      {URL: url, ClickID: theirs.Click.ID},
		"invalid_method":     {URL: url, Method: "PUT"},
		"invalid_status":     {URL: url, Statuses: []conversion.Status{"sold"}},
	} {
		if got, err := w.service.Preview(w.ctx, affiliateUser(1), in); !errs.HasCode(err, name) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := w.service.Preview(w.ctx, advertiserUser(1), postback.PreviewInput{URL: url}); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("an advertiser: %v", err)
	}
	if len(w.audited.actions()) != 0 || w.count(`SELECT count(*) FROM deliveries`) != 0 {
		t.Error("a preview left something behind")
	}
}
