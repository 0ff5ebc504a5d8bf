package tracking

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/spool"
)

const (
	maxBody     = 64 << 10
	clickWithin = 2 * time.Second // how long an answer waits for the click's row (contract section 3)
	clickPoll   = 50 * time.Millisecond
)

// postback answers GET and POST /postback: make the call durable, decide it together with those that arrived meanwhile,
// answer as JSON.
func (t *Tracking) postback(c echo.Context) error {
	call, err := t.readCall(c)
	if err != nil {
		return err
	}
	result := t.decide(call)
	label := string(result.Status)
	if result.HTTPStatus == http.StatusServiceUnavailable {
		label = "unavailable"
		c.Response().Header().Set("Retry-After", "5")
	}
	t.metrics.postbacks.WithLabelValues(label).Inc()
	c.Response().Header().Set("Cache-Control", "no-store")
	if result.HTTPStatus == 0 { // a refusal that nobody gave a status
		result.HTTPStatus = http.StatusBadRequest
	}
	return c.JSON(result.HTTPStatus, result.Answer())
}

// readCall takes the request as it came. Of a body that is too large only the fact is kept, which is refused as
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
		call.Body, call.ContentType = []byte("(a body that is too large)"), "application/octet-stream"
	}
	return call, nil
}

// decide gives the answer to a call. Whatever it answers with a 2xx is durable: in the database, or in the spool, whose
// loader decides it later.
func (t *Tracking) decide(call conversion.Call) conversion.Result {
	t.InFlight.Begin(call.ID)
	stored := t.storeCall(call)
	result := t.record(call)
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
		t.Log.ErrorContext(context.Background(), "postback: not decided", "log_id", call.ID.String(), "stored", stored, "error", result.Err)
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
	ctx, cancel := context.WithTimeout(context.Background(), spoolWithin)
	defer cancel()
	err := t.Spool.Append(ctx, spool.Record{Kind: conversion.RecordKind, ID: call.ID.UUID, Payload: *buf})
	payloads.Put(buf)
	return err == nil
}

// record decides the call, waiting for its click if that was made a moment ago.
func (t *Tracking) record(call conversion.Call) conversion.Result {
	result := t.collector.do(call)
	if !result.ClickPending {
		return result
	}
	wait, cancel := context.WithTimeout(context.Background(), clickWithin)
	defer cancel()
	for result.ClickPending && wait.Err() == nil {
		_ = t.Flush(wait) // where it fails, the next look shows why
		if result = t.collector.do(call); result.ClickPending {
			select {
			case <-wait.Done():
			case <-time.After(clickPoll):
			}
		}
	}
	if result.ClickPending {
		call.LogPending = true
		result = t.collector.do(call)
	}
	return result
}
