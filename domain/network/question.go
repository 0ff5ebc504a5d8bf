package network

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
)

// QuestionKind says how a question is answered.
type QuestionKind string

// The kinds of questions.
const (
	QuestionText     QuestionKind = "text"     // one line
	QuestionTextArea QuestionKind = "textarea" // several lines
	QuestionSelect   QuestionKind = "select"   // one of Options
	QuestionCheckbox QuestionKind = "checkbox" // yes or no; required means yes
	QuestionURL      QuestionKind = "url"      // an address of the web
)

// Question is one that the network asks on a sign-up form.
type Question struct {
	ID       string       `json:"id"` // names the answer; unique on the form
	Label    string       `json:"label"`
	Kind     QuestionKind `json:"kind"`
	Options  []string     `json:"options,omitempty"` // of QuestionSelect
	Required bool         `json:"required"`
}

// Bounds of a form.
const (
	maxQuestions = 30
	maxOptions   = 50
	maxLabel     = 300  // characters
	maxLine      = 500  // characters of a text or url
	maxLines     = 4000 // characters of a textarea
)

// Yes is the answer of a ticked checkbox.
const Yes = "yes"

var questionID = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// checkQuestions brings a form into its stored form and notes what is wrong with it.
func checkQuestions(questions []Question, at string, c *field.Checks) []Question {
	if len(questions) > maxQuestions {
		c.Add(at, errs.Invalid("too_many", "a form has at most %d questions", maxQuestions))
		return questions
	}
	seen := map[string]bool{}
	checked := make([]Question, len(questions))
	for i, q := range questions {
		place := fmt.Sprintf("%s[%d]", at, i)
		switch {
		case !questionID.MatchString(q.ID):
			c.Add(place+".id", errs.Invalid("invalid_question_id", "must begin with a-z and have at most 40 of the characters a-z 0-9 _"))
		case seen[q.ID]:
			c.Add(place+".id", errs.Invalid("duplicate_question_id", "another question of this form has the id %s", q.ID))
		}
		seen[q.ID] = true
		var err error
		if q.Label, err = field.Text(q.Label, maxLabel); err == nil && q.Label == "" {
			err = errs.Invalid("required", "must not be empty")
		}
		c.Add(place+".label", err)
		q.Kind, err = field.Choice(q.Kind, QuestionText, QuestionTextArea, QuestionSelect, QuestionCheckbox, QuestionURL)
		c.Add(place+".kind", err)
		q.Options, err = checkOptions(q)
		c.Add(place+".options", err)
		checked[i] = q
	}
	return checked
}

func checkOptions(q Question) ([]string, error) {
	if q.Kind != QuestionSelect {
		if len(q.Options) > 0 {
			return nil, errs.Invalid("not_allowed", "only a question of kind select has options")
		}
		return nil, nil
	}
	if len(q.Options) < 2 || len(q.Options) > maxOptions {
		return nil, errs.Invalid("out_of_range", "a question of kind select has 2 to %d options", maxOptions)
	}
	options := make([]string, len(q.Options))
	for i, o := range q.Options {
		o, err := field.Required(o)
		if err != nil {
			return nil, err
		}
		if slices.Contains(options[:i], o) {
			return nil, errs.Invalid("duplicate_option", "the option %q stands there twice", o)
		}
		options[i] = o
	}
	return options, nil
}

// Answer judges what somebody answered: the stored form, empty for no answer. A checkbox is answered with yes, or not at
// all.
func (q Question) Answer(text string) (string, error) {
	var err error
	switch q.Kind {
	case QuestionTextArea:
		text, err = lines(text)
	case QuestionSelect:
		if text = strings.TrimSpace(text); text != "" {
			text, err = field.Choice(text, q.Options...)
		}
	case QuestionCheckbox:
		if text = strings.TrimSpace(text); text != "" {
			text, err = field.Choice(text, Yes)
		}
	case QuestionURL:
		text, err = WebAddress(text)
	default:
		text, err = field.Text(text, maxLine)
	}
	if err == nil && text == "" && q.Required {
		err = errs.Invalid("required", "must be answered")
	}
	return text, err
}

// lines trims a text of several lines; other control characters are refused.
func lines(text string) (string, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if utf8.RuneCountInString(text) > maxLines {
		return "", errs.Invalid("too_long", "must have at most %d characters", maxLines)
	}
	if _, err := field.Text(strings.NewReplacer("\n", " ", "\t", " ").Replace(text), maxLines); err != nil {
		return "", err
	}
	return text, nil
}

// WebAddress trims an address of the web, http or https with a host and no user name; empty is allowed. It goes into
// pages as a link, so no other scheme may pass.
func WebAddress(text string) (string, error) {
	text, err := field.Text(text, maxLine)
	if err != nil || text == "" {
		return text, err
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" || strings.ContainsAny(text, " \\") {
		return "", errs.Invalid("invalid_url", "must be an address such as https://example.com/page")
	}
	return text, nil
}
