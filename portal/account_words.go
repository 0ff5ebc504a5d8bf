package portal

import (
	"strings"

	"github.com/waypost/waypost/domain/ledger"
)

// accountParts are the stages of money in words; an advertiser's approved and paid money has names of its own.
var accountParts = map[string]string{"pending": "pending", "approved": "approved", "receivable": "approved", "invoiced": "invoiced", "paid": "paid", "received": "paid"}

// AccountWords is an account of the ledger as the viewer knows it: "Commission, pending", "Cost, approved", "Network".
func (f *Frame) AccountWords(a ledger.Account) string {
	whose, part, _ := strings.Cut(string(a), ":")
	if whose == "network" {
		return "Network"
	}
	what := "Commission"
	if strings.HasPrefix(whose, "d") {
		what = f.revenueWord()
	}
	if word := accountParts[part]; word != "" {
		part = word
	}
	return what + ", " + part
}
