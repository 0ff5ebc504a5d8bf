package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/conversion"
)

func (s *service) rehearsalRoutes() {
	register(s, op{"rehearse-postback", http.MethodPost, "/advertisers/{id}/test-postback", "Send a postback in an advertiser's place, with test = 1", tagAdvertisers, 0, []int{429}}, s.rehearse)
}

// rehearsalInput is a postback as an advertiser would send it.
type rehearsalInput struct {
	ID   advertiser.ID `path:"id" doc:"Id of the advertiser"`
	Body struct {
		ClickID string `json:"click_id,omitempty" maxLength:"64" doc:"A click on one of its offers"`
		Goal    string `json:"goal,omitempty" maxLength:"100" example:"sale" doc:"Alias or id of a goal; the offer's default if left out"`
		Val     string `json:"val,omitempty" maxLength:"40" example:"99.99" doc:"Value of the sale"`
		Com     string `json:"com,omitempty" maxLength:"40" example:"7.50" doc:"Commission that it names"`
		Payout  string `json:"payout,omitempty" maxLength:"40" example:"9.00" doc:"Revenue that it names"`
		TxID    string `json:"txid,omitempty" maxLength:"255" doc:"Order id; the same one again repeats the first call"`
		Status  string `json:"status,omitempty" maxLength:"100" example:"approved" doc:"Ours, or the advertiser's word for it"`
		Coupon  string `json:"coupon,omitempty" maxLength:"100" doc:"In place of a click"`
		Param   string `json:"param,omitempty" maxLength:"255" example:"" doc:"Free text"`
	}
}

// rehearsalBody is what was sent, and what /postback answered to it.
type rehearsalBody struct {
	Sent       string     `json:"sent" example:"clickid=01kjvktcmke0nbzgbyd1cmrt6m3k9w7d&val=99.99&test=1&token=***" doc:"Query of the call, its secrets masked"`
	HTTPStatus int        `json:"http_status" example:"200" doc:"HTTP status that an advertiser's server would have got"`
	Answer     callAnswer `json:"answer" doc:"As /postback answers"`
}

func (s *service) rehearse(ctx context.Context, actor account.Actor, in *rehearsalInput) (*one[rehearsalBody], error) {
	a, err := s.Advertisers.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	sent, r, err := s.Conversions.Rehearse(ctx, actor, a, conversion.Rehearsal{ClickID: strings.ToLower(b.ClickID), Goal: b.Goal, Val: b.Val, Com: b.Com,
		Payout: b.Payout, TxID: b.TxID, Status: b.Status, Coupon: b.Coupon, Param: b.Param})
	if err != nil {
		return nil, err
	}
	return &one[rehearsalBody]{rehearsalBody{Sent: sent, HTTPStatus: r.HTTPStatus, Answer: newCallAnswer(r)}}, nil
}

// newCallAnswer is what a call is answered.
func newCallAnswer(r conversion.Result) callAnswer {
	a := r.Answer()
	return callAnswer{Status: string(a.Status), Code: a.Code, Message: a.Message, ConversionID: a.ConversionID, ClickID: a.ClickID,
		ConversionStatus: optionalText(r.ConversionStatus), Warnings: a.Warnings}
}
