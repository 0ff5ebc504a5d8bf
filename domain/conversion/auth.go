package conversion

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/errs"
)

// signatureAge is how far a signature's time may lie from ours, either way (contract section 3, HMAC).
const signatureAge = 5 * time.Minute

// Authenticate tells whether the call may speak for the advertiser: by the form that the advertiser chose, and from an
// allowed address wherever a list of them is set. Nil is yes.
func Authenticate(a advertiser.Advertiser, c Call, s Sent) *errs.Error {
	switch a.PostbackAuth {
	case advertiser.AuthNone, advertiser.AuthIP:
	case advertiser.AuthHMAC:
		if err := checkSignatures(a.PostbackToken, c); err != nil {
			return err
		}
	default: // token, and whatever is unknown, for an unknown form must not open the door
		if s.Token == "" {
			return errs.Unauthenticated("missing_token", "token is missing; send the secret of your advertiser account as token")
		}
		if a.PostbackToken == "" {
			return errs.Forbidden("invalid_token", "the token of the click's advertiser is missing or cannot be read here; its network can mend that and replay the call")
		}
		if !sameSecret(s.Token, a.PostbackToken) {
			return errs.Forbidden("invalid_token", "token is not that of the click's advertiser")
		}
	}
	if !c.Rehearsal.IsZero() && c.InPlaceOf == a.ID { // by who may: the address says nothing of the advertiser's server
		return nil
	}
	if (len(a.IPAllowlist) > 0 || a.PostbackAuth == advertiser.AuthIP) && !addressAllowed(c.IP, a.IPAllowlist) {
		return errs.Forbidden("ip_not_allowed", "calls from this address are not allowed for the click's advertiser")
	}
	return nil
}

// Unauthenticated tells the codes of calls that did not prove who sends them; a coupon that nobody has is among them, for
// who tries codes must meet a limit too.
func Unauthenticated(code string) bool {
	switch code {
	case "missing_token", "missing_signature", "invalid_token", "invalid_signature", "ip_not_allowed", "coupon_not_found":
		return true
	}
	return false
}

// sameSecret compares in a time that tells nothing, not even the length. An empty secret equals nothing.
func sameSecret(got, want string) bool {
	g, w := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(g[:], w[:]) == 1 && want != ""
}

// checkSignatures wants each part of the call that carries parameters to be signed in its form: the query by ts and
// sig, a body by the header.
func checkSignatures(secret string, c Call) *errs.Error {
	if secret == "" {
		return invalidSignature("the secret of the click's advertiser is missing or cannot be read here; its network can mend that and replay the call")
	}
	if len(c.Body) > 0 {
		if err := checkBodySignature(secret, c); err != nil || !namesParameters(c.RawQuery) {
			return err
		}
	}
	return checkQuerySignature(secret, c)
}

func checkQuerySignature(secret string, c Call) *errs.Error {
	at := strings.LastIndex(c.RawQuery, "&sig=")
	if at < 0 {
		if len(c.Body) > 0 {
			return invalidSignature("the parameters in the query are not covered by the body's signature; send them in the body, or sign the query too")
		}
		return errs.Unauthenticated("missing_signature", "sig is missing; sign the query with ts and, last, sig")
	}
	signed, sig := c.RawQuery[:at], c.RawQuery[at+len("&sig="):]
	ts := ""
	for _, p := range splitPairs(signed) {
		if p.name == "ts" {
			ts = p.value
			break
		}
	}
	if !fresh(ts, c.ReceivedAt) {
		return invalidSignature("ts must be the present Unix time in seconds, 5 minutes off at most")
	}
	if !signedBy(secret, signed, sig) {
		return invalidSignature("sig must be the hex HMAC-SHA256 of all that stands before it in the query, and come last")
	}
	return nil
}

func checkBodySignature(secret string, c Call) *errs.Error {
	if c.Signature == "" {
		return errs.Unauthenticated("missing_signature", "the header Waypost-Signature is missing; a call with a body is signed there")
	}
	var ts string
	var signatures []string // several while a secret is being changed
	for part := range strings.SplitSeq(c.Signature, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			ts = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	if !fresh(ts, c.ReceivedAt) {
		return invalidSignature("t must be the present Unix time in seconds, 5 minutes off at most")
	}
	for _, sig := range signatures {
		if signedBy(secret, ts+"."+string(c.Body), sig) {
			return nil
		}
	}
	return invalidSignature("v1 must be the hex HMAC-SHA256 of t, a point and the body")
}

func invalidSignature(message string) *errs.Error {
	return errs.Forbidden("invalid_signature", "%s", message)
}

func signedBy(secret, text, signature string) bool {
	got, err := hex.DecodeString(signature)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hmac.Equal(got, mac.Sum(nil))
}

// fresh tells a time in Unix seconds that is near enough to now.
func fresh(ts string, now time.Time) bool {
	seconds, err := strconv.ParseInt(ts, 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return false
	}
	return now.Sub(time.Unix(seconds, 0)).Abs() <= signatureAge
}

// namesParameters tells whether a query says anything that ParseSent would listen to.
func namesParameters(rawQuery string) bool {
	for _, p := range splitPairs(rawQuery) {
		if known[p.name] {
			return true
		}
	}
	return false
}

func addressAllowed(ip string, list []string) bool {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	address = address.Unmap().WithZone("")
	for _, entry := range list {
		if prefix, err := netip.ParsePrefix(entry); err == nil && contains(prefix, address) {
			return true
		}
		if one, err := netip.ParseAddr(entry); err == nil && one.Unmap() == address {
			return true
		}
	}
	return false
}

// contains takes ::ffff:192.0.2.0/120 for 192.0.2.0/24.
func contains(prefix netip.Prefix, address netip.Addr) bool {
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Contains(address)
}
