package demo

import (
	"strings"
	"time"

	"github.com/waypost/waypost/domain/postback"
)

// slowness is how long a slow tracker takes.
const slowness = 2500 * time.Millisecond

// Answer is what stands in for the affiliates' trackers says to a call at a path, and how long it takes to.
func Answer(path string) (status int, body string, after time.Duration) {
	switch trouble(path) {
	case troubleDown:
		return 500, "Internal Server Error\n", 0
	case troubleGone:
		return 410, "Gone: this tracker was closed\n", 0
	case troubleRemoved:
		return 404, "Not Found\n", 0
	case troubleSlow:
		return 200, "OK\n", slowness
	}
	return 200, "OK\n", 0
}

func trouble(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}

// answered is what a tracker said in the past: mostly what Answer says, but troubles have a beginning and some an end.
func (w *world) answered(url string, at time.Time) (r postback.Response, took time.Duration) {
	_, rest, _ := strings.Cut(url, "://")
	_, path, _ := strings.Cut(rest, "/")
	took = time.Duration(35+w.draw.IntN(260)) * time.Millisecond
	healthy := postback.Response{StatusCode: 200, Body: "OK\n"}
	var began time.Time
	switch trouble(path) {
	case troubleDown:
		began = w.Now.Add(-20 * time.Hour)
	case troubleRemoved:
		began = w.share(0.82)
	case troubleGone: // it begins after the history
		return healthy, took
	case troubleOutage:
		if began = w.share(0.4); !at.Before(began) && at.Before(began.Add(40*time.Hour)) {
			return postback.Response{Error: postback.ErrorTimeout}, postback.SendLimit
		}
		return healthy, took
	}
	if at.Before(began) {
		return healthy, took
	}
	status, body, after := Answer(path)
	if status == 200 && w.draw.IntN(150) == 0 { // a hiccup
		return postback.Response{StatusCode: 502, Body: "Bad Gateway\n"}, took
	}
	return postback.Response{StatusCode: status, Body: body}, took + after
}
