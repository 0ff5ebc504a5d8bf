package account

import "time"

// UserID names a user. Small integers, as the contract promises.
type UserID int64

// UserStatus tells whether a user may log in.
type UserStatus string

// The statuses of a user.
const (
	UserStatusActive   UserStatus = "active"
	UserStatusInvited  UserStatus = "invited"
	UserStatusDisabled UserStatus = "disabled"
)

// Theme is how screens look to a user.
type Theme string

// The themes. Auto follows the device.
const (
	ThemeAuto  Theme = "auto"
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// User is a person with a log-in. A party (affiliate or advertiser) may have many.
type User struct {
	ID           UserID
	Email        string // unique, case ignored
	Name         string
	Role         Role
	AffiliateID  int64 // set for role affiliate
	AdvertiserID int64 // set for role advertiser
	Status       UserStatus
	PasswordHash string // PHC string of argon2id; empty until a password is set
	TimeZone     string // IANA name, for screens
	Theme        Theme
	SecondFactor bool // log-in asks for a one-time password too; changed by its own use cases
	LastLoginAt  time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Actor is this user acting from an address.
func (u User) Actor(ip string) Actor {
	return Actor{UserID: u.ID, Role: u.Role, AffiliateID: u.AffiliateID, AdvertiserID: u.AdvertiserID, IP: ip}
}
