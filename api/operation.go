package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/web"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 256 << 10

const bearer = "bearer"

// op is one route: what the table of a resource says about it.
type op struct {
	id      string // of the operation, in kebab case
	method  string
	path    string // below Base
	summary string
	tag     string
	status  int   // of a success; 0 = 200
	errors  []int // besides those that every route of its kind has
}

// largeBodies are the bounds of the few routes that take more than maxBody.
var largeBodies = map[string]int64{"import-conversions": MaxImport, "set-network-logo": 512 << 10}

func (o op) maxBody() int64 { return cmp.Or(largeBodies[o.id], maxBody) }

// noBody is the output of a route that answers with a status alone.
type noBody struct{}

// register adds a route that needs a logged-in actor. The handler gets the actor as a value, so that no route can
// forget who asks; errors of the domain become problems.
func register[I, O any](s *service, o op, handler func(context.Context, account.Actor, *I) (*O, error)) {
	operation := s.operation(o, http.StatusUnauthorized, http.StatusForbidden)
	operation.Security = []map[string][]string{{bearer: {}}}
	operation.Middlewares = append(operation.Middlewares, s.authenticate)
	if o.keyed() {
		operation.Middlewares = append(operation.Middlewares, s.idempotent)
		operation.Errors = append(operation.Errors, http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge)
		documentKey(o, &operation)
	}
	blank, isTable := any(new(O)).(table)
	if isTable {
		documentCSV(&operation, blank)
	}
	if _, isFile := any(new(O)).(*huma.StreamResponse); isFile {
		documentFile(&operation)
	}
	huma.Register(s.api, operation, func(ctx context.Context, in *I) (*O, error) {
		caller, _ := ctx.Value(callerKey{}).(caller)
		call := func() (*O, error) {
			out, err := handler(ctx, caller.actor, in)
			return out, s.problem(ctx, err)
		}
		if isTable {
			return answerTable(ctx, s, caller, o, in, call)
		}
		return call()
	})
}

// registerPublic adds a route for everybody. The handler gets the caller's address.
func registerPublic[I, O any](s *service, o op, handler func(context.Context, string, *I) (*O, error)) {
	huma.Register(s.api, s.operation(o), func(ctx context.Context, in *I) (*O, error) {
		caller, _ := ctx.Value(callerKey{}).(caller)
		out, err := handler(ctx, caller.ip, in)
		return out, s.problem(ctx, err)
	})
}

func (s *service) operation(o op, errorStatuses ...int) huma.Operation {
	statuses := append(errorStatuses, o.errors...)
	if strings.Contains(o.path, "{") {
		statuses = append(statuses, http.StatusNotFound)
	}
	if o.method == http.MethodPost || o.method == http.MethodPatch || o.method == http.MethodPut {
		statuses = append(statuses, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	statuses = append(statuses, http.StatusUnprocessableEntity, http.StatusServiceUnavailable)
	return huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Tags: []string{o.tag},
		DefaultStatus: o.status, Errors: statuses, MaxBodyBytes: o.maxBody(),
		Middlewares: huma.Middlewares{s.prepare},
	}
}

// caller is who sent a request, as far as a route needs it.
type caller struct {
	ip     string
	actor  account.Actor
	family domain.UUID

	// For what may be answered as a CSV file.
	accept, format string
	response       http.ResponseWriter
}

type callerKey struct{}

// prepare runs before everything else: answers are not cached, and a text that no database can hold goes no further.
func (s *service) prepare(ctx huma.Context, next func(huma.Context)) {
	ctx.SetHeader("Cache-Control", "no-store")
	u := ctx.URL()
	for name, values := range u.Query() {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				err := errs.Invalid("invalid_text", "must be valid UTF-8 without NUL characters")
				s.refuse(ctx, err.At("query."+strings.ToValidUTF8(name, "?")))
				return
			}
		}
	}
	next(huma.WithValue(ctx, callerKey{}, caller{ip: humaecho.Unwrap(ctx).RealIP(),
		accept: ctx.Header("Accept"), format: ctx.Query("format"), response: humaecho.Unwrap(ctx).Response()}))
}

// authenticate turns the bearer token, an access token or an API key, into an actor, before the input is looked at.
func (s *service) authenticate(ctx huma.Context, next func(huma.Context)) {
	c, _ := ctx.Context().Value(callerKey{}).(caller)
	lines := humaecho.Unwrap(ctx).Request().Header.Values("Authorization")
	scheme, token, _ := strings.Cut(strings.Join(lines, ", "), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		s.refuse(ctx, errs.Unauthenticated("missing_token", "send your access token or API key in the header Authorization: Bearer …"))
		return
	}
	var err error
	if account.IsKey(token) {
		c.actor, err = s.Accounts.KeyActor(ctx.Context(), token, c.ip)
	} else {
		err = s.logIn(ctx.Context(), token, &c)
	}
	if err != nil {
		s.refuse(ctx, err)
		return
	}
	next(huma.WithValue(ctx, callerKey{}, c))
}

// logIn makes the caller the user of an access token.
func (s *service) logIn(ctx context.Context, token string, c *caller) error {
	login, err := s.Tokens.Verify(token)
	if err != nil {
		return err
	}
	user, err := s.Accounts.Active(ctx, login.UserID, login.Family)
	if err != nil {
		return err
	}
	c.actor, c.family = user.Actor(c.ip), login.Family
	return nil
}

// refuse answers an error from a middleware.
func (s *service) refuse(ctx huma.Context, err error) {
	var p *problem
	if errors.As(s.problem(ctx.Context(), err), &p) {
		writeProblem(ctx, p)
	}
}

func writeProblem(ctx huma.Context, p *problem) {
	for name, values := range p.header {
		for _, v := range values {
			ctx.SetHeader(name, v)
		}
	}
	ctx.SetHeader("Content-Type", web.ProblemType)
	ctx.SetStatus(p.Status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(p)
}
