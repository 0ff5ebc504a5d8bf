package tracking

import "sync"

// payloads are buffers for what is built and copied away within a request.
var payloads = sync.Pool{New: func() any {
	b := make([]byte, 0, 1024)
	return &b
}}
