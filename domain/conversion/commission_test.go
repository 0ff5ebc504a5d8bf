package conversion

import (
	"flag"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// With -commission-cases=1000000 the comparison below covers what the project's proof asks for.
var commissionCases = flag.Int("commission-cases", 20_000, "generated commissions that are compared with rational numbers")

var models = []offer.Model{offer.ModelPostback, offer.ModelFixed, offer.ModelPercent, offer.ModelHybrid}

// terms is a generated case in both worlds: as the product reads it, and as texts for the oracle.
type terms struct {
	payout, revenue          [3]string // model, amount, percent; empty = not given
	val, com, perc, sent     string    // as sent; empty = not sent
	override, rate, currency string
}

func generate(r *rand.Rand) terms {
	sometimes := func(s string) string {
		if r.IntN(3) == 0 {
			return ""
		}
		return s
	}
	decimal := func(whole, decimals int) string {
		s := strconv.FormatInt(r.Int64N(pow10(1+r.IntN(whole))), 10)
		if d := r.IntN(decimals + 1); d > 0 {
			digits := strconv.FormatInt(r.Int64N(pow10(d)), 10)
			s += "." + strings.Repeat("0", d-len(digits)) + digits
		}
		if r.IntN(10) == 0 {
			return "0"
		}
		return s
	}
	percent := func() string {
		if r.IntN(20) == 0 {
			return "100"
		}
		return decimal(2, 6)
	}
	rule := func() [3]string {
		return [3]string{string(models[r.IntN(len(models))]), sometimes(decimal(5, 3)), sometimes(percent())}
	}
	t := terms{payout: rule(), revenue: rule(), val: sometimes(decimal(12, 8)), com: sometimes(decimal(6, 8)), perc: sometimes(percent()),
		sent: sometimes(decimal(6, 8)), override: decimal(3, 4), rate: "1"}
	if r.IntN(3) == 0 { // exactly between two minor units
		t.val, t.com = decimal(5, 0)+"."+strconv.Itoa(r.IntN(100))+"5", ""
		t.perc, t.payout[0] = "10", string(offer.ModelPostback)
	}
	if r.IntN(3) == 0 {
		t.rate = decimal(3, 8)
	}
	t.currency = []string{"USD", "JPY", "KWD", "CLF"}[r.IntN(4)]
	return t
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// The oracle follows the contract's table word by word with rational numbers.
func (t terms) oracle() (commission, revenue *big.Int) {
	rat := func(s string) *big.Rat {
		if s == "" {
			return new(big.Rat)
		}
		x, ok := new(big.Rat).SetString(s)
		if !ok {
			panic(s)
		}
		return x
	}
	mul := func(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }
	add := func(a, b *big.Rat) *big.Rat { return new(big.Rat).Add(a, b) }
	percentOf := func(a, p *big.Rat) *big.Rat { return mul(mul(a, p), big.NewRat(1, 100)) }
	rate := rat(t.rate)
	val := mul(rat(t.val), rate)
	ruled := func(r [3]string) *big.Rat {
		switch offer.Model(r[0]) {
		case offer.ModelFixed:
			return rat(r[1])
		case offer.ModelPercent:
			return percentOf(val, rat(r[2]))
		}
		return add(rat(r[1]), percentOf(val, rat(r[2])))
	}
	minor := new(big.Rat).SetInt64(pow10(map[string]int{"USD": 2, "JPY": 0, "KWD": 3, "CLF": 4}[t.currency]))
	round := func(x *big.Rat) *big.Int {
		x = add(mul(x, minor), big.NewRat(1, 2)) // half up; nothing here is negative
		return new(big.Int).Quo(x.Num(), x.Denom())
	}
	exact := ruled(t.payout)
	if offer.Model(t.payout[0]) == offer.ModelPostback {
		if rat(t.com).Sign() > 0 {
			exact = mul(rat(t.com), rate)
		} else if t.perc != "" {
			exact = percentOf(val, rat(t.perc))
		}
	}
	commission = round(exact)
	exact = ruled(t.revenue)
	if offer.Model(t.revenue[0]) == offer.ModelPostback {
		if t.sent != "" {
			exact = mul(rat(t.sent), rate)
		} else {
			rounded := new(big.Rat).Quo(new(big.Rat).SetInt(commission), minor)
			exact = mul(rounded, add(big.NewRat(1, 1), mul(rat(t.override), big.NewRat(1, 100))))
		}
	}
	return commission, round(exact)
}

func (t terms) earn() (Earning, error) {
	optional := func(s string) *money.Rate {
		if s == "" {
			return nil
		}
		r := money.MustRate(s)
		return &r
	}
	rule := func(r [3]string) offer.Rule {
		return offer.Rule{Model: offer.Model(r[0]), Amount: optional(r[1]), Percent: optional(r[2])}
	}
	return Earn(offer.Goal{Payout: rule(t.payout), Revenue: rule(t.revenue)}, money.MustRate(t.override), money.Currency(t.currency),
		Amounts{Val: optional(t.val), Com: optional(t.com), ComPerc: optional(t.perc), Payout: optional(t.sent)}, money.MustRate(t.rate))
}

func TestCommissionAgreesWithRationals(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(12, 2026))
	for n := range *commissionCases {
		c := generate(random)
		commission, revenue := c.oracle()
		got, err := c.earn()
		if most := big.NewInt(maxMinor); commission.Cmp(most) > 0 || revenue.Cmp(most) > 0 {
			if !errs.HasCode(err, "amount_overflow") {
				t.Fatalf("case %d, %+v: %+v, %v; want amount_overflow", n, c, got, err)
			}
			continue
		}
		if err != nil || big.NewInt(got.Commission.Minor()).Cmp(commission) != 0 || big.NewInt(got.Revenue.Minor()).Cmp(revenue) != 0 {
			t.Fatalf("case %d, %+v: commission %d, revenue %d, %v; want %d, %d minor units", n, c, got.Commission.Minor(), got.Revenue.Minor(), err, commission, revenue)
		}
	}
}

// Amounts that no account can hold are an error, not a wrong number.
func TestCommissionOverflow(t *testing.T) {
	t.Parallel()
	big := money.MustRate("999999999999.99999999")
	for name, c := range map[string]terms{
		"val":     {payout: [3]string{"percent", "", "100"}, val: big.String(), rate: big.String()},
		"com":     {payout: [3]string{"postback"}, com: big.String(), rate: big.String()},
		"payout":  {payout: [3]string{"postback"}, sent: big.String(), rate: big.String()},
		"revenue": {payout: [3]string{"postback"}, com: big.String(), rate: "90000", override: "900"},
	} {
		c.revenue, c.currency = [3]string{"postback"}, "USD"
		if c.override == "" {
			c.override = "0"
		}
		if e, err := c.earn(); !errs.HasCode(err, "amount_overflow") {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

// The numbers' own rules are tested in package money; here stands which parameter is blamed, and in which order.
func TestParseAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sent Sent
		code string
	}{
		{Sent{}, ""}, {Sent{Val: "12,34", Com: "0", ComPerc: "100", Payout: "0.00000001", Currency: "usd"}, ""},
		{Sent{Val: "x", Com: "x", ComPerc: "x", Payout: "x", Currency: "x"}, "invalid_val"},
		{Sent{Com: "x", ComPerc: "x", Payout: "x", Currency: "x"}, "invalid_com"},
		{Sent{ComPerc: "x", Payout: "x", Currency: "x"}, "invalid_comperc"}, {Sent{ComPerc: "101"}, "invalid_comperc"},
		{Sent{Payout: "x", Currency: "x"}, "invalid_payout"}, {Sent{Currency: "x"}, "invalid_currency"},
		{Sent{Val: "1,234"}, "invalid_val"}, {Sent{Val: "-0"}, "invalid_val"}, {Sent{Val: " 1"}, "invalid_val"}, {Sent{Val: "1e3"}, "invalid_val"},
	} {
		_, err := parseAmounts(c.sent)
		if got := code(err); got != c.code {
			t.Errorf("%+v: %q, want %q", c.sent, got, c.code)
		}
	}
	if a, _ := parseAmounts(Sent{Com: "0"}); a.Com == nil || a.Payout != nil || !a.Sent() {
		t.Errorf("0 is sent, missing is not: %+v", a)
	}
}

func code(e *errs.Error) string {
	if e == nil {
		return ""
	}
	return e.Code
}
