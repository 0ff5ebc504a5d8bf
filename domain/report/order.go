package report

import (
	"cmp"
	"math/big"
	"slices"
)

// Figure is a column of figures that rows can be ordered by; its words are those of the API.
type Figure string

// The figures.
const (
	FigureClicks      Figure = "clicks"
	FigureUnique      Figure = "unique_clicks"
	FigureInvalid     Figure = "invalid_clicks"
	FigureConversions Figure = "conversions"
	FigureApproved    Figure = "approved"
	FigurePending     Figure = "pending"
	FigureRejected    Figure = "rejected"
	FigureCR          Figure = "cr"
	FigureEPC         Figure = "epc"
	FigureRevenue     Figure = "revenue"
	FigureCommission  Figure = "commission"
	FigureProfit      Figure = "profit"
)

// Order puts rows in the order of a figure, the largest first where falling; equal ones stay as they were. Money of
// different currencies cannot be compared: the rows of one currency stay together. An unknown figure changes nothing.
func Order(rows []Row, by Figure, falling bool) {
	compare := comparison(by)
	if compare == nil {
		return
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		if by.money() && a.Currency != b.Currency {
			return cmp.Compare(a.Currency, b.Currency)
		}
		if falling {
			return compare(b, a)
		}
		return compare(a, b)
	})
}

func (f Figure) money() bool {
	return f == FigureEPC || f == FigureRevenue || f == FigureCommission || f == FigureProfit
}

func comparison(by Figure) func(a, b Row) int {
	count := func(of func(Row) int64) func(a, b Row) int {
		return func(a, b Row) int { return cmp.Compare(of(a), of(b)) }
	}
	sum := func(of func(Row) Sum) func(a, b Row) int {
		return func(a, b Row) int { return of(a).Minor().Cmp(of(b).Minor()) }
	}
	ratio := func(of func(Row) *big.Int) func(a, b Row) int {
		return func(a, b Row) int { return perClick(a, of).Cmp(perClick(b, of)) }
	}
	switch by {
	case FigureClicks:
		return count(func(r Row) int64 { return r.Clicks })
	case FigureUnique:
		return count(func(r Row) int64 { return r.UniqueClicks })
	case FigureInvalid:
		return count(func(r Row) int64 { return r.InvalidClicks })
	case FigureConversions:
		return count(func(r Row) int64 { return r.Conversions })
	case FigureApproved:
		return count(func(r Row) int64 { return r.Approved })
	case FigurePending:
		return count(func(r Row) int64 { return r.Pending })
	case FigureRejected:
		return count(func(r Row) int64 { return r.Rejected })
	case FigureRevenue:
		return sum(func(r Row) Sum { return r.Revenue })
	case FigureCommission:
		return sum(func(r Row) Sum { return r.Commission })
	case FigureProfit:
		return sum(Row.Profit)
	case FigureCR:
		return ratio(func(r Row) *big.Int { return big.NewInt(r.Conversions) })
	case FigureEPC:
		return ratio(func(r Row) *big.Int { return r.Commission.Minor() })
	}
	return nil
}

// perClick is a figure for one click, exactly; 0 without clicks, as CR and EPC are.
func perClick(r Row, of func(Row) *big.Int) *big.Rat {
	if r.Clicks == 0 {
		return new(big.Rat)
	}
	return new(big.Rat).SetFrac(of(r), big.NewInt(r.Clicks))
}
