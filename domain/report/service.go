package report

import (
	"context"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// MaxRows is how many rows one part of a report may have.
const MaxRows = 10_000

// rateAge is how far back conversion.Rates.On looks for a rate.
const rateAge = 7 * 24 * time.Hour

// Query asks for a report, in the words of a client.
type Query struct {
	GroupBy  string // comma list of dimensions; empty = day
	From, To string // dates in Zone, both included, or times, To excluded; default the last 30 days
	Zone     string // IANA name; empty = UTC
	Currency string // that all is converted to; empty = each its own
	Filter   Filter
	Limit    int // rows of this part, 1 to MaxRows
	Cursor   string
}

// Filter narrows a report; zero fields do not.
type Filter struct {
	OfferID      offer.ID
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
	GoalID       offer.GoalID // leaves clicks out, which have no goal
	Country      string
	Sub1         string
}

// Selection is a Query understood.
type Selection struct {
	GroupBy  []Dimension
	Starts   map[Dimension][]time.Time // of the spans of each dimension of time
	From, To time.Time                 // To is excluded
	Filter   Filter
	Currency money.Currency // empty = each its own
	Rates    []DayRate      // into Currency, from itself too
	Offset   int            // rows to leave out
	Limit    int
}

// DayRate is the rate that conversions of one UTC day are converted at.
type DayRate struct {
	Base money.Currency
	Day  time.Time
	Rate money.Rate
}

// MissingRate is a currency that could not be converted on some days (UTC).
type MissingRate struct {
	Currency money.Currency
	Days     []time.Time
}

// Report is the answer to a Query.
type Report struct {
	GroupBy    []Dimension
	From, To   time.Time // To is excluded
	Items      []Row     // newest first, then by the other dimensions and currency
	Totals     []Row     // of all rows, by currency
	Missing    []MissingRate
	NextCursor string // of the next part, empty at the end
}

// Part is what storage adds up. Keys of time hold the number of their span.
type Part struct {
	Items, Totals []Row
	Missing       []MissingRate
}

// Store adds up what a scope may see.
type Store interface {
	// Rates gives the stored rates into a currency of the days between, both included.
	Rates(ctx context.Context, quote money.Currency, from, to time.Time) (conversion.Rates, error)
	// AddUp gives at most Limit + 1 items after Offset, totals and missing rates whatever the limit.
	AddUp(ctx context.Context, scope account.Scope, s Selection) (Part, error)
}

// Service makes reports.
type Service struct {
	store Store
	now   domain.Clock
	turns turns
}

// NewService makes the service.
func NewService(store Store, now domain.Clock) *Service { return &Service{store: store, now: now} }

// Report adds up what the actor may see. A filter by what belongs to others gives an empty report. Errors: Invalid with
// the fields at fault (invalid_group_by, invalid_time, invalid_period, period_too_long, invalid_tz, invalid_currency,
// invalid_cursor, clicks_dropped); too_many_reports while 3 run, or another one of the same party. A later part waits for its turn: half a
// report is of no use.
func (s *Service) Report(ctx context.Context, actor account.Actor, q Query) (Report, error) {
	for _, p := range []account.Permission{account.PermissionReadTraffic, account.PermissionReadMoney} {
		if err := actor.Require(p); err != nil {
			return Report{}, err
		}
	}
	scope := actor.Scope()
	if err := scope.Check(); err != nil {
		return Report{}, err
	}
	sel, zone, err := s.understand(q, scope)
	if err != nil {
		return Report{}, err
	}
	var wait time.Duration
	if sel.Offset > 0 {
		wait = waitForTurn
	}
	done, err := s.turns.take(ctx, scope, wait)
	if err != nil {
		return Report{}, err
	}
	defer done()
	if sel.Currency != "" {
		if sel.Rates, err = s.rates(ctx, sel); err != nil {
			return Report{}, err
		}
	}
	part, err := s.store.AddUp(ctx, scope, sel)
	if err != nil {
		return Report{}, err
	}
	r := Report{GroupBy: sel.GroupBy, From: sel.From, To: sel.To, Items: part.Items, Totals: part.Totals, Missing: part.Missing}
	if len(r.Items) > sel.Limit {
		r.Items = r.Items[:sel.Limit]
		r.NextCursor = encodeCursor(sel.Offset + sel.Limit)
	}
	for i, d := range sel.GroupBy {
		if d.OfTime() {
			for _, row := range r.Items {
				row.Keys[i].Text = label(d, sel.Starts[d][row.Keys[i].ID-1], zone)
			}
		}
	}
	return r, nil
}

// understand reads a query; all its faults come in one error.
func (s *Service) understand(q Query, scope account.Scope) (Selection, *time.Location, error) {
	sel := Selection{Filter: q.Filter, Limit: min(max(q.Limit, 1), MaxRows), Starts: map[Dimension][]time.Time{}}
	var checks field.Checks
	var err error
	sel.GroupBy, err = parseGroupBy(q.GroupBy, scope)
	checks.Add("query.group_by", err)
	if q.Currency != "" {
		sel.Currency, err = money.ParseCurrency(q.Currency)
		checks.Add("query.currency", err)
	}
	sel.Offset, err = decodeCursor(q.Cursor)
	checks.Add("query.cursor", err)
	zone, err := parseZone(q.Zone)
	if err != nil {
		checks.Add("query.tz", err)
		return Selection{}, nil, checks.Err()
	}
	sel.To = dateOf(s.now.Now().In(zone)).plus(1).start(zone)
	if q.To != "" {
		sel.To, err = parseBound(q.To, zone, 1)
		checks.Add("query.to", err)
	}
	sel.From = dateOf(sel.To.Add(-1).In(zone)).plus(1 - defaultDays).start(zone)
	if q.From != "" {
		sel.From, err = parseBound(q.From, zone, 0)
		checks.Add("query.from", err)
	}
	switch {
	case checks.Err() != nil:
		return Selection{}, nil, checks.Err()
	case !sel.From.Before(sel.To):
		return Selection{}, nil, errs.Invalid("invalid_period", "must lie before the end of the period").At("query.from")
	case sel.From.In(zone).AddDate(0, 0, MaxDays).Before(sel.To):
		return Selection{}, nil, errs.Invalid("period_too_long", "a report covers at most %d days; ask for several", MaxDays).At("query.from")
	}
	for _, d := range sel.GroupBy {
		if d.OfTime() {
			sel.Starts[d] = starts(d, sel.From, sel.To, zone)
		}
	}
	return sel, zone, nil
}

// rates gives the rate of each currency on each day of the period, as far as there is one.
func (s *Service) rates(ctx context.Context, sel Selection) ([]DayRate, error) {
	first := sel.From.UTC().Truncate(day)
	stored, err := s.store.Rates(ctx, sel.Currency, first.Add(-rateAge), sel.To)
	if err != nil {
		return nil, err
	}
	byBase := map[money.Currency]conversion.Rates{sel.Currency: nil}
	for _, r := range stored {
		byBase[r.Base] = append(byBase[r.Base], r)
	}
	var rates []DayRate
	for base, of := range byBase {
		for at := first; at.Before(sel.To); at = at.Add(day) {
			if rate, ok := of.On(base, sel.Currency, at); ok {
				rates = append(rates, DayRate{Base: base, Day: at, Rate: rate})
			}
		}
	}
	return rates, nil
}

// A cursor is the number of rows before it, opaque to clients. A report has no key that a next part could begin after
// without being added up again; of a period that is over, the parts fit together exactly.

func encodeCursor(offset int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("row " + strconv.Itoa(offset)))
}

func decodeCursor(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil && len(b) > 4 && string(b[:4]) == "row " {
		if n, err := strconv.ParseUint(string(b[4:]), 10, 31); err == nil {
			return int(n), nil
		}
	}
	return 0, errs.Invalid("invalid_cursor", "is not one that a report gave; start again without it")
}
