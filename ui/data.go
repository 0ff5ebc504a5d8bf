package ui

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Change is how a figure moved against the period before. Good tells whether that is good news (fewer rejections are):
// it turns the colour, never the arrow.
type Change struct {
	Text string // "17.2%"; empty shows none
	Up   bool
	Good bool
}

// KPI is a card of a figure. ID must be unique on the page. With Href it is a link that chooses the metric of the
// chart (the page at that address has it chosen), Chosen marks the one that is.
type KPI struct {
	ID, Label, Value string
	Previous         string // the value of the period before, as text
	Change           Change
	Spark            []float64
	Href             string
	HX               HX
	Chosen           bool
}

// Series is a line or the bars of a chart. Colour is a token without dashes: "brand", "ok", "warn", "bad", "mute",
// "previous". Texts are the values as people read them, for tooltip and table; there are as many as Values.
type Series struct {
	Label  string
	Colour string
	Values []float64
	Texts  []string
	Dashed bool   // the period before
	Stack  string // bars of the same name stand on each other
}

// Chart is a chart over time, with its table. Values are for drawing only: sums and rounding happen where money is
// exact, and come as Texts.
type Chart struct {
	ID          string
	Title       string // "Commission per day"
	Description string // of the picture, for people who do not see it
	Bars        bool
	Labels      []string // short, on the axis
	Long        []string // the same with all that a tooltip should say; empty uses Labels
	Series      []Series
	Prefix      string // of the axis' numbers: "€"
	Suffix      string // "%"
	Intervals   []Tab  // Hour, Day, Week; may be empty
	Head        string // of the table's first column, default "Day"
}

// data is what <x-chart> reads.
func (c Chart) data() string {
	type series struct {
		Label  string    `json:"label"`
		Colour string    `json:"colour"`
		Values []float64 `json:"values"`
		Texts  []string  `json:"texts,omitempty"`
		Dashed bool      `json:"dashed,omitempty"`
		Stack  string    `json:"stack,omitempty"`
	}
	out := struct {
		Type   string   `json:"type"`
		Label  string   `json:"label"`
		Labels []string `json:"labels"`
		Long   []string `json:"long,omitempty"`
		Prefix string   `json:"prefix,omitempty"`
		Suffix string   `json:"suffix,omitempty"`
		Series []series `json:"series"`
	}{Type: "line", Label: c.label(), Labels: c.Labels, Long: c.Long, Prefix: c.Prefix, Suffix: c.Suffix}
	if c.Bars {
		out.Type = "bar"
	}
	for _, s := range c.Series {
		out.Series = append(out.Series, series(s))
	}
	text, err := json.Marshal(out)
	if err != nil {
		return `{"labels":[],"series":[]}` // a value that is no number, such as a division by nought: nothing to draw
	}
	return string(text)
}

func (c Chart) label() string {
	if c.Description != "" {
		return c.Description + " The same figures are in the table below."
	}
	return c.Title + ". The same figures are in the table below."
}

func (c Chart) head() string {
	if c.Head == "" {
		return "Day"
	}
	return c.Head
}

func (c Chart) long(i int) string {
	if i < len(c.Long) {
		return c.Long[i]
	}
	return c.Labels[i]
}

func (s Series) text(i int) string {
	switch {
	case i < len(s.Texts):
		return s.Texts[i]
	case i < len(s.Values):
		return strconv.FormatFloat(s.Values[i], 'f', -1, 64)
	default:
		return "—"
	}
}

// Stat is a figure of a strip. After stands small beside it; Href makes After a link.
type Stat struct {
	Label, Value, After string
	Href                string
	Good, Bad           bool // of After
}

// Pair is a line of a key-value list. Text, or Body for anything else; Swatch is a token ("ok") shown as a square; Copy
// adds a copy button for the text.
type Pair struct {
	Label, Text string
	Body        templ.Component
	Mono        bool
	Swatch      string
	Copy        bool
}

// Bar is a line of a bar list. Percent (0 to 100) is its length.
type Bar struct {
	Label, Share, Value string
	Percent             int
	Href                string
}

// Piece is a part of a balance bar. Colour is a token.
type Piece struct {
	Label   string
	Percent int
	Colour  string
}

// sparkPath is the data of a small line: SVG path data for a box of w by h, closed at the bottom for an area.
func sparkPath(values []float64, w, h float64, area bool) string {
	if len(values) == 0 {
		return ""
	}
	if len(values) == 1 {
		values = []float64{values[0], values[0]}
	}
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	if high == low {
		high = low + 1
	}
	var b strings.Builder
	command := byte('M')
	put := func(x, y float64) {
		b.WriteByte(command)
		b.WriteString(strconv.FormatFloat(x, 'f', 1, 64))
		b.WriteByte(' ')
		b.WriteString(strconv.FormatFloat(y, 'f', 1, 64))
		command = 'L'
	}
	for i, v := range values {
		put(float64(i)/float64(len(values)-1)*w, 2+(h-4)*(1-(v-low)/(high-low)))
	}
	if area {
		put(w, h)
		put(0, h)
		b.WriteByte('Z')
	}
	return b.String()
}

func (k KPI) hasChange() bool { return k.Change.Text != "" }

func percentWidth(percent int) string { return "--w:" + strconv.Itoa(min(max(percent, 0), 100)) + "%" }

func splitLabel(pieces []Piece) string {
	var parts []string
	for _, p := range pieces {
		parts = append(parts, strconv.Itoa(p.Percent)+" percent "+strings.ToLower(p.Label))
	}
	return strings.Join(parts, ", ")
}

// capColour turns amber near a cap and red at it.
func capColour(percent int) string {
	switch {
	case percent >= 100:
		return "bad"
	case percent >= 85:
		return "warn"
	default:
		return "brand"
	}
}
