package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/trace"
)

const tagLog = "Incoming log"

func (s *service) logRoutes() {
	register(s, op{"list-postback-log", http.MethodGet, "/postback-log", "List incoming postbacks, refused ones included", tagLog, 0, nil}, s.listLog)
	register(s, op{"get-postback-log", http.MethodGet, "/postback-log/{id}", "Read an incoming postback", tagLog, 0, nil}, s.getLog)
}

// logBody is a call to /postback and what became of it. What the advertiser pays is cut out of an affiliate's query.
type logBody struct {
	ID               string    `json:"id"`
	ReceivedAt       time.Time `json:"received_at"`
	Method           string    `json:"method"`
	Query            string    `json:"query" doc:"Query and body as one text, secrets masked"`
	IP               string    `json:"ip"`
	HTTPStatus       int       `json:"http_status"`
	Status           string    `json:"status" enum:"recorded,updated,duplicate,queued,refused"`
	Code             string    `json:"code"`
	Message          string    `json:"message"`
	Warnings         []string  `json:"warnings"`
	ClickID          *string   `json:"click_id" nullable:"true"`
	ConversionID     *string   `json:"conversion_id" nullable:"true"`
	ConversionStatus *string   `json:"conversion_status" nullable:"true" doc:"As it is now"`
}

func (s *service) newLogBody(l conversion.LogEntry, v view) logBody {
	b := logBody{ID: l.ID.String(), ReceivedAt: moment(l.ReceivedAt), Method: l.Method, Query: l.Query, IP: l.IP,
		HTTPStatus: l.HTTPStatus, Status: string(l.Status), Code: l.Code, Message: l.Message,
		Warnings: append([]string{}, l.Warnings...), ConversionStatus: optionalText(l.ConversionStatus)}
	if !v.revenue() {
		b.Query = trace.WithoutRevenue(l.Query)
	}
	if !l.ClickID.IsZero() {
		text := s.Clicks.Text(l.ClickID)
		b.ClickID = &text
	}
	if !l.ConversionID.IsZero() {
		b.ConversionID = optionalText(l.ConversionID.String())
	}
	return b
}

type logList struct {
	Paging
	Period
	ClickID string `query:"click_id" maxLength:"64"`
	Status  string `query:"status" enum:"recorded,updated,duplicate,queued,refused"`
	Code    string `query:"code" maxLength:"100"`
}

func (s *service) listLog(ctx context.Context, actor account.Actor, in *logList) (*list[logBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	clickID, err := s.clickFilter(in.ClickID)
	if err != nil {
		return nil, err
	}
	f := conversion.LogFilter{From: from, To: to, ClickID: clickID, Status: conversion.Outcome(in.Status), Code: in.Code}
	found, err := s.Conversions.LogList(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, func(l conversion.LogEntry) logBody { return s.newLogBody(l, viewOf(actor)) }), nil
}

type logID struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *service) getLog(ctx context.Context, actor account.Actor, in *logID) (*one[logBody], error) {
	id, ok := domain.ParseUUID(in.ID)
	if !ok {
		return nil, noSuch("incoming postback")
	}
	l, err := s.Conversions.LogGet(ctx, actor, conversion.LogID{UUID: id})
	if err != nil {
		return nil, err
	}
	return &one[logBody]{s.newLogBody(l, viewOf(actor))}, nil
}
