package postback

import "fmt"

// Sentence says for people what went wrong in a try; empty for a success. host is whom it went to, as host:port or
// empty; status is the answer's, or 0.
func (c ErrorClass) Sentence(host string, status int) string {
	if host == "" {
		host = "the receiver"
	}
	switch c {
	case "":
		return ""
	case ErrorTimeout:
		return fmt.Sprintf("the receiver did not answer within %d s", int(SendLimit.Seconds()))
	case ErrorRefused:
		return fmt.Sprintf("connection refused: nothing listens at %s", host)
	case ErrorConnect:
		return fmt.Sprintf("no connection to %s could be made", host)
	case ErrorConnection:
		return "the receiver closed the connection without an answer"
	case ErrorCertificate:
		return fmt.Sprintf("the TLS certificate is not valid for %s", host)
	case ErrorTLS:
		return fmt.Sprintf("no TLS connection to %s could be made", host)
	case ErrorDNS:
		return fmt.Sprintf("the name does not resolve: %s", host)
	case ErrorBlockedAddress:
		return fmt.Sprintf("address not allowed: %s is private, local or reserved, or the port is neither 80 nor 443", host)
	case ErrorInvalidURL:
		return "the URL, with its macros filled, is none that can be called"
	case ErrorSigning:
		return "the signing secret cannot be read, so nothing was sent; rotate it"
	case ErrorHTTP3xx:
		return fmt.Sprintf("the receiver answered %d; redirects are not followed, name the final address", status)
	case ErrorHTTP1xx, ErrorHTTP4xx, ErrorHTTP5xx:
		return fmt.Sprintf("the receiver answered %d", status)
	}
	return string(c)
}
