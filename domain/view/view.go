// Package view is what people keep of lists and reports: an address with its filters and columns under a name, for
// themselves or their whole team, and when its file goes to them by mail.
package view

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
)

// ID names a view.
type ID int64

const (
	maxName  = 80   // characters
	maxQuery = 4096 // bytes
	maxViews = 100  // of one user
)

// Format is the kind of file that is mailed.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// View is a page of a portal as somebody arranged it. It is an address only: whoever opens it sees what their own rights
// show there.
type View struct {
	ID        ID
	OwnerID   account.UserID
	OwnerName string // of OwnerID, or the e-mail address where there is none
	Page      string // one of Pages of the owner's portal, below the portal's base: "/conversions"
	Query     string // in canonical form, see Canonical; without from and to where Span is set
	Span      Span   // days that move with the calendar; empty: those of Query
	Name      string // 1 to 80 characters, the owner's only one on its page, case ignored
	Shared    bool   // the users of the owner's party see it, or all operators
	Schedule  Schedule
	Format    Format    // of the file that Schedule sends
	NextAt    time.Time // when that comes next; zero without a schedule
	Default   bool      // the page opens as this view for whoever asks
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Validate trims the name, brings the query into its form and finds what is wrong with the view.
func (v *View) Validate(scope account.Scope) error {
	var checks field.Checks
	name, err := field.Required(v.Name)
	if err == nil {
		name, err = field.Text(name, maxName)
	}
	checks.Add("body.name", err)
	v.Name = name
	if !slices.ContainsFunc(Pages(scope), func(p Page) bool { return p.Path == v.Page }) {
		checks.Add("body.page", errs.Invalid("unknown_page", "must be the path of a list or report of your portal, such as /conversions"))
	}
	query, err := Canonical(v.Query)
	checks.Add("body.query", err)
	if v.Span != "" {
		query = without(query, "from", "to")
	}
	v.Query = query
	if v.Span != "" {
		_, err = field.Choice(v.Span, Spans()...)
		checks.Add("body.span", err)
	}
	if v.Schedule != Never {
		_, err = field.Choice(v.Schedule, Daily, Weekly, Monthly)
		checks.Add("body.schedule", err)
	}
	if v.Format == "" {
		v.Format = CSV
	}
	_, err = field.Choice(v.Format, CSV, XLSX)
	checks.Add("body.format", err)
	return checks.Err()
}

// Address is where the view opens, below the portal's base, on that day of its reader.
func (v View) Address(today time.Time) string {
	return v.address(today, "view", strconv.FormatInt(int64(v.ID), 10))
}

// FileAddress is the page that its file is made of.
func (v View) FileAddress(today time.Time) string { return v.address(today) }

func (v View) address(today time.Time, more ...string) string {
	q, err := url.ParseQuery(v.Query)
	if err != nil { // Validate refused it
		return v.Page
	}
	if v.Span != "" {
		from, to := v.Span.Days(today)
		q.Set("from", from)
		q.Set("to", to)
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return (&url.URL{Path: v.Page, RawQuery: q.Encode()}).String()
}

// Same tells whether a query shows what the view shows on that day.
func (v View) Same(query string, today time.Time) bool {
	asked, err := Canonical(query)
	if err != nil {
		return false
	}
	u, err := url.Parse(v.address(today))
	return err == nil && asked == u.RawQuery
}

// passing is what an address says for the moment: no part of a view.
var passing = []string{"cursor", "page", "format", "limit", "view"}

// Canonical is a query as views keep it: sorted, without what is empty and what only passes. Errors: invalid_query, too_long.
func Canonical(query string) (string, error) {
	if len(query) > maxQuery {
		return "", errs.Invalid("too_long", "must have at most %d bytes", maxQuery)
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return "", errs.Invalid("invalid_query", "must be the query of an address, such as status=pending&offer=12")
	}
	for name, values := range q {
		values = slices.DeleteFunc(values, func(value string) bool { return value == "" })
		if q[name] = values; len(values) == 0 || slices.Contains(passing, name) {
			delete(q, name)
		}
	}
	if query = q.Encode(); len(query) > maxQuery {
		return "", errs.Invalid("too_long", "must have at most %d bytes", maxQuery)
	}
	return query, nil
}

func without(query string, names ...string) string {
	q, err := url.ParseQuery(query)
	if err != nil {
		return query
	}
	for _, name := range names {
		q.Del(name)
	}
	return q.Encode()
}
