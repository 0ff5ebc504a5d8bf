// Package notice tells a party, or the network's operators, what has happened without them: a postback that was paused,
// a revenue below its commission. A notice stands in the party's list and goes to its users by mail.
package notice

import (
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
)

// ID names a notice.
type ID struct{ domain.UUID }

// Notice is one message to one party. At most one of AffiliateID and AdvertiserID is set; where both are zero it is for
// the network's operators.
type Notice struct {
	ID           ID        // made by Post
	At           time.Time // made by Post
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
	Kind         string // stable, for machines: "postback_paused"
	Text         string // for people: whole sentences, the first of which serves as the mail's subject
	ObjectType   string // what it is about, as in the audit log: "postback"
	ObjectID     string
	ReadAt       time.Time // zero = nobody of the party has read it
}

// Network tells a notice for the network's operators.
func (n Notice) Network() bool { return n.AffiliateID == 0 && n.AdvertiserID == 0 }

// Filter narrows List; zero values do not.
type Filter struct {
	Unread   bool // only what nobody has read
	Kind     string
	From, To time.Time // made at; To is excluded
}
