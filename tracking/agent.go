package tracking

import (
	"sync"
	"sync/atomic"

	"github.com/mileusna/useragent"
)

// agent is what a User-Agent header says.
type agent struct {
	device, os, browser string
	robot               bool
}

const (
	maxAgents    = 4096 // remembered
	maxAgentName = 64   // of an invented browser, in bytes
)

// agentCache remembers what was parsed: parsing takes more than a microsecond and 14 allocations, and few different
// headers make most of the traffic. It forgets everything when it is full.
type agentCache struct {
	known atomic.Pointer[sync.Map] // string → agent
	size  atomic.Int64
}

// parse reads a User-Agent header; an empty one tells nothing.
func (a *agentCache) parse(header string) agent {
	if header == "" {
		return agent{}
	}
	known := a.known.Load()
	if known == nil || a.size.Load() > maxAgents {
		known = &sync.Map{}
		a.known.Store(known)
		a.size.Store(0)
	}
	if v, ok := known.Load(header); ok {
		return v.(agent)
	}
	parsed := parseAgent(header)
	known.Store(header, parsed)
	a.size.Add(1)
	return parsed
}

func parseAgent(header string) agent {
	ua := useragent.Parse(header)
	parsed := agent{device: "other", os: clean(ua.OS, maxAgentName), browser: clean(ua.Name, maxAgentName), robot: ua.Bot}
	switch {
	case ua.Tablet:
		parsed.device = "tablet"
	case ua.Mobile:
		parsed.device = "mobile"
	case ua.Desktop:
		parsed.device = "desktop"
	}
	return parsed
}
