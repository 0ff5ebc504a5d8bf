package conversion

import "sync"

// RecordKind marks a call among the records of a spool.
const RecordKind uint8 = 2

// InFlight tells the loader of a node's spool which calls its door takes care of, so that no call is decided by both.
// A call that it does not know, such as one of an earlier process, is the loader's. Safe for concurrent use; the zero
// value is ready.
type InFlight struct {
	mu    sync.Mutex
	calls map[LogID]*flight
}

type flight struct {
	settled bool
	asked   func(settled bool)
}

// Begin says that the door works on a call. It comes before the call is put into the spool.
func (f *InFlight) Begin(id LogID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[LogID]*flight{}
	}
	f.calls[id] = &flight{}
}

// Settle says that the call stands in the incoming log with its result: the loader only has to release it.
func (f *InFlight) Settle(id LogID) {
	f.mu.Lock()
	call := f.calls[id]
	if call == nil {
		f.mu.Unlock()
		return
	}
	if call.asked == nil { // remembered until the loader asks
		call.settled = true
		f.mu.Unlock()
		return
	}
	delete(f.calls, id)
	f.mu.Unlock()
	call.asked(true)
}

// Leave gives the call to the loader, or forgets one that never reached the spool.
func (f *InFlight) Leave(id LogID) {
	f.mu.Lock()
	call := f.calls[id]
	delete(f.calls, id)
	f.mu.Unlock()
	if call != nil && call.asked != nil {
		call.asked(false)
	}
}

// Ask calls answer once it is known whether the door settled the call: at once, or when the door is done with it. Asked
// once for each call.
func (f *InFlight) Ask(id LogID, answer func(settled bool)) {
	f.mu.Lock()
	call := f.calls[id]
	if call != nil && !call.settled {
		call.asked = answer
		f.mu.Unlock()
		return
	}
	delete(f.calls, id)
	f.mu.Unlock()
	answer(call != nil)
}
