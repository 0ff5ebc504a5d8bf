package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/errs"
)

// Where a request that changes something shows that it comes from a page of ours.
const (
	CSRFField  = "csrf"
	CSRFHeader = "X-CSRF-Token" // of htmx
)

// CSRFToken is what forms carry: derived from the secret in the browser's cookie, which a foreign page cannot read. It is
// another one each time, so that the length of a compressed page does not give it away (BREACH).
func CSRFToken(secret string) string {
	var token [2 * sha256.Size]byte
	_, _ = rand.Read(token[:sha256.Size]) // never fails (Go 1.24)
	subtle.XORBytes(token[sha256.Size:], token[:sha256.Size], csrfKey(secret))
	return base64.RawURLEncoding.EncodeToString(token[:])
}

func csrfKey(secret string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("waypost csrf"))
	return mac.Sum(nil)
}

// isCSRFToken tells a token of the secret.
func isCSRFToken(sent, secret string) bool {
	token, err := base64.RawURLEncoding.DecodeString(sent)
	if err != nil || len(token) != 2*sha256.Size || secret == "" {
		return false
	}
	subtle.XORBytes(token, token[:sha256.Size], token[sha256.Size:])
	return subtle.ConstantTimeCompare(token[:sha256.Size], csrfKey(secret)) == 1
}

// CSRF tells requests of our own pages from forged ones.
type CSRF struct{ origins *http.CrossOriginProtection }

// NewCSRF makes it. publicURL is the address that browsers know us by; it counts as our origin also where a proxy
// hands on another Host.
func NewCSRF(publicURL string) (CSRF, error) {
	origins := http.NewCrossOriginProtection()
	if publicURL != "" {
		if err := origins.AddTrustedOrigin(publicURL); err != nil {
			return CSRF{}, fmt.Errorf("read public URL: %w", err)
		}
	}
	return CSRF{origins}, nil
}

// Check refuses a request that may change something unless the browser says that one of our pages sent it
// (Sec-Fetch-Site, else Origin) and it carries the token of the secret. Errors: forged_request.
func (x CSRF) Check(c echo.Context, secret string) error {
	r := c.Request()
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	forged := errs.Forbidden("forged_request", "this form is too old, or was sent by another site: go back, reload the page and send it again")
	if err := x.origins.Check(r); err != nil {
		return forged.Because(err)
	}
	sent := r.Header.Get(CSRFHeader)
	if sent == "" {
		if err := readForm(r); err != nil {
			return err
		}
		sent = r.PostForm.Get(CSRFField) // never the query: that is logged
	}
	if !isCSRFToken(sent, secret) {
		return forged
	}
	return nil
}

// maxFormMemory is how much of a form with files is kept in memory, in bytes.
const maxFormMemory = 1 << 20

// readForm reads the body of a form into r.PostForm.
func readForm(r *http.Request) error {
	err := r.ParseForm()
	if err == nil && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(maxFormMemory)
	}
	if err != nil {
		return badForm(err)
	}
	return nil
}
