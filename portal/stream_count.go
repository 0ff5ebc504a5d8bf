package portal

import (
	"sync"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// How many streams may be open at once, in one process.
const (
	streamsOfSession = 4
	streamsOfUser    = 16
)

// openStreams counts the streams that are open. The zero value has none.
type openStreams struct {
	mu       sync.Mutex
	sessions map[domain.UUID]int
	users    map[account.UserID]int
}

// Streams is how many live parts of pages are open.
func (p *Portal) Streams() (open int) {
	p.streams.mu.Lock()
	defer p.streams.mu.Unlock()
	for _, n := range p.streams.sessions {
		open += n
	}
	return open
}

// begin counts one more; end has to be called once, when it is over. Errors: too_many_streams.
func (o *openStreams) begin(session domain.UUID, user account.UserID) (end func(), err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sessions[session] >= streamsOfSession || o.users[user] >= streamsOfUser {
		return nil, errs.Limited("too_many_streams", "too many live pages are open: close another tab, then reload this one").In(heartbeat)
	}
	if o.sessions == nil {
		o.sessions, o.users = map[domain.UUID]int{}, map[account.UserID]int{}
	}
	o.sessions[session]++
	o.users[user]++
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.sessions[session]--; o.sessions[session] == 0 {
			delete(o.sessions, session)
		}
		if o.users[user]--; o.users[user] == 0 {
			delete(o.users, user)
		}
	}, nil
}
