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

	StatusLine *string      `json:"status_line" nullable:"true" doc:"Of the answer; null where none came" example:"HTTP/1.1 200 OK"`
	Headers    []headerBody `json:"headers" doc:"Of the answer: those that help to find a fault"`
	Phases     phasesBody   `json:"phases" doc:"How long each part of the call took; 0 where it did not happen, and the one in which the call failed lasts until then"`
	Request    sentBody     `json:"request" doc:"The call as it went out"`
}

type headerBody struct {
	Name  string `json:"name" example:"Content-Type" doc:"Name of the line"`
	Value string `json:"value" example:"text/plain" doc:"Its value; at most 512 bytes"`
}

func newHeaderBodies(lines []postback.HeaderLine) []headerBody {
	out := make([]headerBody, len(lines))
	for i, l := range lines {
		out[i] = headerBody(l)
	}
	return out
}

type phasesBody struct {
	DNS     int64 `json:"dns_ms" example:"4" doc:"Look-up of the name, in milliseconds"`
	Connect int64 `json:"connect_ms" example:"21" doc:"TCP connection"`
	TLS     int64 `json:"tls_ms" example:"43" doc:"TLS handshake"`
	Wait    int64 `json:"wait_ms" example:"115" doc:"From the end of the request to the first byte of the answer"`
	Read    int64 `json:"read_ms" example:"1" doc:"Until the answer was read"`
}

type sentBody struct {
	Method  string       `json:"method" enum:"GET,POST" doc:"How it was sent"`
	URL     string       `json:"url" doc:"Macros filled, secrets masked"`
	Headers []headerBody `json:"headers" doc:"In their order; empty where no connection was made"`
	Body    string       `json:"body" example:"" doc:"Of a POST: JSON"`
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
	return &one[testResultBody]{newTestResult(sample)}, nil
}

func newTestResult(sample postback.Sample) testResultBody {
	b := testResultBody{URL: sample.URL, Method: sample.Method, DurationMS: sample.Duration.Milliseconds(),
		Error: optionalText(sample.Error.Sentence("", sample.StatusCode)), ErrorCode: optionalText(sample.Error), ResponseBody: sample.ResponseBody}
	if sample.StatusCode != 0 {
		b.StatusCode = &sample.StatusCode
	}
	d := sample.Detail
	b.StatusLine, b.Headers = optionalText(d.Status), newHeaderBodies(d.Header)
	b.Phases = phasesBody{DNS: d.Timing.DNS.Milliseconds(), Connect: d.Timing.Connect.Milliseconds(), TLS: d.Timing.TLS.Milliseconds(),
		Wait: d.Timing.Wait.Milliseconds(), Read: d.Timing.Read.Milliseconds()}
	b.Request = sentBody{Method: sample.Method, URL: sample.URL, Headers: newHeaderBodies(d.Sent), Body: sample.RequestBody}
	return b
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
