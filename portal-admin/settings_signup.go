package portaladmin

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// blankQuestions are offered below the ones that a form has.
const blankQuestions = 2

// signUpForm is one of the two sign-up forms with its questions.
type signUpForm struct {
	title, text, address string
	open                 string // name of the switch
	on                   bool
	name                 string // that its fields begin with
	questions            []network.Question
}

type signUpView struct {
	head         ui.Head
	tabs         []ui.Tab
	action, csrf string
	forms        []signUpForm
	faults       portal.Faults
	seen         time.Time // the settings' last change when the form was drawn
}

func (a *admin) signUpSettings(f *portal.Frame) error {
	return a.showSignUp(f, http.StatusOK, f.Settings, nil)
}

func (a *admin) showSignUp(f *portal.Frame, status int, s network.Settings, x portal.Faults) error {
	if err := f.Actor.Require(account.PermissionManageNetwork); err != nil {
		return err
	}
	v := signUpView{head: ui.Head{Title: "Sign-up", Lead: "Who may apply by themselves, and what the form asks besides name and e-mail address."}, tabs: settingsTabs(f, "sign-up"), action: f.Path("/settings/sign-up"), csrf: f.CSRF, faults: x, seen: s.UpdatedAt}
	v.forms = []signUpForm{
		{"Affiliates", "Applications wait for you under Applications.", a.PublicURL + "/sign-up/affiliate", "affiliate_sign_up", s.AffiliateSignUp, "affiliate_questions", s.AffiliateQuestions},
		{"Advertisers", "Applications wait for you under Applications.", a.PublicURL + "/sign-up/advertiser", "advertiser_sign_up", s.AdvertiserSignUp, "advertiser_questions", s.AdvertiserQuestions},
	}
	return f.Render(status, "Sign-up settings", "/settings", signUpSettingsPage(v))
}

// questionFields are the fields of the i-th question.
func (v signUpView) questionFields(form signUpForm, i int) map[string]ui.Field {
	var q network.Question
	if i < len(form.questions) {
		q = form.questions[i]
	}
	base := fmt.Sprintf("%s[%d].", form.name, i)
	kinds := []ui.Option{{Value: "text", Label: "One line"}, {Value: "textarea", Label: "Several lines"}, {Value: "select", Label: "Choice of a list"}, {Value: "checkbox", Label: "Yes or no"}, {Value: "url", Label: "Web address"}}
	return map[string]ui.Field{
		"id":       {Name: base + "id", Value: q.ID},
		"label":    {Name: base + "label", Label: "Question", Value: q.Label, Error: strings.TrimSpace(v.faults[base+"label"] + " " + v.faults[base+"id"]), MaxLength: 300, Autocomplete: "off", Optional: true},
		"kind":     {Name: base + "kind", Label: "Answer", Value: string(q.Kind), Error: v.faults[base+"kind"], Options: kinds},
		"options":  {Name: base + "options", Label: "Choices", Value: strings.Join(q.Options, "\n"), Error: v.faults[base+"options"], Rows: 2, Optional: true, Hint: "For a list: one a line."},
		"required": {Name: base + "required", Label: "Must be answered", Value: "1"},
	}
}

func (form signUpForm) required(i int) bool {
	return i < len(form.questions) && form.questions[i].Required
}

func (form signUpForm) rows() int { return len(form.questions) + blankQuestions }

// number names a question's part of the form.
func (form signUpForm) number(i int) string {
	if i < len(form.questions) {
		return fmt.Sprintf("Question %d", i+1)
	}
	return "New question"
}

func (v signUpView) all() []ui.Field {
	var all []ui.Field
	for _, form := range v.forms {
		for i := range form.rows() {
			fields := v.questionFields(form, i)
			all = append(all, fields["label"], fields["kind"], fields["options"])
		}
	}
	return all
}

// readQuestions reads the questions of a form; those without a text are left out, and so taken away.
func readQuestions(sent url.Values, name string) []network.Question {
	var all []network.Question
	taken := map[string]bool{}
	for i := 0; ; i++ {
		base := fmt.Sprintf("%s[%d].", name, i)
		if !sent.Has(base + "label") {
			return all
		}
		q := network.Question{ID: strings.TrimSpace(sent.Get(base + "id")), Label: strings.TrimSpace(sent.Get(base + "label")), Kind: network.QuestionKind(sent.Get(base + "kind")), Required: sent.Get(base+"required") != ""}
		if q.Label == "" {
			continue
		}
		if q.ID == "" {
			q.ID = questionID(q.Label, taken)
		}
		taken[q.ID] = true
		if q.Kind == network.QuestionSelect {
			for _, line := range lines(sent.Get(base + "options")) {
				if line = strings.TrimSpace(line); line != "" {
					q.Options = append(q.Options, line)
				}
			}
		}
		all = append(all, q)
	}
}

// questionID makes the name of a new question's answers from its text.
func questionID(label string, taken map[string]bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(label) {
		switch {
		case r >= 'a' && r <= 'z' || b.Len() > 0 && r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
		if b.Len() >= 30 {
			break
		}
	}
	id := strings.Trim(b.String(), "_")
	if id == "" {
		id = "question"
	}
	for free, n := id, 2; ; n++ {
		if !taken[free] {
			return free
		}
		free = fmt.Sprintf("%s_%d", id, n)
	}
}

func (a *admin) saveSignUp(f *portal.Frame) error {
	var in struct {
		Affiliates  bool `form:"affiliate_sign_up"`
		Advertisers bool `form:"advertiser_sign_up"`

		Seen time.Time `form:"seen"`
	}
	err := f.Bind(&in)
	wanted := f.Settings
	wanted.UpdatedAt = in.Seen
	if err == nil {
		sent := f.Echo.Request().PostForm
		wanted.AffiliateSignUp, wanted.AdvertiserSignUp = in.Affiliates, in.Advertisers
		wanted.AffiliateQuestions, wanted.AdvertiserQuestions = readQuestions(sent, "affiliate_questions"), readQuestions(sent, "advertiser_questions")
		_, err = a.Network.Update(f.Context(), f.Actor, func(s *network.Settings) {
			s.AffiliateSignUp, s.AdvertiserSignUp, s.AffiliateQuestions, s.AdvertiserQuestions = wanted.AffiliateSignUp, wanted.AdvertiserSignUp, wanted.AffiliateQuestions, wanted.AdvertiserQuestions
			s.UpdatedAt = seenOr(in.Seen, s.UpdatedAt)
		})
	}
	if x, ok := portal.FaultsOf(err); ok {
		return a.showSignUp(f, http.StatusUnprocessableEntity, wanted, x)
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The sign-up forms are saved.")
	return f.Redirect(f.Path("/settings/sign-up"))
}
