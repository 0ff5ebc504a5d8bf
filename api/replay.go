package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

const replayPath = "/postback-log/{id}/replay"

// replayRoutes stand below the incoming log. A replay answers like /postback: its statuses carry a call's answer, beside
// the problems that every route may answer.
func (s *service) replayRoutes() {
	register(s, op{"replay-postback", http.MethodPost, replayPath, "Decide a refused call again, as it came; answers like /postback", tagLog, 0, []int{409}}, s.replay)
	register(s, op{"replay-postbacks", http.MethodPost, "/postback-log/replay", "Decide all refused calls of a filter again, oldest first", tagLog, 0, nil}, s.replayMany)
	document := s.api.OpenAPI()
	operation := document.Paths[replayPath].Post
	answer := operation.Responses["200"].Content["application/json"]
	for _, status := range []int{202, 400, 401, 403, 404, 409, 422} {
		code := strconv.Itoa(status)
		if operation.Responses[code] == nil {
			operation.Responses[code] = &huma.Response{Description: http.StatusText(status)}
		}
		r := operation.Responses[code]
		if r.Content == nil {
			r.Content = map[string]*huma.MediaType{}
		}
		r.Content["application/json"] = &huma.MediaType{Schema: answer.Schema}
	}
}

type replayAnswer struct {
	Status int
	Body   callAnswer
}

func (s *service) replay(ctx context.Context, actor account.Actor, in *logID) (*replayAnswer, error) {
	id, err := in.parse()
	if err != nil {
		return nil, err
	}
	r, err := s.Conversions.Replay(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	return &replayAnswer{Status: r.HTTPStatus, Body: newCallAnswer(r)}, nil
}

type replayFilter struct {
	Body struct {
		From         string        `json:"from,omitempty" maxLength:"40" doc:"Received at this time or later: RFC 3339, or a date in UTC"`
		To           string        `json:"to,omitempty" maxLength:"40" doc:"Received before this time: RFC 3339, or a date in UTC, which is included"`
		ClickID      string        `json:"click_id,omitempty" maxLength:"64" doc:"Only of this click"`
		OfferID      offer.ID      `json:"offer_id,omitempty" minimum:"1" doc:"Only of this offer"`
		AffiliateID  affiliate.ID  `json:"affiliate_id,omitempty" minimum:"1" doc:"Only of this affiliate"`
		AdvertiserID advertiser.ID `json:"advertiser_id,omitempty" minimum:"1" doc:"Only of this advertiser"`
		Status       string        `json:"status,omitempty" enum:"refused,queued" doc:"Both if left out"`
		Code         string        `json:"code,omitempty" maxLength:"100" example:"goal_not_found" doc:"Why they were refused"`
		IP           string        `json:"ip,omitempty" maxLength:"64" doc:"Where they came from"`
	}
}

type replayedBody struct {
	Count    int        `json:"count" doc:"Calls that were decided again"`
	Recorded int        `json:"recorded" doc:"Of them: accepted now, those included that repeat another"`
	Refused  int        `json:"refused" doc:"Of them: refused again"`
	Queued   int        `json:"queued" doc:"Of them: still waiting for their click"`
	More     bool       `json:"more" doc:"Calls are left that one request does not do: ask again with from = last_received_at"`
	Last     *time.Time `json:"last_received_at" nullable:"true" doc:"When the newest of them was received"`
}

func (s *service) replayMany(ctx context.Context, actor account.Actor, in *replayFilter) (*one[replayedBody], error) {
	f := conversion.LogFilter{OfferID: in.Body.OfferID, AffiliateID: in.Body.AffiliateID, AdvertiserID: in.Body.AdvertiserID,
		Status: conversion.Outcome(in.Body.Status), Code: in.Body.Code, IP: in.Body.IP}
	var err error
	if f.From, err = instant(in.Body.From, 0, "body.from"); err != nil {
		return nil, err
	}
	if f.To, err = instant(in.Body.To, 1, "body.to"); err != nil {
		return nil, err
	}
	if in.Body.ClickID != "" {
		if f.ClickID, err = s.Clicks.Parse(in.Body.ClickID); err != nil {
			return nil, errs.Invalid("malformed_clickid", "is no click id of this network").At("body.click_id")
		}
	}
	done, err := s.Conversions.Replays(ctx, actor, f)
	if err != nil {
		return nil, err
	}
	return &one[replayedBody]{replayedBody{Count: done.Count, Recorded: done.Recorded, Refused: done.Refused, Queued: done.Queued,
		More: done.More, Last: optionalTime(done.Last)}}, nil
}
