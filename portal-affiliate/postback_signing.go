package portalaffiliate

import (
	"net/http"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// signingView is the card of a POST's signing secret.
type signingView struct {
	path, csrf string
	secret     string // empty until it is asked for
	until      string // when the secret before the last rotation stops signing; empty = it does not sign
	locked     bool
	samples    []ui.Sample
	confirm    ui.ConfirmBox
}

func signingOf(f *portal.Frame, one postback.Postback, secret string) *signingView {
	v := &signingView{path: postbackPath(f, one.ID), csrf: f.CSRF, secret: secret, locked: !mayWrite(f), samples: verifications}
	if f.Echo.QueryParam("secret") == "show" && !v.locked {
		v.secret = one.SigningSecret
	}
	if one.PreviousUntil.After(f.Now) {
		v.until = f.Time(one.PreviousUntil)
	}
	v.confirm = ui.ConfirmBox{ID: "rotate", Title: "Rotate the signing secret?", Action: v.path + "/rotate", CSRF: f.CSRF, Verb: "Rotate secret",
		Text: "Every call carries two signatures for 24 hours, under the new secret and the old one, so that your server can change over without a refusal. A second rotation ends the oldest at once."}
	return v
}

// secret answers "Show secret".
func (p postbackPages) secret(f *portal.Frame) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	if !mayWrite(f) {
		return errs.Forbidden("forbidden", "only who may change a postback sees its signing secret")
	}
	if !f.Part() {
		return f.Redirect(postbackPath(f, one.ID) + "?secret=show#signing")
	}
	return f.RenderPart(http.StatusOK, signingSecret(*signingOf(f, one, one.SigningSecret)))
}

func (p postbackPages) rotate(f *portal.Frame) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	if _, err := p.postbacks.RotateSecret(f.Context(), f.Actor, one.ID); err != nil {
		return err
	}
	f.Flash(ui.OK, "The signing secret was rotated. The old one signs too for 24 hours: change your server over before then.")
	return f.Redirect(postbackPath(f, one.ID) + "?secret=show#signing")
}

// verifications check a signature as the Standard Webhooks specification says, in the languages of trackers.
var verifications = []ui.Sample{
	{Language: "Node", Code: `const crypto = require('crypto');

// body: the raw text of the request, before any JSON is parsed
function verify(secret, headers, body) {
  const at = Number(headers['webhook-timestamp']);
  if (Math.abs(Date.now() / 1000 - at) > 300) return false; // a replay
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const want = crypto.createHmac('sha256', key)
    .update(headers['webhook-id'] + '.' + at + '.' + body).digest();
  return headers['webhook-signature'].split(' ').some(one => {
    const got = Buffer.from(one.replace('v1,', ''), 'base64');
    return got.length === want.length && crypto.timingSafeEqual(got, want);
  });
}`},
	{Language: "PHP", Code: `<?php
// $body = file_get_contents('php://input');
function verify(string $secret, array $headers, string $body): bool {
  $at = (int) $headers['webhook-timestamp'];
  if (abs(time() - $at) > 300) return false; // a replay
  $key = base64_decode(substr($secret, strlen('whsec_')));
  $want = 'v1,' . base64_encode(hash_hmac('sha256',
    $headers['webhook-id'] . '.' . $at . '.' . $body, $key, true));
  foreach (explode(' ', $headers['webhook-signature']) as $got)
    if (hash_equals($want, $got)) return true;
  return false;
}`},
	{Language: "Python", Code: `import base64, hashlib, hmac, time

def verify(secret: str, headers, body: bytes) -> bool:
    at = headers["webhook-timestamp"]
    if abs(time.time() - int(at)) > 300:
        return False  # a replay
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{at}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(want, got) for got in headers["webhook-signature"].split())`},
	{Language: "Go", Code: `func verify(secret string, h http.Header, body []byte) bool {
	at, err := strconv.ParseInt(h.Get("Webhook-Timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return false // a replay
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", h.Get("Webhook-Id"), at, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for got := range strings.SplitSeq(h.Get("Webhook-Signature"), " ") {
		if hmac.Equal([]byte(got), []byte(want)) {
			return true
		}
	}
	return false
}`},
}
