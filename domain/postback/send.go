package postback

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"
)

// send makes one try. The result's attempt is never nil.
func (s *Service) send(ctx context.Context, l Lease, watched bool) (Result, Response) {
	d, at := &l.Delivery, s.Clock()
	response := Response{Error: ErrorSigning}
	request, err := newRequest(l, at)
	if err != nil {
		s.Log.ErrorContext(ctx, "cannot sign a delivery", slog.String("delivery_id", d.ID.String()), slog.Any("error", err))
	} else {
		request.Watched = watched
		response = s.Sender.Send(ctx, request)
	}
	now := s.Clock()
	jitter, err := s.jitter()
	if err != nil {
		s.Log.ErrorContext(ctx, "no randomness for a delivery's next try", slog.Any("error", err))
	}
	return Result{DeliveryID: d.ID, PostbackID: d.PostbackID, Fence: l.Fence,
		Outcome: Decide(d.Tries, response, now, jitter),
		Attempt: &Attempt{At: at, URL: MaskURL(d.URL), StatusCode: response.StatusCode, Duration: now.Sub(at),
			Error: response.Class(), ResponseBody: response.Body}}, response
}

func newRequest(l Lease, at time.Time) (Request, error) {
	d := &l.Delivery
	r := Request{Method: d.Method, URL: d.URL, ConversionID: d.ConversionID, Header: map[string]string{HeaderID: d.ID.String()}}
	if d.Method == MethodPOST {
		signature, err := signAll(d.ID.String(), at, d.Body, l.SigningSecret, l.PreviousSecret)
		if err != nil {
			return Request{}, err
		}
		r.Body = d.Body
		r.Header["Content-Type"] = "application/json"
		r.Header[HeaderTimestamp] = strconv.FormatInt(at.Unix(), 10)
		r.Header[HeaderSignature] = signature
	}
	return r, nil
}

// jitter is a random number from 0 up to but not including 1; without randomness it is the middle.
func (s *Service) jitter() (float64, error) {
	var b [8]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		return 0.5, fmt.Errorf("read randomness: %w", err)
	}
	return float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53), nil
}
