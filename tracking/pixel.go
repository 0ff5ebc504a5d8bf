package tracking

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/conversion"
)

// Pixels are calls that a visitor's browser makes from the advertiser's thank-you page. They are decided like postbacks;
// the answer is what the page asked for: a picture, a page, a script. What became of the call stands in the headers
// Waypost-Status and Waypost-Code. The script is the answer to the call, it makes none: it tells the page, by an event
// "waypost" of the window.

// gif is a transparent picture of one pixel.
var gif = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

const (
	framePage = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Pixel</title></html>\n"
	// framePolicy lets any page frame the empty one.
	framePolicy = "default-src 'none'; base-uri 'none'; form-action 'none'"
)

func (t *Tracking) pixelImage(c echo.Context) error {
	result, err := t.pixel(c)
	if err != nil {
		return err
	}
	return c.Blob(result.HTTPStatus, "image/gif", gif)
}

func (t *Tracking) pixelFrame(c echo.Context) error {
	result, err := t.pixel(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Security-Policy", framePolicy)
	return c.HTML(result.HTTPStatus, framePage)
}

func (t *Tracking) pixelScript(c echo.Context) error {
	result, err := t.pixel(c)
	if err != nil {
		return err
	}
	// Any page may load the script, so it tells nothing that is the visitor's own, such as the click id.
	detail, err := json.Marshal(map[string]string{"status": string(result.Status), "code": result.Code})
	if err != nil {
		return err
	}
	script := "window.dispatchEvent(new CustomEvent(\"waypost\", {detail: " + string(detail) + "}));\n"
	return c.Blob(result.HTTPStatus, "text/javascript; charset=utf-8", []byte(script))
}

// pixel decides the call and sets the headers of its answer. A queued call is 200 to a browser: there is nothing to come
// back for.
func (t *Tracking) pixel(c echo.Context) (conversion.Result, error) {
	result, err := t.call(c)
	if result.HTTPStatus == http.StatusAccepted {
		result.HTTPStatus = http.StatusOK
	}
	h := c.Response().Header()
	h.Set("Waypost-Status", string(result.Status))
	h.Set("Waypost-Code", result.Code)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return result, err
}
