package api

import (
	"context"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/postback"
)

type postbackTest struct {
	ID   postback.ID `path:"id" doc:"Id of the postback"`
	Body *struct {
		ConversionID string `json:"conversion_id,omitempty" maxLength:"64" doc:"Sends the values of this conversion of the affiliate; invented ones if left out"`
		ClickID      string `json:"click_id,omitempty" maxLength:"64" doc:"Sends the values of this click of the affiliate, with an invented conversion"`
		URL          string `json:"url,omitempty" maxLength:"8192" doc:"Instead of the postback's, to try it before it is saved"`
		Method       string `json:"method,omitempty" enum:"GET,POST" doc:"Likewise"`
	}
}

// testResultBody is what one call brought back.
type testResultBody struct {
	URL          string  `json:"url" doc:"Macros filled, secrets masked"`
	Method       string  `json:"method" enum:"GET,POST" doc:"How it was sent"`
	StatusCode   *int    `json:"status_code" nullable:"true" doc:"null where no answer came"`
	DurationMS   int64   `json:"duration_ms" doc:"How long it took, in milliseconds"`
	Error        *string `json:"error" nullable:"true" doc:"What went wrong, for people; null where nothing did" example:"the receiver did not answer within 15 s"`
	ErrorCode    *string `json:"error_code" nullable:"true" doc:"The same for machines" example:"timeout"`
	ResponseBody string  `json:"response_body" doc:"Its beginning"`
}

func (s *service) testPostback(ctx context.Context, actor account.Actor, in *postbackTest) (*one[testResultBody], error) {
	var test postback.TestInput
	if b := in.Body; b != nil {
		test.URL, test.Method = b.URL, b.Method
		var err error
		if test.ClickID, test.ConversionID, err = s.deliveryOrigin(b.ClickID, b.ConversionID, "body."); err != nil {
			return nil, err
		}
	}
	sample, err := s.Postbacks.SendTest(ctx, actor, in.ID, test)
	if err != nil {
		return nil, err
	}
	b := testResultBody{URL: sample.URL, Method: sample.Method, DurationMS: sample.Duration.Milliseconds(),
		Error: optionalText(sample.Error.Sentence("", sample.StatusCode)), ErrorCode: optionalText(sample.Error), ResponseBody: sample.ResponseBody}
	if sample.StatusCode != 0 {
		b.StatusCode = &sample.StatusCode
	}
	return &one[testResultBody]{b}, nil
}

type postbackBackfill struct {
	ID   postback.ID `path:"id" doc:"Id of the postback"`
	Body struct {
		From   string `json:"from" minLength:"1" maxLength:"40" doc:"Conversions made at this time or later: RFC 3339, or a date in UTC" example:"2026-03-01"`
		To     string `json:"to" minLength:"1" maxLength:"40" doc:"Conversions made before this time: RFC 3339, or a date in UTC, which is included" example:"2026-03-04"`
		DryRun bool   `json:"dry_run,omitempty" doc:"Only count"`
	}
}

func (s *service) backfillPostback(ctx context.Context, actor account.Actor, in *postbackBackfill) (*one[countBody], error) {
	from, err := instant(in.Body.From, 0, "body.from")
	if err != nil {
		return nil, err
	}
	to, err := instant(in.Body.To, 1, "body.to")
	if err != nil {
		return nil, err
	}
	if from.IsZero() || to.IsZero() {
		return nil, errs.Invalid("invalid_time", "name from and to").At("body.from")
	}
	count, err := s.Postbacks.Backfill(ctx, actor, in.ID, from, to, in.Body.DryRun)
	if err != nil {
		return nil, err
	}
	return &one[countBody]{countBody{count}}, nil
}
