package affiliate

import "github.com/waypost/waypost/domain/field"

const defaultCurrency = "USD"

// Validate fills in defaults, brings a into its stored form and finds all that is wrong with it.
func (a *Affiliate) Validate() error {
	var c field.Checks
	var err error
	a.Name, err = field.Required(a.Name)
	c.Add("body.name", err)
	a.Email, err = field.Email(a.Email)
	c.Add("body.email", err)
	a.Status, err = field.Choice(a.Status, StatusActive, StatusPending, StatusPaused, StatusBlocked)
	c.Add("body.status", err)
	a.Currency, err = field.Currency(a.Currency, defaultCurrency)
	c.Add("body.currency", err)
	a.Fire, err = field.Choice(a.Fire, FireSpecific, FireAll)
	c.Add("body.fire", err)
	return c.Err()
}
