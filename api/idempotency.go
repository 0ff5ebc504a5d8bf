package api

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/web"
)

const (
	headerKey      = "Idempotency-Key"
	headerReplayed = "Idempotency-Replayed"
)

// keyed tells the writes that take an Idempotency-Key. Logging in and out is not one: it may be repeated as it is, and
// tokens are not kept.
func (o op) keyed() bool { return o.method != http.MethodGet && !strings.HasPrefix(o.path, "/auth/") }

// documentKey tells about the header that a keyed write takes and the one that marks a repeated answer.
func documentKey(o op, operation *huma.Operation) {
	shortest, longest := 1, 255
	operation.Parameters = append(operation.Parameters, &huma.Param{
		Name: headerKey, In: "header", Example: "8e03978e-40d5-43dd-bc93-6894a57f9324",
		Description: "Makes the write safe to repeat: for 24 hours the same request with the same key gets the first answer " +
			"again and changes nothing. Take a new random key for each new write.",
		Schema: &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest, Pattern: "^[ -~]+$"},
	})
	status := cmp.Or(o.status, http.StatusOK)
	operation.Responses = map[string]*huma.Response{strconv.Itoa(status): {
		Description: http.StatusText(status),
		Headers: map[string]*huma.Header{headerReplayed: {
			Description: "true where this is the answer to an earlier request with the same Idempotency-Key",
			Schema:      &huma.Schema{Type: huma.TypeString, Enum: []any{"true"}},
		}},
	}}
}

// idempotent runs a write that comes with an Idempotency-Key once and gives its repeats the first answer.
func (s *service) idempotent(ctx huma.Context, next func(huma.Context)) {
	r := humaecho.Unwrap(ctx).Request()
	lines := r.Header.Values(headerKey)
	if len(lines) == 0 {
		next(ctx)
		return
	}
	key, err := account.ParseIdempotencyKey(strings.Join(lines, ", ")) // several lines are one value (RFC 9110, 5.3)
	if err != nil {
		p := web.ProblemOf(r.Context(), err)
		p.Status, p.Title = http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
		writeProblem(ctx, newProblem(p))
		return
	}
	most := ctx.Operation().MaxBodyBytes
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	switch {
	case int64(len(body)) > most:
		s.refuse(ctx, &http.MaxBytesError{Limit: most})
		return
	case err != nil:
		writeProblem(ctx, newProblem(web.ProblemOfStatus(http.StatusBadRequest, "the body could not be read to its end")))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body)) // the server closes its own
	c, _ := ctx.Context().Value(callerKey{}).(caller)
	claim, answer, err := s.Accounts.BeginWrite(ctx.Context(), account.Write{UserID: c.actor.UserID, Key: key,
		Request: account.RequestHash(c.actor, r.Method, r.URL.EscapedPath(), r.URL.RawQuery, body)})
	switch {
	case err != nil:
		s.refuse(ctx, err)
	case answer != nil:
		ctx.SetHeader(headerReplayed, "true")
		write(ctx, *answer)
	default:
		write(ctx, s.once(ctx, next, claim))
	}
}

// once runs a claimed write and keeps its answer before the client gets it, so that a repeat after the answer finds
// it. A client that hangs up does not break the write off: nobody could tell how far it came.
func (s *service) once(ctx huma.Context, next func(huma.Context), claim account.Claim) (answer account.Answer) {
	whole := context.WithoutCancel(ctx.Context())
	limited, cancel := context.WithTimeout(whole, account.WriteTimeout)
	defer cancel()
	defer func() { // after a panic too, with no answer
		ending, cancel := context.WithTimeout(whole, 5*time.Second)
		defer cancel()
		if err := s.Accounts.EndWrite(ending, claim, answer); err != nil {
			s.Log.ErrorContext(ctx.Context(), "the answer of a write is not kept: a repeat would run it again",
				"error", err.Error(), "request_id", web.RequestID(ctx.Context()))
		}
	}()
	held := &heldAnswer{request: huma.WithContext(ctx, limited)}
	next(held)
	return account.Answer{Status: held.status, ContentType: humaecho.Unwrap(ctx).Response().Header().Get("Content-Type"), Body: held.body.Bytes()}
}

// request is a huma.Context under a name that leaves its method Context free.
type request huma.Context

// heldAnswer is a request whose answer is collected, not sent. Its headers go through: they are sent with the status.
type heldAnswer struct {
	request
	status int
	body   bytes.Buffer
}

// Unwrap leads humaecho to the request.
func (h *heldAnswer) Unwrap() huma.Context { return h.request }

// SetStatus implements huma.Context.
func (h *heldAnswer) SetStatus(status int) { h.status = status }

// Status implements huma.Context.
func (h *heldAnswer) Status() int { return h.status }

// BodyWriter implements huma.Context.
func (h *heldAnswer) BodyWriter() io.Writer { return &h.body }

// write sends an answer.
func write(ctx huma.Context, a account.Answer) {
	if a.ContentType != "" {
		ctx.SetHeader("Content-Type", a.ContentType)
	}
	ctx.SetStatus(a.Status)
	if len(a.Body) > 0 {
		_, _ = ctx.BodyWriter().Write(a.Body)
	}
}
