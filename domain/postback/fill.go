package postback

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
)

// EventType is the "type" of a POST's body.
type EventType string

// The events.
const (
	EventCreated       EventType = "conversion.created"
	EventStatusChanged EventType = "conversion.status_changed"
)

// Values gives each macro of click.PostbackMacros its value for one delivery; "" = none. Times are RFC 3339 in UTC,
// {date} is the UTC day of the conversion, {timestamp} Unix seconds of the change. {val} stays empty where the offer
// hides it.
type Values struct {
	change     *conversion.Change
	clickID    string // as clients see it
	deliveryID DeliveryID
	rand       string
}

// NewValues gathers what is not in the change itself.
func NewValues(c *conversion.Change, signer *click.Signer, id DeliveryID, random io.Reader) (*Values, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return &Values{change: c, clickID: signer.Text(c.Conversion.ClickID), deliveryID: id,
		rand: strconv.FormatUint(binary.BigEndian.Uint64(b[:])>>11, 10)}, nil // 53 bits, exact in every reader's number
}

// Value is the value of a macro by its canonical name.
func (v *Values) Value(name string) string {
	c, visit := &v.change.Conversion, &v.change.Click
	switch name {
	case "click_id":
		return v.clickID
	case "aff_click_id":
		return visit.AffClickID
	case "offer_id":
		return strconv.FormatInt(int64(c.OfferID), 10)
	case "affiliate_id":
		return strconv.FormatInt(int64(c.AffiliateID), 10)
	case "source":
		return visit.Source
	case "ip":
		return visit.IP
	case "country":
		return visit.Country
	case "device":
		return visit.Device
	case "os":
		return visit.OS
	case "browser":
		return visit.Browser
	case "language":
		return visit.Language
	case "timestamp":
		return strconv.FormatInt(v.change.At.Unix(), 10)
	case "rand":
		return v.rand
	case "deep_link":
		return visit.DeepLink
	case "creative_id":
		return visit.CreativeID
	case "conversion_id":
		return c.ID.String()
	case "txid":
		return c.TxID
	case "status":
		return string(c.Status)
	case "payout":
		return c.Commission.String()
	case "val":
		if !v.change.Offer.ShowValue {
			return ""
		}
		return c.Val.String()
	case "currency":
		return string(c.Commission.Currency())
	case "goal":
		goal, _ := v.change.Offer.Goal(c.GoalID)
		return goal.Alias
	case "goal_id":
		return strconv.FormatInt(int64(c.GoalID), 10)
	case "offer_name":
		return v.change.Offer.Name
	case "click_time":
		return instant(c.ClickedAt)
	case "conversion_time":
		return instant(c.CreatedAt)
	case "date":
		return c.CreatedAt.UTC().Format(time.DateOnly)
	case "test":
		if c.Test {
			return "1"
		}
		return "0"
	case "delivery_id":
		return v.deliveryID.String()
	}
	return v.numbered(name)
}

// numbered serves sub1…, param1… and event1…. A paramN that was not sent by its own name is the Nth piece of param.
func (v *Values) numbered(name string) string {
	digits := strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 {
		return ""
	}
	params := &v.change.Conversion.Params
	switch strings.TrimSuffix(name, digits) {
	case "sub":
		if n <= click.SubCount {
			return v.change.Click.Subs[n-1]
		}
	case "param":
		if value := params.Values[name]; value != "" {
			return value
		}
		if n <= len(params.Param) {
			return params.Param[n-1]
		}
	case "event":
		return params.Values[name]
	}
	return ""
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// body is the JSON of a POST: type, timestamp and data as the Standard Webhooks specification advises. data holds every
// macro that has a value, as text.
func (v *Values) body() (string, error) {
	event := EventStatusChanged
	if v.change.Created {
		event = EventCreated
	}
	data := map[string]string{}
	for _, m := range click.PostbackMacros.Names() {
		if value := v.Value(m.Name); value != "" && !slices.Contains(unfitForBody, m.Name) {
			data[m.Name] = value
		}
	}
	b, err := json.Marshal(struct {
		Type      EventType         `json:"type"`
		Timestamp string            `json:"timestamp"`
		Data      map[string]string `json:"data"`
	}{event, instant(v.change.At), data})
	if err != nil {
		return "", fmt.Errorf("render body: %w", err)
	}
	return string(b), nil
}

// unfitForBody are macros that only serve URLs.
var unfitForBody = []string{"rand", "timestamp"}

// newDelivery is the call that postback p owes because of a change.
func newDelivery(p *Postback, v *Values) (Delivery, error) {
	c := &v.change.Conversion
	d := Delivery{ID: v.deliveryID, CreatedAt: v.deliveryID.Time(), PostbackID: p.ID, AffiliateID: c.AffiliateID,
		OfferID: c.OfferID, ConversionID: c.ID, ClickID: c.ClickID, EventStatus: c.Status, Method: p.Method,
		URL: click.PostbackMacros.Parse(p.URL).Fill(v.Value), Status: DeliveryPending}
	d.Host = hostOf(p.URL)
	if p.Method == MethodPOST {
		var err error
		if d.Body, err = v.body(); err != nil {
			return Delivery{}, err
		}
	}
	return d, nil
}
