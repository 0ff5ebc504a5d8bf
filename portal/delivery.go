package portal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/ui"
)

// DeliveryResult is where a delivery stands, as people read it.
type DeliveryResult struct {
	Kind ui.Kind
	Word string // "404 Failed"
	More string // "in 4 minutes": beside the word, where there is room
	Text string // what went wrong and what to do; empty where nothing did
}

// DeliveryResultOf says where a delivery stands.
func (f *Frame) DeliveryResultOf(d postback.Delivery) DeliveryResult {
	status := ui.StatusOf(ui.Deliveries, string(d.Status))
	r := DeliveryResult{Kind: status.Kind, Word: status.Word}
	var last postback.Attempt
	if n := len(d.Attempts); n > 0 {
		last = d.Attempts[n-1]
	}
	if last.StatusCode != 0 && d.Status != postback.DeliveryPending && d.Status != postback.DeliveryPaused {
		r.Word = strconv.Itoa(last.StatusCode) + " " + status.Word
	}
	switch {
	case d.Status == postback.DeliveryDelivered:
	case d.Reason == postback.ReasonSuperseded:
		r.Kind, r.Word, r.Text = ui.Mute, "Overtaken", "a newer status of the same conversion took its place"
	case d.Status == postback.DeliveryPaused:
		r.Text = "waits until the postback is active again"
	default:
		r.Text = AttemptText(last, d.Host)
	}
	if d.Status == postback.DeliveryRetrying && !d.NextAttemptAt.IsZero() {
		r.More = f.soon(d.NextAttemptAt)
	}
	return r
}

// soon is when something due happens: "in 4 min", "now".
func (f *Frame) soon(t time.Time) string {
	switch d := t.Sub(f.Now); {
	case d <= time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("in %d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("in %d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("in %d h", int(t.Sub(f.Now).Round(time.Hour).Hours()))
}

// AttemptText says what went wrong in a try and what to do about it; empty for a success.
func AttemptText(a postback.Attempt, host string) string {
	if advice := postback.Advice(a.Error, a.StatusCode); advice != "" {
		return advice
	}
	return a.Error.Sentence(host, a.StatusCode)
}

// Millis is how long a request took: "143 ms", "2.04 s".
func Millis(d time.Duration) string {
	switch {
	case d < time.Millisecond && d > 0:
		return "< 1 ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
}

// ShortID is the end of an id, for tables: the rest is the same for all that were made together.
func ShortID(id string) string { return id[max(0, len(id)-8):] }

// LogTime is an instant of the last hours to the second, and of an earlier day with its date: "12:41:07", "20 Nov, 12:41".
func (f *Frame) LogTime(t time.Time) string {
	if t.In(f.Zone).Format(time.DateOnly) == f.Now.In(f.Zone).Format(time.DateOnly) {
		return f.format(t, "15:04:05")
	}
	return f.format(t, "2 Jan, 15:04")
}

// DeliveryList is what a page shows deliveries with. Paths are whole; an empty one makes no link.
type DeliveryList struct {
	Path      string                 // of a delivery, before its id: "/affiliate/deliveries/"
	Names     Names                  // of their offers
	Postbacks map[postback.ID]string // with a column that names each one's postback; nil for none
	PostbackPath,
	ConversionPath,
	TracePath string // before the id
	ClickID func(click.ID) string // as clients see it
	Resend  bool                  // the viewer may send again
	CSRF    string
	Back    string                       // the page that a resend leads back to
	Empty   ui.Nothing                   // where there is none
	Fresh   map[postback.DeliveryID]bool // have just come in
}

func (l *DeliveryList) postback(id postback.ID) string {
	if name := l.Postbacks[id]; name != "" {
		return name
	}
	return Unnamed("Postback", id)
}

// Resendable is what a resend would send again, in words.
func Resendable(r postback.Resendable) string {
	if r.More {
		return "all failed postbacks, " + Count(r.Count) + " or more"
	}
	return Counted(r.Count, "failed postback")
}

// DeliveryTable is the log of deliveries as a table.
func (f *Frame) DeliveryTable(id string, all []postback.Delivery, l DeliveryList) ui.Table {
	t := ui.Table{ID: id, Name: "Deliveries", Actions: true, Columns: []ui.Column{{Label: "Time", Hide: true}, {Label: "Conversion"}, {Label: "Offer", Hide: true, Wide: true},
		{Label: "Event", Hide: true}, {Label: "Result"}, {Label: "Response", Number: true, Hide: true}, {Label: "Attempts", Number: true, Hide: true}}}
	if l.Postbacks != nil {
		t.Columns[3] = ui.Column{Label: "Postback", Hide: true}
		t.Columns = append(t.Columns[:4:4], append([]ui.Column{{Label: "Event", Hide: true}}, t.Columns[4:]...)...)
	}
	if l.Empty.Title != "" {
		t.Empty = ui.Empty(l.Empty)
	}
	for _, d := range all {
		row := ui.Row{ID: "d-" + d.ID.String(), Name: "delivery of conversion " + ShortID(d.ConversionID.String()), Fresh: l.Fresh[d.ID], Cells: []ui.Cell{
			{Text: f.LogTime(d.CreatedAt), Title: f.Exact(d.CreatedAt)}, {Text: ShortID(d.ConversionID.String()), Mono: true, Title: d.ConversionID.String(),
				Href: link(l.ConversionPath, d.ConversionID.String()), Narrow: f.LogTime(d.CreatedAt) + " · " + l.Names.Offer(d.OfferID)},
			{Body: cut(l.Names.Offer(d.OfferID), "")}, {Text: ui.StatusOf(ui.Conversions, string(d.EventStatus)).Word}, {Body: deliveryResult(f.DeliveryResultOf(d))},
			{Text: response(d)}, {Text: attempts(d)}}}
		if l.Postbacks != nil {
			row.Cells = append(row.Cells[:3:3], append([]ui.Cell{{Body: cut(l.postback(d.PostbackID), link(l.PostbackPath, fmt.Sprint(d.PostbackID)))}}, row.Cells[3:]...)...)
		}
		row.Actions = deliveryActions(deliveryRow{id: d.ID.String(), conversion: ShortID(d.ConversionID.String()), path: l.Path + d.ID.String(),
			resend: l.Resend && resendable(d), csrf: l.CSRF, back: l.Back})
		t.Rows = append(t.Rows, row)
	}
	return t
}

// brief is what went wrong, without what to do: that stands in the title and in the sheet.
func brief(text string) string {
	what, _, _ := strings.Cut(text, ": ")
	return strings.TrimSuffix(sentence(what), ".")
}

type deliveryRow struct {
	id, conversion, path, csrf, back string
	resend                           bool
}

func link(path, id string) string {
	if path == "" {
		return ""
	}
	return path + id
}

// resendable tells the deliveries that a row offers to send again; the sheet offers it for all.
func resendable(d postback.Delivery) bool {
	return d.Status == postback.DeliveryRetrying || d.Status == postback.DeliveryFailed && d.Reason != postback.ReasonSuperseded
}

func response(d postback.Delivery) string {
	if n := len(d.Attempts); n > 0 {
		return Millis(d.Attempts[n-1].Duration)
	}
	return None
}

// attempts are the tries of the present round of all that it may have.
func attempts(d postback.Delivery) string {
	switch {
	case len(d.Attempts) == 0:
		return None
	case d.Status == postback.DeliveryDelivered:
		return strconv.Itoa(len(d.Attempts))
	}
	return fmt.Sprintf("%d of %d", d.Tries, postback.Tries())
}

// DeliverySheet is one delivery with the request and the answer of each try.
type DeliverySheet struct {
	id       string
	result   DeliveryResult
	event    conversion.Status
	facts    []ui.Pair
	attempts []attemptView
	pending  ui.Message // what is going to be sent, where nothing was yet
	action   string     // that a resend is posted to; empty where the viewer may not
	csrf     string
	back     string
}

type attemptView struct {
	title, text string
	kind        ui.Kind
	word        string
	messages    []ui.Message
}

// SheetOf makes the sheet of a delivery.
func (f *Frame) SheetOf(d postback.Delivery, l DeliveryList) DeliverySheet {
	s := DeliverySheet{id: d.ID.String(), result: f.DeliveryResultOf(d), event: d.EventStatus, csrf: l.CSRF, back: l.Back,
		pending: ui.Message{Title: "Request", Text: requestText(d, d.URL)}}
	s.facts = []ui.Pair{{Label: "Made", Text: f.Exact(d.CreatedAt)}, {Label: "Offer", Text: l.Names.Offer(d.OfferID)}, {Label: "Postback", Body: linked(l.postback(d.PostbackID), link(l.PostbackPath, fmt.Sprint(d.PostbackID)), false)},
		{Label: "Conversion", Body: linked(d.ConversionID.String(), link(l.ConversionPath, d.ConversionID.String()), true)}}
	if l.ClickID != nil {
		s.facts = append(s.facts, ui.Pair{Label: "Click", Body: linked(l.ClickID(d.ClickID), link(l.TracePath, l.ClickID(d.ClickID)), true)})
	}
	if !d.NextAttemptAt.IsZero() && d.Status.Waiting() {
		s.facts = append(s.facts, ui.Pair{Label: "Next try", Text: f.Exact(d.NextAttemptAt)})
	}
	if l.Resend {
		s.action = l.Path + d.ID.String() + "/resend"
	}
	for i := len(d.Attempts) - 1; i >= 0; i-- {
		a := d.Attempts[i]
		v := attemptView{title: fmt.Sprintf("Try %d", a.Number), text: fmt.Sprintf("%s, %s", f.Exact(a.At), Millis(a.Duration)), kind: ui.Bad, word: AnswerWord(a.StatusCode)}
		if a.Error == "" {
			v.kind = ui.OK
		}
		answer := a.ResponseBody
		if a.StatusCode == 0 {
			answer = "No answer: " + a.Error.Sentence(d.Host, 0)
		} else if answer == "" {
			answer = "(empty)"
		}
		v.messages = []ui.Message{{Title: "Request", Text: requestText(d, a.URL)}, {Title: "Answer", Badge: ui.Badge(v.kind, v.word), Text: answer}}
		s.attempts = append(s.attempts, v)
	}
	return s
}

// AnswerWord is the status of an answer: "404 Not Found", "No answer".
func AnswerWord(status int) string {
	if status == 0 {
		return "No answer"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, statusText(status)))
}

// requestText is the request as it went out, as far as the log keeps it.
func requestText(d postback.Delivery, address string) string {
	text := d.Method + " " + address + "\n" + postback.HeaderID + ": " + d.ID.String()
	if d.Method == postback.MethodPOST && d.Body != "" {
		text += "\nContent-Type: application/json\n\n" + d.Body
	}
	return text
}
