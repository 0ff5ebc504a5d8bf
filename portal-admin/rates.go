package portaladmin

import (
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// rateInput is the form of a rate, as it was typed.
type rateInput struct {
	Date  string `form:"date"`
	Base  string `form:"base"`
	Quote string `form:"quote"`
	Rate  string `form:"rate"`
}

type ratesView struct {
	list         listView
	action, csrf string
	fields       []ui.Field
	faults       portal.Faults
	may          bool
}

func (a *admin) rates(f *portal.Frame) error {
	return a.showRates(f, http.StatusOK, rateInput{Date: f.Now.UTC().Format(time.DateOnly), Quote: string(f.Settings.Currency)}, nil)
}

func (a *admin) showRates(f *portal.Frame, status int, in rateInput, x portal.Faults) error {
	var filter struct {
		Base  string `query:"base"`
		Quote string `query:"quote"`
		portal.Paging
	}
	if err := f.Query(&filter); err != nil {
		return err
	}
	read := func(p domain.Page) (domain.Slice[conversion.Rate], error) {
		return a.Conversions.ListRates(f.Context(), f.Actor, conversion.RateFilter{Base: money.Currency(filter.Base), Quote: money.Currency(filter.Quote)}, p)
	}
	if f.WantsFile() {
		return portal.File(f, "exchange-rates", rateColumns(), read)
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	path := f.Path("/rates")
	v := ratesView{action: path, csrf: f.CSRF, faults: x, may: f.May(account.PermissionManageMoney)}
	v.fields = []ui.Field{
		{Name: "date", Label: "Day (UTC)", Type: "date", Value: in.Date, Error: x["date"]},
		{Name: "base", Label: "From", Value: in.Base, Error: x["base"], Options: append([]ui.Option{{Label: "Choose a currency"}}, currencies()...)},
		{Name: "quote", Label: "To", Value: in.Quote, Error: x["quote"], Options: append([]ui.Option{{Label: "Choose a currency"}}, currencies()...)},
		{Name: "rate", Label: "Rate", Value: in.Rate, Error: x["rate"], InputMode: "decimal", Placeholder: "1.0842", Hint: "How much of the second one of the first is. The other way is a rate of its own.", Autocomplete: "off"},
	}
	v.list = listView{Head: ui.Head{Title: "Exchange rates", Lead: "What amounts in other currencies are converted at: the newest rate of the day, or of the 7 days before.",
		Actions: f.Export(portal.Export{Things: "exchange rates", Path: path, Filter: filter, API: "/exchange-rates", Asked: []string{"base", filter.Base, "quote", filter.Quote}})},
		Filter: ui.Filter{ID: "filter", Action: path, ResetHref: path, Selects: []ui.FilterSelect{
			{Field: "base", Label: "From", Any: "From any currency", Value: filter.Base, Options: currencies()}, {Field: "quote", Label: "To", Any: "To any currency", Value: filter.Quote, Options: currencies()}}},
		Pager: portal.Pager(path, filter, filter.Paging, list, "rate")}
	v.list.Filter.Chips = portal.Chips(path, filter, "base", portal.Is("From", filter.Base), "quote", portal.Is("To", filter.Quote))
	v.list.Table = ui.Table{ID: "rates", Name: "Exchange rates", Columns: []ui.Column{{Label: "Day"}, {Label: "Rate", Wide: true}, {Label: "Source", Hide: true}}, Empty: ui.NoResults(path)}
	if len(v.list.Filter.Chips) == 0 {
		v.list.Table.Empty = ui.Empty(ui.Nothing{Icon: "coin", Title: "No exchange rates yet", Text: "You need one as soon as a postback names another currency than its offer's. Until then such conversions wait."})
	}
	for _, r := range list.Items {
		source := "By hand"
		if r.Source == conversion.RateFeed {
			source = "Feed"
		}
		v.list.Table.Rows = append(v.list.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Date.UTC().Format("2 Jan 2006")}, {Text: "1 " + string(r.Base) + " = " + r.Rate.String() + " " + string(r.Quote), Narrow: source}, {Text: source}}})
	}
	return f.Render(status, "Exchange rates", "/rates", ratesPage(v))
}

func rateColumns() []portal.FileColumn[conversion.Rate] {
	type r = conversion.Rate
	return []portal.FileColumn[r]{
		{Name: "date", Text: func(r r) string { return r.Date.UTC().Format(time.DateOnly) }},
		{Name: "base", Text: func(r r) string { return string(r.Base) }},
		{Name: "quote", Text: func(r r) string { return string(r.Quote) }},
		{Name: "rate", Number: true, Text: func(r r) string { return r.Rate.String() }},
		{Name: "source", Text: func(r r) string { return string(r.Source) }},
	}
}

func (a *admin) putRate(f *portal.Frame) error {
	var in rateInput
	err := f.Bind(&in)
	r := conversion.Rate{Base: money.Currency(in.Base), Quote: money.Currency(in.Quote), Source: conversion.RateManual}
	if err == nil {
		if r.Rate, err = money.ParseTyped(in.Rate); err != nil {
			err = at(err, "rate")
		}
	}
	if err == nil {
		if r.Date, err = time.Parse(time.DateOnly, in.Date); err != nil {
			err = badDate()
		}
	}
	if err == nil {
		r, err = a.Conversions.PutRate(f.Context(), f.Actor, r)
	}
	if x, ok := portal.FaultsOf(err); ok {
		return a.showRates(f, http.StatusUnprocessableEntity, in, x)
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "1 "+string(r.Base)+" is "+r.Rate.String()+" "+string(r.Quote)+" on "+r.Date.UTC().Format("2 Jan 2006")+". Conversions that waited for it are computed.")
	return f.Redirect(f.Path("/rates"))
}
