package tracking

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/web"
)

const (
	maxBody = 64 << 10

	maxBodyStart = 2 << 10         // kept of a body that is too large
	clickWithin  = 2 * time.Second // how long an answer waits for the click's row (contract section 3)
	clickPoll    = 50 * time.Millisecond
)

// postback answers GET and POST /postback as JSON.
func (t *Tracking) postback(c echo.Context) error {
	result, err := t.call(c)
	if err != nil {
		return err
	}
	return c.JSON(result.HTTPStatus, result.Answer())
}

// call makes the request durable, decides it together with those that arrived meanwhile, and sets the headers that all
// answers have.
func (t *Tracking) call(c echo.Context) (conversion.Result, error) {
	call, err := t.readCall(c)
	if err != nil {
		return conversion.Result{}, err
	}
	c.Response().Header().Set(web.HeaderRequestID, call.ID.String()) // its line of the incoming log
	var result conversion.Result
	wait := t.limited(call)
	if wait > 0 {
		call.Limited = true
		t.storeCall(call) // the spool's loader gives it its line in the log
		result = conversion.Limited()
	} else {
		result = t.decide(c.Request().Context(), call)
		if conversion.Unauthenticated(result.Code) {
			t.refusals.count(call.IP)
		}
	}
	if result.HTTPStatus == 0 { // a refusal that nobody gave a status
		result.HTTPStatus = http.StatusBadRequest
	}
	t.count(result)
	if result.HTTPStatus == http.StatusServiceUnavailable {
		wait = 5 * time.Second
	}
	if wait > 0 {
		c.Response().Header().Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return result, nil
}

// statusUnavailable counts the answers 503.
const statusUnavailable = "unavailable"

func (t *Tracking) count(result conversion.Result) {
	label := string(result.Status)
	switch result.HTTPStatus {
	case http.StatusServiceUnavailable:
		label = statusUnavailable
	case http.StatusTooManyRequests:
		label = result.Code
	}
	t.metrics.postbacks.WithLabelValues(label).Inc()
	if result.Status == conversion.OutcomeRefused {
		t.metrics.refusals.WithLabelValues(result.Code).Inc()
	}
}

// limited is for how long a call is refused because its address is blocked; 0 = it is to be decided. A token that some
// advertiser has is proof enough that the call is none of those that led to the block; a signature, and a call without
// either where some advertiser asks for neither, may be good.
func (t *Tracking) limited(call conversion.Call) time.Duration {
	wait := t.refusals.wait(call.IP)
	if wait == 0 || call.Signature != "" || strings.Contains(call.RawQuery, "&sig=") {
		return 0
	}
	routing := t.Routing.Current()
	sent, _ := conversion.ParseSent(call)
	if routing == nil || routing.Sender(sent.Token) != nil || sent.Token == "" && routing.AnyOpen() {
		return 0
	}
	return wait
}

// readCall takes the request as it came. Of a body that is too large only the beginning is kept, which is refused as
// invalid_body like any other that cannot be read, and logged.
func (t *Tracking) readCall(c echo.Context) (conversion.Call, error) {
	r := c.Request()
	id, err := domain.NewUUID(t.Clock(), t.Random)
	if err != nil {
		return conversion.Call{}, err
	}
	call := conversion.Call{
		ID: conversion.LogID{UUID: id}, ReceivedAt: id.Time(), Method: r.Method, Path: r.URL.Path, RawQuery: r.URL.RawQuery,
		ContentType: first(r.Header, "Content-Type"), IP: c.RealIP(), Signature: first(r.Header, "Waypost-Signature"),
	}
	call.Body, err = io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		return conversion.Call{}, echo.NewHTTPError(http.StatusBadRequest, "the body ended before it was complete")
	}
	others := len(call.RawQuery) + len(call.ContentType) + len(call.Signature) + len(call.Path) + 256
	if err != nil || len(call.Body)+others > spool.MaxPayload {
		begin := call.Body[:min(len(call.Body), maxBodyStart)]
		call.Body, call.ContentType = append([]byte("(a body that is too large; it begins:) "), begin...), "application/octet-stream"
	}
	if call.Pixel() {
		call.Cookie = t.cookieClick(r, call)
	}
	if routing := t.Routing.Current(); routing.AnyAlwaysOK() {
		sent, _ := conversion.ParseSent(call)
		sender := routing.Sender(sent.Token)
		call.AlwaysOK = sender != nil && sender.AlwaysOK
	}
	return call, nil
}

// decide gives the answer to a call. Whatever it answers with a 2xx is durable: in the database, or in the spool, whose
// loader decides it later.
func (t *Tracking) decide(ctx context.Context, call conversion.Call) conversion.Result {
	t.InFlight.Begin(call.ID)
	stored := t.storeCall(call)
	result := t.record(ctx, call)
	switch {
	case result.Err == nil && stored:
		t.InFlight.Settle(call.ID)
		return result
	case result.Err == nil:
		t.InFlight.Leave(call.ID)
		return result
	}
	t.InFlight.Leave(call.ID)
	if !errs.Is(result.Err, errs.KindUnavailable) {
		t.Log.ErrorContext(ctx, "postback: not decided", "log_id", call.ID.String(), "stored", stored, "error", result.Err)
	}
	if !stored {
		return conversion.Result{Status: conversion.OutcomeRefused, Code: "unavailable", HTTPStatus: http.StatusServiceUnavailable,
			Message: "this call could be stored nowhere; send it again later"}
	}
	return t.judgeUnrecorded(call)
}

// storeCall is whether the call is durable in the spool.
func (t *Tracking) storeCall(call conversion.Call) bool {
	buf := payloads.Get().(*[]byte)
	*buf = call.AppendRecord((*buf)[:0])
	err := t.keep(spool.Record{Kind: conversion.RecordKind, ID: call.ID.UUID, Payload: *buf})
	payloads.Put(buf)
	return err == nil
}

// record decides the call, waiting for its click if that was made a moment ago.
func (t *Tracking) record(ctx context.Context, call conversion.Call) conversion.Result {
	result := t.collector.do(ctx, call)
	if !result.ClickPending {
		return result
	}
	wait, cancel := context.WithTimeout(context.Background(), clickWithin)
	defer cancel()
	for result.ClickPending && wait.Err() == nil {
		_ = t.Flush(wait) // where it fails, the next look shows why
		if result = t.collector.do(ctx, call); result.ClickPending {
			select {
			case <-wait.Done():
			case <-time.After(clickPoll):
			}
		}
	}
	if result.ClickPending {
		call.LogPending = true
		result = t.collector.do(ctx, call)
	}
	return result
}
