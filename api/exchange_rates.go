package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

const tagRates = "Exchange rates"

func (s *service) rateRoutes() {
	register(s, op{"list-exchange-rates", http.MethodGet, "/exchange-rates", "List exchange rates, newest day first", tagRates, 0, nil}, s.listRates)
	register(s, op{"put-exchange-rate", http.MethodPut, "/exchange-rates", "Set the exchange rate of a day, and compute the conversions that waited for it", tagRates, 0, nil}, s.putRate)
}

// rateBody is what one unit of base is worth on a day.
type rateBody struct {
	Date   string     `json:"date" format:"date" doc:"Day in UTC" example:"2026-03-04"`
	Base   string     `json:"base" doc:"ISO 4217" example:"EUR"`
	Quote  string     `json:"quote" doc:"ISO 4217" example:"USD"`
	Rate   money.Rate `json:"rate" doc:"1 base = rate quote. It counts for this direction alone: the inverse of a rate is never used. A conversion takes the newest rate at most 7 days older than its call; one that waits takes the first of the 7 days after it, where there is none" example:"1.0825"`
	Source string     `json:"source" enum:"manual,feed" doc:"Where the rate comes from"`
}

func newRateBody(r conversion.Rate) rateBody {
	return rateBody{Date: r.Date.Format(time.DateOnly), Base: string(r.Base), Quote: string(r.Quote), Rate: r.Rate, Source: string(r.Source)}
}

type rateList struct {
	Paging
	From  string `query:"from" maxLength:"40" doc:"Of this day or later"`
	To    string `query:"to" maxLength:"40" doc:"Of this day or earlier"`
	Base  string `query:"base" maxLength:"3" doc:"ISO 4217"`
	Quote string `query:"quote" maxLength:"3" doc:"ISO 4217"`
}

func (s *service) listRates(ctx context.Context, actor account.Actor, in *rateList) (*list[rateBody], error) {
	from, to, err := Period{From: in.From, To: in.To}.bounds()
	if err != nil {
		return nil, err
	}
	f := conversion.RateFilter{From: from, To: to, Base: money.Currency(strings.ToUpper(in.Base)), Quote: money.Currency(strings.ToUpper(in.Quote))}
	found, err := s.Conversions.ListRates(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newRateBody), nil
}

type ratePut struct {
	Body struct {
		Date  string               `json:"date" maxLength:"40" doc:"Day in UTC, tomorrow at the latest" example:"2026-03-04"`
		Base  money.Currency       `json:"base" doc:"ISO 4217" example:"EUR"`
		Quote money.Currency       `json:"quote" doc:"ISO 4217" example:"USD"`
		Rate  Optional[money.Rate] `json:"rate" doc:"1 base = rate quote, greater than 0, at most 8 digits after the point" example:"1.0825"`
	}
}

func (s *service) putRate(ctx context.Context, actor account.Actor, in *ratePut) (*one[rateBody], error) {
	r := conversion.Rate{Base: in.Body.Base, Quote: in.Body.Quote, Source: conversion.RateManual}
	in.Body.Rate.to(&r.Rate)
	var err error
	if r.Date, err = time.Parse(time.DateOnly, in.Body.Date); err != nil {
		return nil, errs.Invalid("invalid_date", "must be a day such as 2026-03-04").At("body.date")
	}
	if r, err = s.Conversions.PutRate(ctx, actor, r); err != nil {
		return nil, err
	}
	return &one[rateBody]{newRateBody(r)}, nil
}
