package demo

import (
	"regexp"
	"strings"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/preset"
)

// partner is an affiliate, its traffic and its tracker.
type partner struct {
	affiliate.Affiliate
	slug      string
	weight    int      // of its clicks among all
	countries []string // of its visitors; named twice = twice as many
	means     means
	quality   int      // of its visitors in percent: how readily they buy
	runs      []string // products
	tracker   string   // preset; empty = it has none
	trouble   string   // what its tracker suffers from; empty = nothing
	wide      bool     // its postback fires for pending and rejected too
	extra     []extra
	hook      postback.ID // its postback for everything
}

// extra is a postback for less than everything.
type extra struct {
	product, goal, tracker string
	post                   bool
}

// means is how an affiliate brings visitors.
type means int

const (
	search means = iota
	social
	native
	push
	email
	editorial
)

// The troubles of trackers; each is the beginning of the path of its postback.
const (
	troubleDown    = "down"    // answers 500, since yesterday
	troubleGone    = "gone"    // answers 410, since a moment ago
	troubleSlow    = "slow"    // takes its time
	troubleOutage  = "outage"  // answered nothing for 40 hours, and is well again
	troubleRemoved = "removed" // answers 404 until its owner pauses the postback
)

func partners() []*partner {
	p := func(name, slug, currency string, weight int, m means, quality int, countries, runs, tracker, trouble string) *partner {
		return &partner{Affiliate: affiliate.Affiliate{Name: name, Email: "team@" + slug + ".example", Currency: money.Currency(currency)},
			slug: slug, weight: weight, means: m, quality: quality, countries: strings.Fields(countries), runs: strings.Fields(runs),
			tracker: tracker, trouble: trouble}
	}
	all := []*partner{
		p("Media Cove", "mediacove", "USD", 16, native, 100, "US US US CA GB", "shop club marketplace cabins winter", "voluum", ""),
		p("Pixel Harbour", "pixelharbour", "EUR", 13, social, 90, "DE DE AT CH FR", "raiders raiders shop power", "keitaro", ""),
		p("Clickwell Ltd", "clickwell", "GBP", 11, search, 125, "GB GB GB IE", "car home shop", "binom", troubleOutage),
		p("Tokyo Deals", "tokyodeals", "JPY", 9, editorial, 120, "JP JP JP JP US", "sim topup", "peerclick", troubleSlow),
		p("Gulf Saver", "gulfsaver", "USD", 8, social, 105, "KW KW SA AE", "firstorder groceries", "bemob", ""),
		p("Watt Compare", "wattcompare", "EUR", 7, search, 140, "DE DE NL BE", "power", "redtrack", ""),
		p("App Rocket", "approcket", "USD", 10, push, 70, "US BR IN ID MX", "raiders raiders raiders duel", "voluum", troubleRemoved),
		p("Trail & Tent Blog", "trailandtent", "USD", 5, editorial, 160, "US CA GB NO", "shop cabins", "", ""),
		p("Inbox Heroes", "inboxheroes", "USD", 5, email, 130, "US US GB AU", "shop club winter", "clickmeter", ""),
		p("Native Norge", "nativenorge", "EUR", 4, native, 95, "NO SE DK FI", "cabins winter shop", "keitaro", ""),
		p("Quote Runner", "quoterunner", "GBP", 8, search, 115, "GB GB IE", "car home", "binom", troubleDown),
		p("Guild of Gamers", "guildofgamers", "EUR", 6, social, 110, "DE FR PL ES IT", "raiders duel", "bemob", ""),
		p("Coupon Falcon", "couponfalcon", "USD", 4, editorial, 150, "US US KW GB", "shop groceries club", "redtrack", troubleGone),
		p("Osaka Mobile Lab", "osakalab", "JPY", 4, push, 80, "JP JP JP", "sim topup raiders", "peerclick", ""),
		p("Desert Reach", "desertreach", "USD", 3, push, 75, "KW SA AE QA", "firstorder raiders", "voluum", ""),
		p("Seller School", "sellerschool", "USD", 3, email, 120, "US GB DE", "marketplace shop", "", ""),
		p("Bargain Burst", "bargainburst", "USD", 6, push, 12, "US VN BD RU", "shop raiders topup", "", ""),
		p("Clicktide", "clicktide", "EUR", 4, native, 85, "FR ES IT", "raiders shop", "keitaro", ""),
		p("Newcomer Media", "newcomer", "EUR", 0, social, 100, "PT ES", "shop", "", ""),
		p("Second Wave", "secondwave", "USD", 1, social, 100, "US", "shop raiders", "", ""),
	}
	for _, a := range all {
		switch a.slug {
		case "mediacove":
			a.Fire = affiliate.FireAll
			a.extra = []extra{{product: "shop", goal: "sale", tracker: "clickmeter"}, {product: "marketplace", tracker: "peerclick", post: true}}
		case "pixelharbour":
			a.wide = true
			a.extra = []extra{{product: "raiders", goal: "install", tracker: "binom"}}
		case "clickwell", "quoterunner", "nativenorge":
			a.wide = true
		case "guildofgamers":
			a.extra = []extra{{product: "raiders", tracker: "keitaro", post: true}}
		case "newcomer", "secondwave":
			a.Status = affiliate.StatusPending
		}
	}
	return all
}

var blank = regexp.MustCompile(`YOUR-[A-Z-]+`)

// postbackURL is the postback of a tracker as its preset has it, addressed to what stands in for the tracker.
func (w *world) postbackURL(p *partner, tracker string) string {
	base := w.Trackers + "/" + p.slug
	if p.trouble != "" {
		base = w.Troubled + "/" + p.trouble + "/" + p.slug
	}
	set, _ := preset.Find(tracker)
	_, rest, _ := strings.Cut(set.PostbackURL, "://")
	_, path, _ := strings.Cut(rest, "/")
	return base + "/" + blank.ReplaceAllString(path, "demo")
}

// runsProduct tells whether the affiliate promotes a product.
func (p *partner) runsProduct(key string) bool {
	for _, k := range p.runs {
		if k == key {
			return true
		}
	}
	return false
}
