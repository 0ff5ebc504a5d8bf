package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/errs"
)

// ProblemType is the media type of a Problem.
const ProblemType = "application/problem+json"

// Problem is an error as clients see it: RFC 9457 with a stable code and the fields at fault.
type Problem struct {
	Status int            `json:"status" doc:"HTTP status code" example:"422"`
	Title  string         `json:"title" doc:"The status in words" example:"Unprocessable Entity"`
	Detail string         `json:"detail" doc:"What went wrong and what to do about it"`
	Code   string         `json:"code" doc:"Stable word for machines" example:"too_many_decimals"`
	Errors []ProblemField `json:"errors,omitempty" doc:"The fields at fault"`
	Wait   time.Duration  `json:"-"` // before the same call may work; 0 = not known
}

// ProblemField is one field at fault.
type ProblemField struct {
	Location string `json:"location" doc:"Path of the field" example:"body.goals[0].alias"`
	Code     string `json:"code" doc:"Stable word for machines" example:"required"`
	Message  string `json:"message" doc:"What is wrong with it"`
}

// statuses is the one table from kinds of errors to HTTP. What is not in it is internal.
var statuses = map[errs.Kind]int{
	errs.KindInvalid:         http.StatusUnprocessableEntity,
	errs.KindNotFound:        http.StatusNotFound,
	errs.KindConflict:        http.StatusConflict,
	errs.KindForbidden:       http.StatusForbidden,
	errs.KindUnauthenticated: http.StatusUnauthorized,
	errs.KindLimited:         http.StatusTooManyRequests,
	errs.KindUnavailable:     http.StatusServiceUnavailable,
}

// statusCodes names the faults that HTTP itself knows, before any rule of ours was asked.
var statusCodes = map[int]string{
	http.StatusBadRequest:            "invalid_body",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusNotAcceptable:         "not_acceptable",
	http.StatusRequestTimeout:        "request_timeout",
	http.StatusRequestEntityTooLarge: "body_too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusUnprocessableEntity:   "invalid_input",
}

// statusClientGone stands in the log where the client hung up before it got an answer, as other servers have it.
const statusClientGone = 499

// ProblemOf is the problem that err becomes, under the context of the request. An internal error shows nothing of its
// text.
func ProblemOf(ctx context.Context, err error) Problem {
	if e, ok := errs.As(err); ok {
		if status, known := statuses[e.Kind]; known {
			p := Problem{Status: status, Title: http.StatusText(status), Detail: e.Message, Code: e.Code, Wait: e.Wait}
			for _, f := range e.Fields {
				p.Errors = append(p.Errors, ProblemField{Location: f.Location, Code: f.Code, Message: f.Message})
			}
			return p
		}
	}
	var tooLarge *http.MaxBytesError
	var h *echo.HTTPError
	switch {
	case errors.As(err, &tooLarge):
		return ProblemOfStatus(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body may have at most %d bytes", tooLarge.Limit))
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return Problem{Status: statusClientGone, Title: "Client Closed Request", Detail: "the request was called off before it was answered", Code: "client_gone"}
	case errors.As(err, &h) && h.Code < http.StatusInternalServerError:
		return ProblemOfStatus(h.Code, fmt.Sprint(h.Message))
	}
	return ProblemOfStatus(http.StatusInternalServerError, "")
}

// ProblemOfStatus is a fault that HTTP itself knows, such as a route that does not exist.
func ProblemOfStatus(status int, detail string) Problem {
	p := Problem{Status: status, Title: http.StatusText(status), Detail: detail, Code: statusCodes[status]}
	if status >= http.StatusInternalServerError {
		p.Code, p.Detail = "internal", "something went wrong on our side; it has been logged with this answer's X-Request-Id"
	}
	if p.Code == "" {
		p.Code = "refused"
	}
	return p
}

// LogInternal logs err, once, if it is our fault. Whoever turns an error into an answer calls it.
func LogInternal(ctx context.Context, log *slog.Logger, p Problem, err error) {
	if p.Status == http.StatusInternalServerError {
		log.ErrorContext(ctx, "internal error", "error", err.Error(), "request_id", RequestID(ctx))
	}
}

// SetProblemHeaders sets what a client should know beside the body: how to prove who it is, when to come back.
func SetProblemHeaders(h http.Header, p Problem) {
	wait := p.Wait
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="waypost"`)
	case http.StatusTooManyRequests:
		wait = cmp.Or(wait, time.Minute)
	case http.StatusServiceUnavailable:
		wait = cmp.Or(wait, 5*time.Second)
	}
	if wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	}
}

// ErrorHandler answers errors that reach echo, such as unknown routes, as problems.
func ErrorHandler(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		p := ProblemOf(c.Request().Context(), err)
		LogInternal(c.Request().Context(), log, p, err)
		SetProblemHeaders(c.Response().Header(), p)
		if c.Request().Method == http.MethodHead {
			_ = c.NoContent(p.Status)
			return
		}
		body, err := json.Marshal(p)
		if err != nil { // strings and numbers only
			body = nil
		}
		_ = c.Blob(p.Status, ProblemType, body)
	}
}

// Recover turns a panic of a handler into an internal error, whose log line carries the stack.
func Recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch r := recover(); r {
			case nil:
			case http.ErrAbortHandler: // net/http's own way to drop a connection
				panic(r)
			default:
				err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		return next(c)
	}
}
