// Package waypost is the root of the module: it holds the test of the architecture, and what only the root can embed.
// Start reading at ARCHITECTURE.md; the program is cmd/waypost.
package waypost

import _ "embed"

// TrackingGuide is TRACKING.md, which the API shows at /api/docs/tracking.
//
//go:embed TRACKING.md
var TrackingGuide []byte
