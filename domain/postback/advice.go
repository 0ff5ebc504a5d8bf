package postback

// Advice says for the owner of a postback what the answer to a try most likely means, and what to do. Empty where the
// sentence of the error says all, and for a success.
func Advice(class ErrorClass, status int) string {
	switch status {
	case 400, 422:
		return "the tracker does not understand the call: compare the parameters with its documentation"
	case 401, 403, 407:
		return "the tracker refuses us: check the key in the URL and its list of allowed senders"
	case 404:
		return "the tracker does not know this address: check the path"
	case 405:
		return "the tracker takes another method: choose GET instead of POST, or the other way round"
	case 410:
		return "the tracker says that this address is no longer in use: take the present one from its settings"
	case 408, 504:
		return "the tracker took too long: it is tried again"
	case 413, 414:
		return "the tracker finds the call too long: leave tokens out"
	case 429:
		return "the tracker takes no more calls for now: they go out more slowly"
	}
	switch {
	case status >= 500:
		return "the tracker has a fault of its own: it is tried again"
	case status >= 400:
		return "the tracker refuses the call: its answer may say why"
	case status >= 300:
		return "the tracker sends us elsewhere: write the final address into the URL"
	}
	switch class {
	case ErrorDNS:
		return "the tracker's name does not resolve: look for a typing error in the domain"
	case ErrorTimeout:
		return "the tracker did not answer in time: it is tried again"
	case ErrorRefused, ErrorConnect, ErrorConnection:
		return "the tracker cannot be reached: see whether it is up"
	case ErrorCertificate, ErrorTLS:
		return "the tracker's certificate is not valid for this name: check the domain, or renew the certificate"
	case ErrorBlockedAddress:
		return "this network does not call that address: use the tracker's public domain"
	}
	return ""
}
