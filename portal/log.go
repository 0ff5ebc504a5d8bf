package portal

import "github.com/waypost/waypost/web"

// LogError logs, under the request's id, an error that the page tells of in its own words.
func (f *Frame) LogError(message string, err error) {
	f.portal.Log.ErrorContext(f.Context(), message, "error", err, "request_id", web.RequestID(f.Context()))
}
