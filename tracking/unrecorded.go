package tracking

import (
	"net/http"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

// judgeUnrecorded answers a call that is in the spool but could not be decided now, usually because the database is away:
// refused, where the call itself shows that it can never be accepted, else queued. The loader records it later in either case, so that
// it appears in the incoming log.
func (t *Tracking) judgeUnrecorded(call conversion.Call) conversion.Result {
	result := t.judge(call)
	if call.AlwaysOK {
		result.HTTPStatus = http.StatusOK
	}
	return result
}

func (t *Tracking) judge(call conversion.Call) conversion.Result {
	sent, invalid := conversion.ParseSent(call)
	if invalid != nil {
		return refuse(sent, http.StatusBadRequest, invalid)
	}
	if sent.ClickID != "" || sent.Params.Coupon == "" {
		if _, e := conversion.Identify(sent, t.Signer, call.ReceivedAt); e != nil {
			return refuse(sent, http.StatusBadRequest, e)
		}
	}
	if status, e := t.checkToken(sent.Token); e != nil {
		return refuse(sent, status, e)
	}
	for _, n := range []struct{ name, value string }{
		{"val", sent.Val}, {"com", sent.Com}, {"comperc", sent.ComPerc}, {"payout", sent.Payout},
	} {
		if _, ok := money.ParseSent(n.value); n.value != "" && !ok {
			return refuse(sent, http.StatusBadRequest, errs.Invalid("invalid_"+n.name, "%s must be a plain decimal such as 12.34", n.name))
		}
	}
	return conversion.Result{Status: conversion.OutcomeQueued, Code: conversion.CodeOK, HTTPStatus: http.StatusAccepted,
		Message: "stored; it could not be decided at once and will be as soon as possible", ClickID: sent.ClickID, Warnings: sent.Warnings}
}

// checkToken asks whether any advertiser has this token, by the hashes in the routing catalogue. The click's advertiser
// is not known here. Where some advertiser proves itself in another way, a call without a fitting token may be its.
func (t *Tracking) checkToken(token string) (int, *errs.Error) {
	routing := t.Routing.Current()
	if routing.Sender(token) != nil || !routing.OnlyTokens() {
		return 0, nil
	}
	if token == "" {
		return http.StatusUnauthorized, errs.Unauthenticated("missing_token", "the call needs the parameter token, the advertiser's secret")
	}
	return http.StatusForbidden, errs.Forbidden("invalid_token", "the token is not that of the click's advertiser")
}

func refuse(sent conversion.Sent, status int, e *errs.Error) conversion.Result {
	return conversion.Result{Status: conversion.OutcomeRefused, Code: e.Code, Message: e.Message, HTTPStatus: status,
		Warnings: sent.Warnings}
}
