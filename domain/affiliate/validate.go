package affiliate

import (
	"cmp"

	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/money"
)

// Validate judges a new affiliate: it fills in defaults, brings a into its stored form and finds all that is wrong with
// it.
func (a *Affiliate) Validate() error {
	a.Status = cmp.Or(a.Status, StatusActive)
	a.Currency = cmp.Or(a.Currency, "USD")
	a.Fire = cmp.Or(a.Fire, FireSpecific)
	return a.check()
}

// check is Validate without defaults: what a change empties is a fault.
func (a *Affiliate) check() error {
	var c field.Checks
	var err error
	a.Name, err = field.Required(a.Name)
	c.Add("body.name", err)
	a.Email, err = field.Email(a.Email)
	c.Add("body.email", err)
	a.Status, err = field.Choice(a.Status, StatusActive, StatusPending, StatusPaused, StatusBlocked)
	c.Add("body.status", err)
	a.Currency, err = money.ParseCurrency(string(a.Currency))
	c.Add("body.currency", err)
	a.Fire, err = field.Choice(a.Fire, FireSpecific, FireAll)
	c.Add("body.fire", err)
	return c.Err()
}
