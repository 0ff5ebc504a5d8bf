package ui

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
)

// HX adds partial updates to an element; see the rules of htmx 4 in doc.go. Empty fields write nothing.
type HX struct {
	Get, Post, Delete     string
	Target, Swap, Trigger string
	Include, Select       string
	PushURL               bool
}

func (h HX) attrs() templ.Attributes {
	a := templ.Attributes{}
	for name, value := range map[string]string{
		"hx-get": h.Get, "hx-post": h.Post, "hx-delete": h.Delete, "hx-target": h.Target, "hx-swap": h.Swap,
		"hx-trigger": h.Trigger, "hx-include": h.Include, "hx-select": h.Select,
	} {
		if value != "" {
			a[name] = value
		}
	}
	if h.PushURL {
		a["hx-push-url"] = "true"
	}
	return a
}

// Look is how a button looks.
type Look string

// The looks.
const (
	Default Look = ""
	Primary Look = "primary" // at most one in a page's head, one in a form
	Danger  Look = "danger"
	Quiet   Look = "quiet"
)

// Button is a button or, with Href, a link that looks like one. Label is verb and object: "Save changes".
type Button struct {
	Label, Icon string
	IconAfter   string // such as "chevron-down" of a button that opens a menu
	Name        string // accessible name where the label is not enough: "Resend conversion 12"; must contain the label
	Look        Look
	Small, Wide bool
	Busy, Off   bool
	Href        string // makes it a link
	Download    bool   // the link downloads a file
	Submit      bool   // sends its form
	Form        string // id of the form it sends, where it stands outside
	Field       string // name and value sent with the form
	Value       string
	ID          string
	Dialog      string // id of the Dialog that it opens
	Fill        string // JSON object of values for that dialog, see ConfirmBox
	Action      string // address for that dialog's form
	Menu        string // id of the Menu that it opens
	Key         string // "n": the page's shortcut for "new"
	Close       bool   // closes the dialog it stands in
	HX          HX
}

func (b Button) class() string {
	class := "btn"
	if b.Look != Default {
		class += " btn-" + string(b.Look)
	}
	if b.Small {
		class += " btn-small"
	}
	if b.Wide {
		class += " btn-wide"
	}
	return class
}

func (b Button) kind() string {
	if b.Submit {
		return "submit"
	}
	return "button"
}

func (b Button) attrs() templ.Attributes {
	a := b.HX.attrs()
	for name, value := range map[string]string{
		"id": b.ID, "aria-label": b.Name, "data-dialog": b.Dialog, "data-fill": b.Fill, "data-action": b.Action, "data-key": b.Key,
	} {
		if value != "" {
			a[name] = value
		}
	}
	if b.Close {
		a["data-close"] = true
	}
	if b.Dialog != "" {
		a["aria-haspopup"] = "dialog"
	}
	if b.Href != "" {
		if b.Download {
			a["download"] = true
		}
		return a
	}
	for name, value := range map[string]string{"form": b.Form, "name": b.Field, "value": b.Value, "popovertarget": b.Menu} {
		if value != "" {
			a[name] = value
		}
	}
	if b.Menu != "" {
		a["aria-haspopup"], a["aria-expanded"] = "menu", "false"
	}
	if b.Busy {
		a["aria-busy"] = "true"
	}
	if b.Off {
		a["disabled"] = true
	}
	return a
}

func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if r == utf8.RuneError {
		return "?"
	}
	return string(unicode.ToUpper(r))
}

// Initials are the first letters of a name's first and last word.
func Initials(name string) string {
	words := strings.Fields(name)
	switch len(words) {
	case 0:
		return "?"
	case 1:
		return initial(words[0])
	default:
		return initial(words[0]) + initial(words[len(words)-1])
	}
}

func unread(n int) string {
	if n == 0 {
		return "Notifications"
	}
	return "Notifications, " + strconv.Itoa(n) + " unread"
}

func keysOf(key string) []string { return strings.Fields(key) }

// kindIcon is the icon that says the same as a kind's colour.
func kindIcon(kind Kind) string {
	switch kind {
	case OK:
		return "circle-check"
	case Warn, Bad:
		return "alert-triangle"
	default:
		return "info-circle"
	}
}

// avatarColours reach 4.5:1 under white text in both themes.
var avatarColours = []string{"#2f57c9", "#0b7a66", "#7c3aad", "#8a4b1c", "#b4235f", "#0d6e93", "#4d6314", "#5a5f73"}

// colourOf gives a name always the same colour.
func colourOf(name string) string {
	sum := uint32(2166136261)
	for i := range len(name) {
		sum = (sum ^ uint32(name[i])) * 16777619
	}
	return avatarColours[sum%uint32(len(avatarColours))]
}
