package demo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/money"
)

// pair is a parameter of a call, by our name.
type pair struct{ name, value string }

// compose is a call of a company's system, now: in its form, with its names, and proved as it proves itself.
func (w *world) compose(c *company, pairs ...pair) conversion.Call {
	call := conversion.Call{Method: "GET", Path: "/postback", IP: c.ip, ReceivedAt: w.Clock.Now()}
	var sent []pair
	for _, p := range pairs {
		if p.value == "" {
			continue
		}
		if p.name == "status" && c.words[p.value] != "" {
			p.value = c.words[p.value]
		}
		if name := c.names[p.name]; name != "" {
			p.name = name
		}
		sent = append(sent, p)
	}
	if c.PostbackAuth == advertiser.AuthToken {
		sent = append(sent, pair{"token", c.PostbackToken})
	}
	switch c.sends {
	case byForm:
		call.Method, call.ContentType, call.Body = "POST", "application/x-www-form-urlencoded", []byte(encode(sent))
	case byJSON:
		object := make([]string, len(sent))
		for i, p := range sent {
			name, _ := json.Marshal(p.name)
			value, _ := json.Marshal(p.value)
			object[i] = string(name) + ":" + string(value)
		}
		call.Method, call.ContentType, call.Body = "POST", "application/json", []byte("{"+strings.Join(object, ",")+"}")
	default:
		call.RawQuery = encode(sent)
	}
	if c.PostbackAuth == advertiser.AuthHMAC {
		call.RawQuery += fmt.Sprintf("&ts=%d", call.ReceivedAt.Unix())
		mac := hmac.New(sha256.New, []byte(c.PostbackToken))
		mac.Write([]byte(call.RawQuery))
		call.RawQuery += "&sig=" + hex.EncodeToString(mac.Sum(nil))
	}
	return call
}

func encode(pairs []pair) string {
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.name) + "=" + url.QueryEscape(p.value))
	}
	return b.String()
}

// record gives calls to the service as the door of package tracking does, 20 ms after one another.
func (w *world) record(ctx context.Context, calls ...conversion.Call) ([]conversion.Result, error) {
	at := w.Clock.Now()
	for i := range calls {
		calls[i].ReceivedAt = at.Add(time.Duration(i) * 20 * time.Millisecond)
		id, err := domain.NewUUID(calls[i].ReceivedAt, w.Random)
		if err != nil {
			return nil, err
		}
		calls[i].ID = conversion.LogID{UUID: id}
	}
	if len(calls) > 0 {
		w.Clock.set(calls[len(calls)-1].ReceivedAt.Add(4 * time.Millisecond))
	}
	results := w.Conversions.RecordBatch(ctx, calls)
	for i, r := range results {
		if r.Err != nil {
			return nil, fmt.Errorf("record %s?%s: %w", calls[i].Path, calls[i].RawQuery, r.Err)
		}
		w.sum.Calls++
		switch r.Status {
		case conversion.OutcomeRecorded:
			w.sum.Conversions++
			w.changed = true
		case conversion.OutcomeUpdated:
			w.changed = true
		case conversion.OutcomeRefused:
			w.sum.Refusals++
		}
	}
	return results, nil
}

// units writes an amount of minor units as people and systems do.
func units(minor int64, c money.Currency) string {
	digits := c.Exponent()
	if digits == 0 {
		return fmt.Sprint(minor)
	}
	s := fmt.Sprintf("%0*d", digits+1, minor)
	return s[:len(s)-digits] + "." + s[len(s)-digits:]
}
