package account

import (
	"time"
	_ "time/tzdata" // a minimal container has no time zones of its own

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
)

// validate brings u into its stored form and finds all that is wrong with it and with the password, empty for none.
func (u *User) validate(password string) error {
	var c field.Checks
	var err error
	if u.Email, err = field.Email(u.Email); err == nil && u.Email == "" {
		err = errs.Invalid("required", "must not be empty")
	}
	c.Add("body.email", err)
	u.Name, err = field.Text(u.Name, field.MaxName)
	c.Add("body.name", err)
	if !u.Role.Valid() {
		c.Add("body.role", errs.Invalid("invalid_choice", "must be one of admin, manager, finance, viewer, affiliate, advertiser"))
	}
	u.Status, err = field.Choice(u.Status, UserStatusActive, UserStatusInvited, UserStatusDisabled)
	c.Add("body.status", err)
	if u.TimeZone == "" {
		u.TimeZone = "UTC"
	}
	c.Add("body.time_zone", checkTimeZone(u.TimeZone))
	if u.Theme == "" {
		u.Theme = ThemeAuto
	}
	u.Theme, err = field.Choice(u.Theme, ThemeAuto, ThemeLight, ThemeDark)
	c.Add("body.theme", err)
	c.Add("body.affiliate_id", checkParty(u.AffiliateID, u.Role == RoleAffiliate, RoleAffiliate))
	c.Add("body.advertiser_id", checkParty(u.AdvertiserID, u.Role == RoleAdvertiser, RoleAdvertiser))
	if password != "" {
		c.Add("body.password", CheckPassword(password, u.Email))
	}
	return c.Err()
}

// checkTimeZone refuses what is no name of the IANA time zone database.
func checkTimeZone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return errs.Invalid("invalid_time_zone", "must be an IANA time zone such as Europe/Berlin")
	}
	return nil
}

func checkParty(id int64, needed bool, role Role) error {
	switch {
	case needed && id <= 0:
		return errs.Invalid("required", "a user of role %s belongs to one", role)
	case !needed && id != 0:
		return errs.Invalid("not_allowed", "only a user of role %s belongs to one", role)
	}
	return nil
}

func atPassword(err error) error {
	var c field.Checks
	c.Add("body.password", err)
	return c.Err()
}

// masked is u without its secret, for the audit log.
func (u User) masked() User {
	if u.PasswordHash != "" {
		u.PasswordHash = "***"
	}
	return u
}
