package conversion

import (
	"maps"
	"strconv"
	"strings"

	"github.com/waypost/waypost/domain/preset"
)

// param is a parameter of a postback, in the order of contract section 3.
type param uint8

const (
	paramClickID param = iota
	paramToken
	paramVal
	paramCom
	paramComPerc
	paramPayout
	paramTxID
	paramGoal
	paramStatus
	paramApproved // lists of words
	paramPending
	paramRejected
	paramTrash
	paramCurrency
	paramText
	paramCoupon
	paramTest
	paramFree // and all that follow keep their own names
)

// contractNames are the contract's name of each parameter, then its aliases, in the order in which the first present
// wins.
var contractNames = func() [][]string {
	names := [][]string{
		paramClickID:  {"clickid", "click_id", "clickId", "cid", "transaction_id", "subid", "cnv_id"},
		paramToken:    {"token", "security_token", "secure", "verification_token"},
		paramVal:      {"val", "amount", "sale_amount", "sum"},
		paramCom:      {"com"},
		paramComPerc:  {"comperc"},
		paramPayout:   {"payout", "revenue"},
		paramTxID:     {"txid", "txn_id", "order_id", "action_id", "adv_sub", "tid"},
		paramGoal:     {"id", "goal", "goal_id", "goal_alias", "event_id", "event", "et"},
		paramStatus:   {"status", "conv_status", "cnv_status"},
		paramApproved: {"approved_status"}, paramPending: {"pending_status"}, paramRejected: {"rejected_status"}, paramTrash: {"trash_status"},
		paramCurrency: {"currency", "cnv_currency", "cur"},
		paramText:     {"param"},
		paramCoupon:   {"coupon", "coupon_code", "promo_code", "cp"},
		paramTest:     {"test"},
		paramFree:     {"conversion_id"},
	}
	for i := 1; i <= 10; i++ {
		n := strconv.Itoa(i)
		names = append(names, []string{"param" + n}, []string{"adv" + n}, []string{"event" + n})
	}
	return names
}()

var listStatuses = map[param]Status{paramApproved: StatusApproved, paramPending: StatusPending, paramRejected: StatusRejected, paramTrash: StatusTrash}

// reading is how a call's names are understood: as the contract says, or with a preset on top.
type reading struct {
	preset string
	names  [][]string // of each param
	known  map[string]bool
	words  map[string]Status
}

func newReading(p preset.Preset) *reading {
	r := &reading{preset: p.Name, names: preset.Names(contractNames, p.Postback), known: map[string]bool{}, words: map[string]Status{}}
	for _, names := range r.names {
		for _, n := range names {
			r.known[n] = true
		}
	}
	for word, status := range p.Words {
		r.words[word] = Status(status)
	}
	return r
}

const (
	nameOfPreset      = "preset"
	warnUnknownPreset = "unknown_preset"
)

var (
	contractReading = newReading(preset.Preset{})
	presetReadings  = func() map[string]*reading {
		all := map[string]*reading{}
		for _, p := range preset.All() {
			all[p.Name] = newReading(p)
		}
		return all
	}()
	// known are the names that a call may be read by, with whatever preset.
	known = func() map[string]bool {
		all := maps.Clone(contractReading.known)
		all[nameOfPreset] = true
		for _, r := range presetReadings {
			maps.Copy(all, r.known)
		}
		return all
	}()
)

// reading is how this call wants to be read: the first preset that it names decides.
func (s *Sent) reading(pairs []pair) *reading {
	for _, p := range pairs {
		if p.name != nameOfPreset || p.value == "" || unfilled(p.value) {
			continue
		}
		if r := presetReadings[strings.ToLower(p.value)]; r != nil {
			s.Preset = r.preset
			return r
		}
		s.warn(warnUnknownPreset)
		break
	}
	return contractReading
}
