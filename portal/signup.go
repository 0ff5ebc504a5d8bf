package portal

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/waypost/waypost/domain/application"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/ui"
)

// SignUp adds the public pages on which strangers apply to join as an affiliate or an advertiser.
func (p *Portal) SignUp(e *echo.Echo, applications *application.Service) {
	s := &signUpPages{applications}
	e.GET("/sign-up", p.Public(s.start))
	for _, kind := range []application.Kind{application.KindAffiliate, application.KindAdvertiser} {
		e.GET("/sign-up/"+string(kind), p.Public(func(f *Frame) error {
			return s.form(f, http.StatusOK, signUpView{kind: kind})
		}))
		e.POST("/sign-up/"+string(kind), p.Public(func(f *Frame) error { return s.apply(f, kind) }))
	}
	e.GET("/sign-up/sent", p.Public(func(f *Frame) error { return f.Plain(http.StatusOK, "Check your mail", signUpSent()) }))
	e.GET("/sign-up/verify", p.Public(s.askVerify))
	e.POST("/sign-up/verify", p.Public(s.verify))
}

type signUpPages struct{ applications *application.Service }

// start leads to the one form that is open, or lets the stranger choose.
func (s *signUpPages) start(f *Frame) error {
	switch n := f.Settings; {
	case n.AffiliateSignUp && !n.AdvertiserSignUp:
		return f.Redirect("/sign-up/affiliate")
	case n.AdvertiserSignUp && !n.AffiliateSignUp:
		return f.Redirect("/sign-up/advertiser")
	}
	return f.Plain(http.StatusOK, "Join", signUpStart(f))
}

// signUpInput is the form but for the network's own questions, whose names are not known here.
type signUpInput struct {
	Company string `form:"company"`
	Contact string `form:"contact"`
	Email   string `form:"email"`
	Country string `form:"country"`
	Website string `form:"website"`
	Terms   bool   `form:"accepted_terms"`
}

// signUpView is the form as it is shown.
type signUpView struct {
	kind    application.Kind
	in      signUpInput
	answers map[string]string
	faults  Faults
}

// open tells whether the network takes applications of a kind, and what it asks.
func (v signUpView) open(n network.Settings) ([]network.Question, bool) {
	if v.kind == application.KindAdvertiser {
		return n.AdvertiserQuestions, n.AdvertiserSignUp
	}
	return n.AffiliateQuestions, n.AffiliateSignUp
}

func (s *signUpPages) form(f *Frame, status int, v signUpView) error {
	questions, open := v.open(f.Settings)
	if !open {
		return f.Plain(http.StatusNotFound, "Sign-up is closed", signUpClosed(f))
	}
	return f.PlainWide(status, signUpTitle(v.kind), signUpForm(f, v, questions))
}

const answerPrefix = "answer-" // of the names of the fields of the network's questions

func (s *signUpPages) apply(f *Frame, kind application.Kind) error {
	v := signUpView{kind: kind, answers: map[string]string{}}
	err := f.Bind(&v.in)
	questions, open := v.open(f.Settings)
	if !open {
		return s.form(f, http.StatusNotFound, v)
	}
	for _, q := range questions {
		if sent := f.Echo.Request().PostForm[answerPrefix+q.ID]; len(sent) > 0 {
			v.answers[q.ID] = sent[len(sent)-1]
		}
	}
	if err == nil {
		err = s.applications.Apply(f.Context(), application.Form{Kind: kind, Company: v.in.Company, Contact: v.in.Contact, Email: v.in.Email,
			Country: v.in.Country, Website: v.in.Website, Answers: v.answers, AcceptedTerms: v.in.Terms}, f.Echo.RealIP())
	}
	if faults, ok := FaultsOf(err); ok {
		v.faults = Faults{}
		for name, text := range faults {
			if id, answer := strings.CutPrefix(name, "answers."); answer {
				name = answerPrefix + id
			}
			v.faults[name] = text
		}
		return s.form(f, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	return f.Redirect("/sign-up/sent")
}

// askVerify is where the mailed link leads. It asks for a press: programs that look at mails open links too.
func (s *signUpPages) askVerify(f *Frame) error {
	f.Echo.Response().Header().Set("Referrer-Policy", "no-referrer")
	return f.Plain(http.StatusOK, "Confirm your address", signUpVerify(f, f.Echo.QueryParam("token")))
}

func (s *signUpPages) verify(f *Frame) error {
	var in struct {
		Token string `form:"token"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	_, err := s.applications.Verify(f.Context(), in.Token, f.Echo.RealIP())
	if errs.HasCode(err, "invalid_link") {
		return f.Plain(http.StatusUnprocessableEntity, "Link not found", signUpBadLink())
	}
	if err != nil {
		return err
	}
	return f.Plain(http.StatusOK, "Thank you", signUpWaiting(f))
}

// fields are all of the form, in its order; those of the network's questions come last.
func (v signUpView) fields(questions []network.Question) []ui.Field {
	who := "The name of your company, or your own"
	fields := []ui.Field{
		{Name: "company", Label: "Company or name", Value: v.in.Company, Hint: who + ", as it shall stand on payments.", Autocomplete: "organization", MaxLength: 200, Focus: len(v.faults) == 0},
		{Name: "contact", Label: "Your name", Value: v.in.Contact, Autocomplete: "name", MaxLength: 200},
		{Name: "email", Label: "E-mail address", Type: "email", Value: v.in.Email, Hint: "We send a link there to confirm that it is yours.", Autocomplete: "email", MaxLength: 400},
		{Name: "country", Label: "Country", Value: v.in.Country, Autocomplete: "country", Options: countries},
		{Name: "website", Label: "Website", Type: "url", Value: v.in.Website, Optional: true, Placeholder: "https://", Autocomplete: "url", MaxLength: 500},
	}
	for _, q := range questions {
		fields = append(fields, questionField(q, v.answers[q.ID]))
	}
	for i := range fields {
		fields[i].Error = v.faults[fields[i].Name]
	}
	return fields
}

// questionField is a question of the network's as a field; Type "textarea" and "checkbox" are for the template.
func questionField(q network.Question, answer string) ui.Field {
	field := ui.Field{Name: answerPrefix + q.ID, Label: q.Label, Value: answer, Optional: !q.Required, MaxLength: 500}
	switch q.Kind {
	case network.QuestionTextArea:
		field.Type, field.Rows, field.MaxLength = "textarea", 4, 4000
	case network.QuestionCheckbox:
		field.Type, field.Value = "checkbox", network.Yes
	case network.QuestionURL:
		field.Type, field.Placeholder = "url", "https://"
	case network.QuestionSelect:
		field.Options = []ui.Option{{Value: "", Label: "Choose…"}}
		for _, option := range q.Options {
			field.Options = append(field.Options, ui.Option{Value: option, Label: option})
		}
	}
	return field
}

// termsField is the consent, which is never ticked beforehand.
func (v signUpView) termsField() ui.Field {
	return ui.Field{Name: "accepted_terms", Type: "checkbox", Value: "1", Label: "I accept the terms of the network", Error: v.faults["accepted_terms"]}
}

func signUpTitle(k application.Kind) string {
	if k == application.KindAdvertiser {
		return "Join as an advertiser"
	}
	return "Join as an affiliate"
}

// countries are those that an applicant chooses from, by their English names.
var countries = func() []ui.Option {
	names := display.English.Regions()
	var all []ui.Option
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			region, err := language.ParseRegion(code)
			if err == nil && region.IsCountry() && region.String() == code && region.Canonicalize() == region && !strings.HasPrefix(names.Name(region), "Unknown") {
				all = append(all, ui.Option{Value: code, Label: names.Name(region)})
			}
		}
	}
	slices.SortFunc(all, func(x, y ui.Option) int { return strings.Compare(x.Label, y.Label) })
	return append([]ui.Option{{Value: "", Label: "Choose your country…"}}, all...)
}()

// ticked tells a checkbox among the network's questions that was on.
func (v signUpView) ticked(field string) bool {
	return v.answers[strings.TrimPrefix(field, answerPrefix)] == network.Yes
}
