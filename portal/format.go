package portal

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/ui"
)

// None stands where there is no value.
const None = "—"

// symbols are of the currencies whose sign everybody reads; others show their code.
var symbols = map[money.Currency]string{"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}

// Money is an amount with its currency and thousands: "€3,482.60", "−$1.00", "CHF 12.50".
func Money(a money.Amount) string { return withCurrency(a.String(), a.Currency()) }

// SignedMoney is a change of money: "+€5.00", "−$1.00", "$0.00".
func SignedMoney(a money.Amount) string {
	if a.Sign() > 0 {
		return "+" + Money(a)
	}
	return Money(a)
}

// Price is a rate as an amount of money, with at least the currency's digits: "$0.0045".
func Price(r money.Rate, c money.Currency) string {
	text := r.String()
	_, decimals, _ := strings.Cut(text, ".")
	if missing := c.Exponent() - len(decimals); missing > 0 {
		if decimals == "" {
			text += "."
		}
		text += strings.Repeat("0", missing)
	}
	return withCurrency(text, c)
}

// Sale is the value of a sale as money: one that was converted by an exchange rate is rounded to the currency's digits.
func Sale(r money.Rate, c money.Currency) string {
	a, err := r.Round(c)
	if err != nil {
		return Price(r, c)
	}
	return Money(a)
}

func withCurrency(decimal string, c money.Currency) string {
	sign := ""
	if rest, negative := strings.CutPrefix(decimal, "-"); negative {
		sign, decimal = "−", rest
	}
	if symbol, ok := symbols[c]; ok {
		return sign + symbol + thousands(decimal)
	}
	return sign + string(c) + " " + thousands(decimal) // a no-break space
}

// Count is a whole number with thousands: "12,345".
func Count[N ~int | ~int64](n N) string {
	text := strconv.FormatInt(int64(n), 10)
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		return "−" + thousands(rest)
	}
	return thousands(text)
}

func thousands(decimal string) string {
	whole, rest, point := strings.Cut(decimal, ".")
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if point {
		b.WriteString("." + rest)
	}
	return b.String()
}

// Ratio is part of whole in percent with two decimals: "1.37%"; None of nothing.
func Ratio[N ~int | ~int64](part, whole N) string {
	if whole == 0 {
		return None
	}
	return big.NewRat(int64(part)*100, int64(whole)).FloatString(2) + "%"
}

// Percent is a rate that is in percent already, with two decimals: "7.50%".
func Percent(r money.Rate) string {
	exact, ok := new(big.Rat).SetString(r.String())
	if !ok {
		return None
	}
	return exact.FloatString(2) + "%"
}

// Or is None for an empty text.
func Or(s string) string {
	if s == "" {
		return None
	}
	return s
}

// Date is the day of an instant in the viewer's zone: "21 Nov 2026". None for the zero time.
func (f *Frame) Date(t time.Time) string { return f.format(t, "2 Jan 2006") }

// Time is an instant in the viewer's zone to the minute: "21 Nov 2026, 13:49".
func (f *Frame) Time(t time.Time) string { return f.format(t, "2 Jan 2006, 15:04") }

// Exact is an instant with seconds and zone, for a title: "21 Nov 2026, 13:49:50 CET".
func (f *Frame) Exact(t time.Time) string { return f.format(t, "2 Jan 2006, 15:04:05 MST") }

func (f *Frame) format(t time.Time, layout string) string {
	if t.IsZero() {
		return None
	}
	return t.In(f.Zone).Format(layout)
}

// Ago is how long ago, or ahead, an instant is: "3 minutes ago", "in 2 hours"; beyond a week its Date.
func (f *Frame) Ago(t time.Time) string {
	if t.IsZero() {
		return None
	}
	d := f.Now.Sub(t)
	if d.Abs() < time.Minute {
		if d < 0 {
			return "in a moment"
		}
		return "just now"
	}
	if d.Abs() >= 7*24*time.Hour {
		return f.Date(t)
	}
	var text string
	switch abs := d.Abs(); {
	case abs < time.Hour:
		text = plural(int(abs/time.Minute), "minute")
	case abs < 24*time.Hour:
		text = plural(int(abs/time.Hour), "hour")
	default:
		text = plural(int(abs/(24*time.Hour)), "day")
	}
	if d < 0 {
		return "in " + text
	}
	return text + " ago"
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// ZeroMarked marks an amount of nothing that somebody should look at, with the reason.
func ZeroMarked(c ui.Cell, why string) ui.Cell {
	if why != "" {
		c.Sub, c.Title = "Needs a look", Sentence(why)
	}
	return c
}
