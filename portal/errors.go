package portal

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/ui"
	"github.com/waypost/waypost/web"
)

// fail answers an error within the portal's frame: a page, or the text alone for a part. What is our fault is logged,
// once, here.
func (p *Portal) fail(f *Frame, err error) error {
	problem := p.problem(f.Context(), f.Echo, err)
	if f.Echo.Response().Committed {
		return nil
	}
	if f.Part() {
		return f.RenderPart(problem.Status, errorPart(f.fault(problem)))
	}
	shown := f.fault(problem)
	if err := f.Render(problem.Status, shown.title, "", errorPage(f.Base, shown)); err != nil {
		p.plainError(f.Echo, err) // the frame itself could not be read
	}
	return nil
}

// plainError answers an error with a page outside the frame.
func (p *Portal) plainError(c echo.Context, err error) {
	if c.Response().Committed {
		return
	}
	f := p.newFrame(c)
	problem := p.problem(f.Context(), c, err)
	if settings, err := p.Network.Public(f.Context()); err == nil {
		f.Settings = settings
	}
	shown := f.fault(problem)
	if err := f.Plain(problem.Status, shown.title, errorPage("/", shown)); err != nil {
		p.Log.ErrorContext(f.Context(), "render error page", "error", err)
		_ = c.String(problem.Status, shown.text)
	}
}

func (p *Portal) problem(ctx context.Context, c echo.Context, err error) web.Problem {
	problem := web.ProblemOf(ctx, err)
	web.LogInternal(ctx, p.Log, problem, err)
	web.SetProblemHeaders(c.Response().Header(), problem)
	c.Response().Header().Del("WWW-Authenticate") // of the API
	return problem
}

// fault is an error as a page shows it.
type fault struct {
	title, text, requestID string
	status                 int
}

func (f *Frame) fault(p web.Problem) fault {
	shown := fault{title: p.Title, text: sentence(p.Detail), status: p.Status}
	if p.Status >= http.StatusInternalServerError {
		shown.requestID = web.RequestID(f.Context())
	}
	switch p.Status {
	case http.StatusNotFound:
		shown.title, shown.text = "Page not found", "There is nothing at this address, or it is not yours to see. Check the link, or start again from your portal."
	case http.StatusForbidden:
		shown.title = "This is not allowed"
	case http.StatusInternalServerError:
		shown.title, shown.text = "Something went wrong", "It was our fault and has been noted. Try again; if it stays, tell us the request id below."
	case http.StatusServiceUnavailable:
		shown.title = "Not available right now"
	case http.StatusTooManyRequests:
		shown.title = "Too many attempts"
	case http.StatusMethodNotAllowed:
		shown.title, shown.text = "This page cannot do that", "Go back and try again from the page you came from."
	case http.StatusRequestEntityTooLarge:
		shown.title = "Too much at once"
	}
	return shown
}

// sentence makes a whole sentence of an error's message.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[size:]
	if !strings.ContainsAny(s[len(s)-1:], ".!?…") {
		s += "."
	}
	return s
}

// Faults is what is wrong with a form: a sentence by the name of its field; "" is for the form as a whole.
type Faults map[string]string

// FaultsOf makes the faults of an error that the user can mend in the form, to be rendered with 422. Any other error is
// none (false): return it from the handler. A field is named as in the form: "body.goals[0].alias" is "goals[0].alias".
func FaultsOf(err error) (Faults, bool) {
	e, ok := errs.As(err)
	if !ok || e.Code == "view_only" {
		return nil, false
	}
	switch e.Kind {
	case errs.KindInvalid, errs.KindConflict, errs.KindLimited, errs.KindUnauthenticated:
	default:
		return nil, false
	}
	faults := Faults{}
	for _, field := range e.Fields {
		name := strings.TrimPrefix(strings.TrimPrefix(field.Location, "body."), "query.")
		if faults[name] == "" {
			faults[name] = sentence(field.Message)
		}
	}
	if len(faults) == 0 {
		faults[""] = sentence(e.Message)
	}
	return faults, true
}

// Rename gives a fault the name that its field has in the form, where that is another than the domain's.
func (x Faults) Rename(domain, form string) Faults {
	if text, ok := x[domain]; ok {
		delete(x, domain)
		x[form] = text
	}
	return x
}

// Summary is what stands above the form: the errors of its fields, and the faults that belong to none of them, for
// nothing may go unsaid. The fields carry their own: Error: faults["name"].
func (x Faults) Summary(fields ...ui.Field) []ui.Problem {
	all := ui.Problems(fields...)
	for _, name := range slices.Sorted(maps.Keys(x)) {
		if !slices.ContainsFunc(fields, func(f ui.Field) bool { return f.Name == name }) {
			all = append(all, ui.Problem{Label: fieldWords(name), Text: x[name]})
		}
	}
	return all
}

// fieldWords is what a field that the page does not show is called: "hold days" of "goals[0].hold_days".
func fieldWords(name string) string {
	name = name[strings.LastIndexByte(name, '.')+1:]
	name, _, _ = strings.Cut(name, "[")
	return strings.TrimSuffix(sentence(strings.ReplaceAll(name, "_", " ")), ".")
}
