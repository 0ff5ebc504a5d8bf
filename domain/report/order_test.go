package report_test

import (
	"math/big"
	"testing"

	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
)

func TestOrder(t *testing.T) {
	t.Parallel()
	row := func(name string, currency money.Currency, clicks, conversions, commission, revenue int64) report.Row {
		return report.Row{Keys: []report.Key{{Text: name}}, Currency: currency, Clicks: clicks, Conversions: conversions,
			Commission: report.NewSum(big.NewInt(commission), currency), Revenue: report.NewSum(big.NewInt(revenue), currency)}
	}
	rows := func() []report.Row {
		return []report.Row{row("a", "USD", 10, 1, 100, 400), row("b", "USD", 0, 5, 300, 310), row("c", "EUR", 4, 2, 200, 200), row("d", "USD", 10, 1, 50, 60)}
	}
	for _, c := range []struct {
		by      report.Figure
		falling bool
		want    string
	}{
		{report.FigureClicks, true, "adcb"}, {report.FigureClicks, false, "bcad"},
		{report.FigureConversions, true, "bcad"},
		{report.FigureCommission, true, "cbad"}, // the rows of one currency together
		{report.FigureProfit, true, "cabd"}, {report.FigureProfit, false, "cbda"},
		{report.FigureCR, true, "cadb"}, // without clicks it is 0
		{report.FigureEPC, true, "cadb"},
		{"planet", true, "abcd"},
	} {
		all := rows()
		report.Order(all, c.by, c.falling)
		got := ""
		for _, r := range all {
			got += r.Keys[0].Text
		}
		if got != c.want {
			t.Errorf("by %s, falling %t: %s, want %s", c.by, c.falling, got, c.want)
		}
	}
}
