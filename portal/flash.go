package portal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/waypost/waypost/ui"
)

const (
	flashCookie = "waypost_flash"
	maxFlash    = 600 // bytes of a message
)

// Flash shows a message on the page that the user is sent to next: the outcome of what was just done.
func (f *Frame) Flash(kind ui.Kind, text string) {
	if len(text) > maxFlash {
		text = text[:maxFlash]
	}
	message, err := json.Marshal(ui.Flash{Kind: kind, Text: text})
	if err != nil { // two texts: cannot fail
		return
	}
	f.setFlash(base64.RawURLEncoding.EncodeToString(append(f.signFlash(message), message...)), 60)
}

// takeFlash is the message that waits, which is then shown no more. One that this session did not write is dropped.
func (f *Frame) takeFlash() []ui.Flash {
	cookie, err := f.Echo.Cookie(flashCookie)
	if err != nil || cookie.Value == "" {
		return nil
	}
	f.setFlash("", -1)
	signed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(signed) <= sha256.Size || !hmac.Equal(signed[:sha256.Size], f.signFlash(signed[sha256.Size:])) {
		return nil
	}
	var flash ui.Flash
	if json.Unmarshal(signed[sha256.Size:], &flash) != nil {
		return nil
	}
	return []ui.Flash{flash}
}

func (f *Frame) signFlash(message []byte) []byte {
	mac := hmac.New(sha256.New, []byte("waypost flash "+f.token))
	mac.Write(message)
	return mac.Sum(nil)
}

func (f *Frame) setFlash(value string, maxAge int) {
	f.Echo.SetCookie(&http.Cookie{Name: flashCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: f.portal.https(), SameSite: http.SameSiteLaxMode})
}
