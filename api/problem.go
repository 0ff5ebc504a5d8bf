package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/web"
)

// problem is an error answer in the form that huma writes.
type problem struct {
	web.Problem
	header http.Header
}

// Error is the detail.
func (p *problem) Error() string { return p.Detail }

// GetStatus tells huma the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// GetHeaders tells huma what to set besides the body.
func (p *problem) GetHeaders() http.Header { return p.header }

// ContentType makes a JSON answer a problem document.
func (p *problem) ContentType(string) string { return web.ProblemType }

func newProblem(p web.Problem) *problem {
	header := http.Header{}
	web.SetProblemHeaders(header, p)
	return &problem{Problem: p, header: header}
}

// problem turns an error of the domain into an answer; nil stays nil. A fault of ours is logged here, once.
func (s *service) problem(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	err = passing(err)
	p := web.ProblemOf(ctx, err)
	web.LogInternal(ctx, s.Log, p, err)
	for i, f := range p.Errors {
		p.Errors[i].Location = located(f.Location)
	}
	return newProblem(p)
}

// passing makes a Conflict that is over by itself Unavailable: the same call may work in a moment, so an Idempotency-Key
// must not keep the answer.
func passing(err error) error {
	if e, ok := errs.As(err); ok && (e.Code == "concurrent_change" || e.Code == conversion.CodeMissingPartition) {
		return errs.Unavailable(e.Code, "%s", e.Message).In(time.Second).Because(err)
	}
	return err
}

// located says where a field stands: in the body, unless it says otherwise itself.
func located(field string) string {
	for _, place := range []string{"body", "query.", "path.", "header."} {
		if strings.HasPrefix(field, place) {
			return field
		}
	}
	return "body." + field
}

// fieldError is a fault that a type of ours found while huma read the input.
type fieldError struct{ web.ProblemField }

func (e *fieldError) Error() string { return e.Message }

func newFieldError(at *huma.PathBuffer, e *errs.Error) error {
	return &fieldError{web.ProblemField{Location: at.String(), Code: e.Code, Message: e.Message}}
}

// newHumaError gives huma's own refusals our form. They never carry the value that was sent: it may be a password.
func newHumaError(status int, message string, causes ...error) huma.StatusError {
	p := web.ProblemOfStatus(status, message)
	for _, cause := range causes {
		switch cause := cause.(type) {
		case nil:
		case *fieldError:
			p.Errors = append(p.Errors, cause.ProblemField)
		case *huma.ErrorDetail:
			p.Errors = append(p.Errors, humaField(cause))
		}
	}
	switch {
	case status == http.StatusBadRequest:
		p.Detail = "the body is missing or is not valid JSON"
	case status == http.StatusUnsupportedMediaType:
		p.Detail, p.Errors = "send the body as Content-Type: application/json", nil
	case status == http.StatusUnprocessableEntity && len(p.Errors) == 1:
		p.Code, p.Detail = p.Errors[0].Code, p.Errors[0].Location+": "+p.Errors[0].Message
	case status == http.StatusUnprocessableEntity:
		p.Detail = "some fields are not acceptable; each is listed with its reason"
	}
	return newProblem(p)
}

// humaField names a fault that huma's validation found.
func humaField(d *huma.ErrorDetail) web.ProblemField {
	f := web.ProblemField{Location: d.Location, Code: "invalid", Message: d.Message}
	if rest, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
		name, _, _ := strings.Cut(rest, " ")
		f.Location, f.Code, f.Message = d.Location+"."+name, "required", "is required"
	} else if d.Message == "unexpected property" {
		f.Code, f.Message = "unknown_field", "there is no such field"
	}
	return f
}
