package portalaffiliate

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// tryView is the card that sends a test.
type tryView struct {
	locked bool
	action string
	csrf   string
	sample ui.Field
	result *triedView
}

// triedView is what a test brought back.
type triedView struct {
	kind     ui.Kind
	word     string // "200 OK"
	took     string
	text     string // what went wrong and what to do
	refused  string // why nothing was sent
	timings  []ui.Timing
	messages []ui.Message
}

// triedConversions is how many of the affiliate's own conversions a test may borrow the values of.
const triedConversions = 8

func (p postbackPages) tryOf(f *portal.Frame, one postback.Postback) (tryView, error) {
	v := tryView{action: postbackPath(f, one.ID) + "/test", csrf: f.CSRF, locked: !mayWrite(f)}
	v.sample = ui.Field{Name: "conversion_id", ID: "try-conversion", Label: "With the data of", Options: []ui.Option{{Value: "", Label: "Sample conversion"}}}
	list, err := p.conversions.List(f.Context(), f.Actor, conversion.Filter{OfferID: one.OfferID, GoalID: one.GoalID}, domain.Page{Limit: triedConversions})
	if err != nil {
		return v, err
	}
	for _, c := range list.Items {
		v.sample.Options = append(v.sample.Options, ui.Option{Value: c.ID.String(), Label: strings.ToLower(fmt.Sprintf("%s, %s", portal.ShortID(c.ID.String()), ui.StatusOf(ui.Conversions, string(c.Status)).Word)) + ", " + portal.Money(c.Commission) + ", " + f.LogTime(c.CreatedAt)})
	}
	return v, nil
}

// test sends one, of the URL as it stands in the form if that came too. It answers with the result's part, or with the
// page where there are no scripts.
func (p postbackPages) test(f *portal.Frame) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	var in tryForm
	if err := f.Bind(&in); err != nil {
		return err
	}
	sample, err := p.postbacks.SendTest(f.Context(), f.Actor, one.ID, postback.TestInput{URL: in.URL, Method: in.Method, ConversionID: in.conversion()})
	status, tried, err := answerOf(sample, err)
	if err != nil {
		return err
	}
	if f.Part() {
		return f.RenderPart(status, tryResult(&tried))
	}
	return p.renderOne(f, status, one, formOf(one), nil, &tried)
}

// testNew is test for a postback that is not made yet.
func (p postbackPages) testNew(f *portal.Frame) error {
	var in tryForm
	if err := f.Bind(&in); err != nil {
		return err
	}
	sample, err := p.postbacks.SendUnsaved(f.Context(), f.Actor, postback.PreviewInput{URL: in.URL, Method: in.Method, OfferID: offer.ID(in.Offer), GoalID: offer.GoalID(in.Goal),
		Statuses: in.statuses(), ConversionID: in.conversion()})
	status, tried, err := answerOf(sample, err)
	if err != nil {
		return err
	}
	if f.Part() {
		return f.RenderPart(status, tryResult(&tried))
	}
	return p.renderNew(f, status, in.postbackForm, nil, &tried)
}

// tryForm is the form of a test, with the postback's where that came too.
type tryForm struct {
	postbackForm
	Conversion string `form:"conversion_id"`
}

func (in tryForm) conversion() conversion.ID {
	id, _ := domain.ParseUUID(in.Conversion) // none is an invented one
	return conversion.ID{UUID: id}
}

// answerOf is what a test brought, or why none was sent; err is what no change of the form mends.
func answerOf(sample postback.Sample, err error) (int, triedView, error) {
	status, tried := http.StatusOK, triedView{}
	switch faults, mendable := portal.FaultsOf(err); {
	case err == nil:
		tried = triedOf(sample)
	case mendable && !errs.Is(err, errs.KindNotFound):
		status = http.StatusUnprocessableEntity
		for _, problem := range faults.Summary() {
			tried.refused = strings.TrimSpace(tried.refused + " " + problem.Text)
		}
	default:
		return 0, tried, err
	}
	return status, tried, nil
}

func triedOf(s postback.Sample) triedView {
	v := triedView{kind: ui.Bad, word: portal.AnswerWord(s.StatusCode), took: portal.Millis(s.Duration)}
	if s.Error == "" {
		v.kind = ui.OK
	}
	host := hostOf(s.URL)
	if v.text = postback.Advice(s.Error, s.StatusCode); v.text == "" {
		v.text = s.Error.Sentence(host, s.StatusCode)
	}
	t := s.Detail.Timing
	for _, phase := range []struct {
		name string
		took time.Duration
	}{{"DNS", t.DNS}, {"Connect", t.Connect}, {"TLS", t.TLS}, {"Answer", t.Wait + t.Read}} {
		text := portal.None
		if phase.took > 0 {
			text = portal.Millis(phase.took)
		}
		v.timings = append(v.timings, ui.Timing{Label: phase.name, Value: text})
	}
	request := s.Method + " " + s.URL + headerText(s.Detail.Sent)
	if s.RequestBody != "" {
		request += "\n\n" + s.RequestBody
	}
	answer := s.Detail.Status + headerText(s.Detail.Header)
	switch {
	case s.StatusCode == 0:
		answer = "No answer: " + s.Error.Sentence(host, 0)
	case s.ResponseBody == "":
		answer += "\n\n(empty)"
	default:
		answer += "\n\n" + s.ResponseBody
	}
	v.messages = []ui.Message{{Title: "Answer", Text: strings.TrimSpace(answer)}, {Title: "Request", Text: request}}
	return v
}

func headerText(lines []postback.HeaderLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString("\n" + l.Name + ": " + l.Value)
	}
	return b.String()
}
