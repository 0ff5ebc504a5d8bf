package ui

// Levels is what a report is grouped by, in order: each is a link to the page without it, or with it earlier or later.
// A select of the form with the id Form adds one more.
type Levels struct {
	ID, Label   string
	Items       []Level
	Form, Field string
	AddLabel    string
	Options     []Option // none: no more can be added
}

// Level is one of Levels. An empty address offers nothing.
type Level struct{ Label, EarlierHref, LaterHref, RemoveHref string }
