package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

const tagLog = "Incoming log"

func (s *service) logRoutes() {
	register(s, op{"list-postback-log", http.MethodGet, "/postback-log", "List incoming postbacks, refused ones included", tagLog, 0, nil}, s.listLog)
	register(s, op{"get-postback-log", http.MethodGet, "/postback-log/{id}", "Read an incoming postback", tagLog, 0, nil}, s.getLog)
	s.replayRoutes()
}

// logBody is a call to /postback or a pixel and what became of it. What the advertiser pays, what nothing reads,
// and the address is cut out for an affiliate.
type logBody struct {
	ID               string    `json:"id" doc:"Id of the line"`
	ReceivedAt       time.Time `json:"received_at" doc:"When the call came"`
	Method           string    `json:"method" example:"GET" doc:"GET or POST"`
	Query            string    `json:"query" doc:"Query and body as one text, secrets masked"`
	BodyStart        *string   `json:"body_start,omitempty" doc:"Of a body that cannot be read: its first KiB, secrets masked; empty for others"`
	IP               string    `json:"ip" doc:"Where the call came from; empty for an affiliate"`
	HTTPStatus       int       `json:"http_status" doc:"HTTP status of the answer"`
	Status           string    `json:"status" enum:"recorded,updated,duplicate,queued,refused" doc:"What became of the call"`
	Code             string    `json:"code" example:"ok" doc:"Why, as the caller was told"`
	Message          string    `json:"message" doc:"Why, for people"`
	Warnings         []string  `json:"warnings" doc:"Codes of what was odd although the call was accepted"`
	ClickID          *string   `json:"click_id" nullable:"true" doc:"The click; null where none was found"`
	ConversionID     *string   `json:"conversion_id" nullable:"true" doc:"The conversion; null where there is none"`
	ConversionStatus *string   `json:"conversion_status" nullable:"true" doc:"As it is now"`
	OfferID          *int64    `json:"offer_id" nullable:"true" doc:"The offer; null where none is known"`
	AffiliateID      *int64    `json:"affiliate_id" nullable:"true" doc:"The affiliate; null where none is known"`
	AdvertiserID     *int64    `json:"advertiser_id" nullable:"true" doc:"The advertiser; null where none is known"`
	Preset           *string   `json:"preset" nullable:"true" doc:"Parameter set that the call named"`
	ReadAs           []string  `json:"read_as" doc:"Aliases that were read: name sent = our name" example:"[\"amount=val\"]"`
	Unknown          []string  `json:"unknown" doc:"Names of parameters that nothing reads"`
	Ignored          []string  `json:"ignored" doc:"Amounts that were sent and that the goal's model computes without"`
	Hints            []string  `json:"hints" doc:"What is worth a look although it is no fault, in words"`

	RehearsedRole *string `json:"rehearsed_role" nullable:"true" example:"manager" doc:"Of the user who sent the call from a portal, as a test in the advertiser's place; for a party, operator is any of the network's; null for a call from outside"`
	RehearsedBy   *int64  `json:"rehearsed_by" nullable:"true" doc:"That user; null where it is not yours to know"`
}

// rehearsedRole is the role as a reader may know it: of the network's users, parties learn only that it is one.
func rehearsedRole(r conversion.Rehearser) *string {
	if r.Role.Operator() && r.UserID == 0 {
		return optionalText("operator")
	}
	return optionalText(r.Role)
}

func (s *service) newLogBody(l conversion.LogEntry, v view) logBody {
	if !v.revenue() {
		l = l.ForAffiliate()
	}
	words := func(list []string) []string { return append([]string{}, list...) }
	b := logBody{ID: l.ID.String(), ReceivedAt: moment(l.ReceivedAt), Method: l.Method, Query: l.Query, IP: l.IP,
		BodyStart: shown(v.revenue(), l.BodyStart), HTTPStatus: l.HTTPStatus, Status: string(l.Status), Code: l.Code, Message: l.Message,
		Warnings: words(l.Warnings), ConversionStatus: optionalText(l.ConversionStatus), OfferID: optionalID(l.OfferID),
		AffiliateID: optionalID(l.AffiliateID), AdvertiserID: optionalID(l.AdvertiserID), Preset: optionalText(l.Preset),
		ReadAs: words(l.ReadAs), Unknown: words(l.Unknown), Ignored: words(l.Ignored), Hints: words(l.Hints()),
		RehearsedRole: rehearsedRole(l.Rehearsal), RehearsedBy: optionalID(l.Rehearsal.UserID)}
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
	ClickID      string        `query:"click_id" maxLength:"64" doc:"Only of this click"`
	ConversionID string        `query:"conversion_id" maxLength:"64" doc:"Only of this conversion"`
	OfferID      offer.ID      `query:"offer_id" minimum:"1" doc:"Only of this offer"`
	AffiliateID  affiliate.ID  `query:"affiliate_id" minimum:"1" doc:"Only of this affiliate"`
	AdvertiserID advertiser.ID `query:"advertiser_id" minimum:"1" doc:"Only of this advertiser"`
	Status       string        `query:"status" enum:"recorded,updated,duplicate,queued,refused" doc:"Only with this outcome"`
	Code         string        `query:"code" maxLength:"100" example:"invalid_token" doc:"Only with this code"`
	IP           string        `query:"ip" maxLength:"64" doc:"Where the call came from; finds nothing for an affiliate"`
}

func (s *service) listLog(ctx context.Context, actor account.Actor, in *logList) (*list[logBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	f, err := s.logFilter(in.ClickID, in.ConversionID)
	if err != nil {
		return nil, err
	}
	f.From, f.To, f.Status, f.Code, f.IP = from, to, conversion.Outcome(in.Status), in.Code, in.IP
	f.OfferID, f.AffiliateID, f.AdvertiserID = in.OfferID, in.AffiliateID, in.AdvertiserID
	found, err := s.Conversions.LogList(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, func(l conversion.LogEntry) logBody { return s.newLogBody(l, viewOf(actor)) }), nil
}

// logFilter reads the ids of a filter; "" narrows nothing.
func (s *service) logFilter(clickText, conversionText string) (f conversion.LogFilter, err error) {
	if f.ClickID, err = s.clickFilter(clickText); err != nil || conversionText == "" {
		return f, err
	}
	id, ok := parseConversionID(conversionText)
	if !ok {
		return f, errs.Invalid("invalid_id", "is no id of a conversion").At("query.conversion_id")
	}
	f.ConversionID = id
	return f, nil
}

type logID struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the line"`
}

func (s *service) getLog(ctx context.Context, actor account.Actor, in *logID) (*one[logBody], error) {
	id, err := in.parse()
	if err != nil {
		return nil, err
	}
	l, err := s.Conversions.LogGet(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	return &one[logBody]{s.newLogBody(l, viewOf(actor))}, nil
}

func (in logID) parse() (conversion.LogID, error) {
	id, ok := domain.ParseUUID(in.ID)
	if !ok {
		return conversion.LogID{}, noSuch("incoming postback")
	}
	return conversion.LogID{UUID: id}, nil
}
