package ui

import "github.com/a-h/templ"

// Kind is the meaning of a colour: of badges, banners, toasts, marks. The zero value is neutral.
type Kind string

// The kinds.
const (
	Neutral Kind = ""
	OK      Kind = "ok"
	Warn    Kind = "warn"
	Bad     Kind = "bad"
	Mute    Kind = "mute"
	Brand   Kind = "brand"
)

// Theme is what a user chose; ThemeAuto follows the system.
type Theme string

// The themes.
const (
	ThemeAuto  Theme = "auto"
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// CSRFField is the form field of the CSRF token; CSRFHeader the header that scripts send it in.
const (
	CSRFField  = "csrf"
	CSRFHeader = "X-CSRF-Token"
)

// NavItem is a link of the sidebar or of a menu. Count is a short text such as "12" or "12 new".
type NavItem struct {
	Label, Icon, Href, Count string
	Current                  bool
	Post                     bool   // a button that posts to Href with the CSRF field (log-out)
	Key                      string // keyboard shortcut "g d"
}

// NavGroup is a labelled group of at most five items; the first group may go without a label.
type NavGroup struct {
	Label string
	Items []NavItem
}

// ShellUser is who is logged in. Detail is the line below the name.
type ShellUser struct{ Name, Detail, Initials string }

// Flash is a message that shows once as a toast: the outcome of what the user just did. Errors of a form stand in the
// form, never only here.
type Flash struct {
	Kind Kind
	Text string
}

// Shell is the frame of a page.
type Shell struct {
	Title      string // of the document, before the product's name
	Product    string // the network's name
	PortalName string // "Affiliate portal"
	Lang       string // default "en"
	Theme      Theme
	Nonce      string // of the answer's Content-Security-Policy
	BrandCSS   string // from BrandCSS; may be empty
	LogoURL    string // /… or data:; empty shows the product's first letter
	LogoDark   string // the same for dark pages; empty uses LogoURL
	FaviconURL string
	CSRF       string
	Base       string // "/affiliate": where the brand links to

	SearchURL, SearchHint string // the palette asks SearchURL?q=…; empty shows no search
	Nav                   []NavGroup
	User                  ShellUser
	AccountMenu           []NavItem
	ThemeAction           string // the theme menu posts theme=auto|light|dark here; empty shows no menu
	BalanceLabel, Balance string // Balance empty shows none
	BalanceHref           string
	Unread                int
	NoticesHref           string          // empty shows no bell
	ViewingAs             string          // who an operator looks at the portal as; empty shows no bar
	StopViewHref          string          // posted to
	Foot                  templ.Component // at the sidebar's foot; see Person
	Flash                 []Flash
	Session               *Session  // warns before the log-in ends; nil does not
	KeysOff               bool      // the user switched single-key shortcuts off
	HelpLinks             []NavItem // at the foot of Plain pages
}

func (s Shell) lang() string {
	if s.Lang == "" {
		return "en"
	}
	return s.Lang
}

func (s Shell) theme() string {
	switch s.Theme {
	case ThemeLight, ThemeDark:
		return string(s.Theme)
	default:
		return string(ThemeAuto)
	}
}

func (s Shell) home() string {
	if s.Base == "" {
		return "/"
	}
	return s.Base
}

func (s Shell) searchHint() string {
	if s.SearchHint == "" {
		return "Search pages, names, ids…"
	}
	return s.SearchHint
}

// keys are the shortcuts that the "?" dialog lists besides the common ones.
func (s Shell) keys() []NavItem {
	var with []NavItem
	for _, group := range s.Nav {
		for _, item := range group.Items {
			if item.Key != "" {
				with = append(with, item)
			}
		}
	}
	return with
}

func themes() []NavItem {
	return []NavItem{
		{Label: "Auto", Icon: "device-desktop", Href: string(ThemeAuto)},
		{Label: "Light", Icon: "sun", Href: string(ThemeLight)},
		{Label: "Dark", Icon: "moon", Href: string(ThemeDark)},
	}
}

// styleTag is a nonce'd <style>. The text is BrandCSS's own, of hex digits and fixed words: nothing to escape.
func styleTag(nonce, css string) templ.Component {
	return templ.Raw(`<style nonce="` + templ.EscapeString(nonce) + `">` + css + `</style>`)
}

// Crumb is a step of the breadcrumb above a page's head; the last one, without Href, is the page.
type Crumb struct{ Label, Href string }

// Head is a page's head: at most one primary and two other actions.
type Head struct {
	Crumbs  []Crumb
	Title   string
	Badge   templ.Component
	Lead    string // what the page is, in which currency, zone, and how fresh
	Actions templ.Component
}
