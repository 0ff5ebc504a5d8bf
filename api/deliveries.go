package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

const tagDeliveries = "Deliveries"

func (s *service) deliveryRoutes() {
	register(s, op{"list-deliveries", http.MethodGet, "/deliveries", "List deliveries to affiliates", tagDeliveries, 0, nil}, s.listDeliveries)
	register(s, op{"get-delivery", http.MethodGet, "/deliveries/{id}", "Read a delivery with its attempts", tagDeliveries, 0, nil}, s.getDelivery)
	register(s, op{"resend-deliveries", http.MethodPost, "/deliveries/resend", "Send all deliveries again that match the filters", tagDeliveries, 0, nil}, s.resendDeliveries)
	register(s, op{"resend-delivery", http.MethodPost, "/deliveries/{id}/resend", "Send a delivery again, under the same id", tagDeliveries, 0, nil}, s.resendDelivery)
}

// deliveryBody is one call that is owed to an affiliate. An advertiser sees neither its address nor the answers.
type deliveryBody struct {
	ID            string        `json:"id" doc:"Id of the delivery, the same on every try: the header Webhook-Id"`
	ConversionID  string        `json:"conversion_id" doc:"The conversion"`
	ClickID       string        `json:"click_id" doc:"The click"`
	PostbackID    postback.ID   `json:"postback_id" doc:"The affiliate's postback"`
	AffiliateID   affiliate.ID  `json:"affiliate_id" doc:"The affiliate"`
	OfferID       offer.ID      `json:"offer_id" doc:"The offer"`
	EventStatus   string        `json:"event_status" doc:"The conversion's status that it tells of"`
	URL           *string       `json:"url,omitempty" doc:"Macros filled, secrets masked"`
	Method        string        `json:"method" enum:"GET,POST" doc:"How it is sent"`
	Status        string        `json:"status" enum:"pending,delivered,retrying,failed,paused" doc:"Where it stands"`
	Reason        *string       `json:"reason" nullable:"true" doc:"Why it failed"`
	Attempts      []attemptBody `json:"attempts" doc:"Every try, oldest first"`
	NextAttemptAt *time.Time    `json:"next_attempt_at" nullable:"true" doc:"When it is tried next; null where it is not"`
	CreatedAt     time.Time     `json:"created_at" doc:"When it came to be owed"`
}

type attemptBody struct {
	Number       int       `json:"number" doc:"1 is the first try"`
	At           time.Time `json:"at" doc:"When it was tried"`
	StatusCode   *int      `json:"status_code" nullable:"true" doc:"null where no answer came"`
	DurationMS   int64     `json:"duration_ms" doc:"How long it took, in milliseconds"`
	Error        *string   `json:"error" nullable:"true" doc:"What went wrong, for people; null where nothing did" example:"the receiver answered 500"`
	ErrorCode    *string   `json:"error_code" nullable:"true" doc:"The same for machines" example:"http_5xx"`
	ResponseBody *string   `json:"response_body,omitempty" doc:"Its beginning"`
}

func (s *service) newDeliveryBody(d postback.Delivery, v view) deliveryBody {
	b := deliveryBody{ID: d.ID.String(), ConversionID: d.ConversionID.String(), ClickID: s.Clicks.Text(d.ClickID),
		PostbackID: d.PostbackID, AffiliateID: d.AffiliateID, OfferID: d.OfferID, EventStatus: string(d.EventStatus),
		URL: shown(v.commission(), d.URL), Method: d.Method, Status: string(d.Status), Reason: optionalText(d.Reason),
		Attempts: make([]attemptBody, 0, len(d.Attempts)), NextAttemptAt: optionalTime(d.NextAttemptAt), CreatedAt: moment(d.CreatedAt)}
	host := ""
	if v.commission() {
		host = d.Host
	}
	for _, a := range d.Attempts {
		attempt := attemptBody{Number: a.Number, At: moment(a.At), DurationMS: a.Duration.Milliseconds(),
			Error: optionalText(a.Error.Sentence(host, a.StatusCode)), ErrorCode: optionalText(a.Error), ResponseBody: shown(v.commission(), a.ResponseBody)}
		if a.StatusCode != 0 {
			attempt.StatusCode = &a.StatusCode
		}
		b.Attempts = append(b.Attempts, attempt)
	}
	return b
}

type deliveryList struct {
	Paging
	Period
	ConversionID string       `query:"conversion_id" maxLength:"64" doc:"Only of this conversion"`
	ClickID      string       `query:"click_id" maxLength:"64" doc:"Only of this click"`
	PostbackID   postback.ID  `query:"postback_id" minimum:"1" doc:"Only of this postback"`
	AffiliateID  affiliate.ID `query:"affiliate_id" minimum:"1" doc:"Only of this affiliate"`
	Status       string       `query:"status" enum:"pending,delivered,retrying,failed,paused" doc:"Only those in this state"`
}

func (s *service) listDeliveries(ctx context.Context, actor account.Actor, in *deliveryList) (*list[deliveryBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	f := postback.DeliveryFilter{PostbackID: in.PostbackID, AffiliateID: in.AffiliateID,
		Status: postback.DeliveryStatus(in.Status), From: from, To: to}
	if f.ClickID, f.ConversionID, err = s.deliveryOrigin(in.ClickID, in.ConversionID, "query."); err != nil {
		return nil, err
	}
	found, err := s.Postbacks.ListDeliveries(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, func(d postback.Delivery) deliveryBody { return s.newDeliveryBody(d, viewOf(actor)) }), nil
}

// deliveryOrigin reads the click and the conversion that a request names; either may be empty.
func (s *service) deliveryOrigin(clickText, conversionText, at string) (clickID click.ID, id conversion.ID, err error) {
	if clickText != "" {
		if clickID, err = s.Clicks.Parse(clickText); err != nil {
			return clickID, id, errs.Invalid("malformed_clickid", "is no click id of this network").At(at + "click_id")
		}
	}
	if conversionText != "" {
		var ok bool
		if id, ok = parseConversionID(conversionText); !ok {
			return clickID, id, errs.Invalid("invalid_id", "is no id of a conversion").At(at + "conversion_id")
		}
	}
	return clickID, id, nil
}

type deliveriesResend struct {
	Body struct {
		From         string       `json:"from,omitempty" maxLength:"40" doc:"Made at this time or later: RFC 3339, or a date in UTC" example:"2026-03-04"`
		To           string       `json:"to,omitempty" maxLength:"40" doc:"Made before this time: RFC 3339, or a date in UTC, which is included"`
		ConversionID string       `json:"conversion_id,omitempty" maxLength:"64" doc:"Only of this conversion"`
		ClickID      string       `json:"click_id,omitempty" maxLength:"64" doc:"Only of this click"`
		PostbackID   postback.ID  `json:"postback_id,omitempty" minimum:"1" doc:"Only of this postback"`
		AffiliateID  affiliate.ID `json:"affiliate_id,omitempty" minimum:"1" doc:"Only of this affiliate"`
		Status       string       `json:"status,omitempty" enum:"pending,delivered,retrying,failed,paused" example:"failed" doc:"Only those in this state"`
		DryRun       bool         `json:"dry_run,omitempty" doc:"Only count"`
	} `doc:"At least one filter. Of several deliveries of one conversion to one postback only the last is sent again."`
}

// countBody is how many things a deed concerned.
type countBody struct {
	Count int `json:"count" doc:"How many conversions or deliveries it concerned"`
}

func (s *service) resendDeliveries(ctx context.Context, actor account.Actor, in *deliveriesResend) (*one[countBody], error) {
	f := postback.DeliveryFilter{PostbackID: in.Body.PostbackID, AffiliateID: in.Body.AffiliateID, Status: postback.DeliveryStatus(in.Body.Status)}
	var err error
	if f.From, err = instant(in.Body.From, 0, "body.from"); err != nil {
		return nil, err
	}
	if f.To, err = instant(in.Body.To, 1, "body.to"); err != nil {
		return nil, err
	}
	if f.ClickID, f.ConversionID, err = s.deliveryOrigin(in.Body.ClickID, in.Body.ConversionID, "body."); err != nil {
		return nil, err
	}
	deed := s.Postbacks.ResendAll
	if in.Body.DryRun {
		deed = s.Postbacks.CountResend
	}
	count, err := deed(ctx, actor, f)
	if err != nil {
		return nil, err
	}
	return &one[countBody]{countBody{count}}, nil
}

type deliveryID struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the delivery"`
}

func (s *service) getDelivery(ctx context.Context, actor account.Actor, in *deliveryID) (*one[deliveryBody], error) {
	return s.delivery(ctx, actor, in, s.Postbacks.GetDelivery)
}

func (s *service) resendDelivery(ctx context.Context, actor account.Actor, in *deliveryID) (*one[deliveryBody], error) {
	return s.delivery(ctx, actor, in, s.Postbacks.Resend)
}

// delivery answers with the delivery that a deed gives.
func (s *service) delivery(ctx context.Context, actor account.Actor, in *deliveryID,
	deed func(context.Context, account.Actor, postback.DeliveryID) (postback.Delivery, error)) (*one[deliveryBody], error) {
	id, ok := domain.ParseUUID(in.ID)
	if !ok {
		return nil, noSuch("delivery")
	}
	d, err := deed(ctx, actor, postback.DeliveryID{UUID: id})
	if err != nil {
		return nil, err
	}
	return &one[deliveryBody]{s.newDeliveryBody(d, viewOf(actor))}, nil
}
