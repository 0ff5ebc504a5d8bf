package conversion

import (
	"net/url"
	"slices"
	"strings"
)

// ForAffiliate is the line as the affiliate of its click may see it: without what the advertiser pays, under whatever
// name it was sent, without parameters that nothing reads, for nobody knows what they tell, and without a body that
// cannot be read; without the value of the sale, where the offer keeps it from affiliates; and without the address, which is that of the advertiser's server or of a visitor.
func (l LogEntry) ForAffiliate() LogEntry {
	r := l.reading()
	kept := []param{paramPayout}
	if l.ValueHidden {
		kept = append(kept, paramVal)
	}
	shown := func(name string) bool {
		return (r.known[name] || name == nameOfPreset) && !slices.ContainsFunc(kept, func(p param) bool {
			return slices.Contains(contractNames[p], name) || slices.Contains(r.names[p], name)
		})
	}
	parts := strings.Split(l.Query, "\n")
	for i, part := range parts {
		parts[i] = strings.Join(slices.DeleteFunc(strings.Split(part, "&"), func(pair string) bool {
			name, _, _ := strings.Cut(pair, "=")
			plain, err := url.QueryUnescape(name)
			return pair != "" && (err != nil || !shown(plain))
		}), "&")
	}
	l.Query = strings.Join(parts, "\n")
	for _, p := range kept {
		name := contractNames[p][0]
		l.ReadAs = slices.DeleteFunc(slices.Clone(l.ReadAs), func(alias string) bool { return strings.HasSuffix(alias, "="+name) })
		l.Ignored = slices.DeleteFunc(slices.Clone(l.Ignored), func(n string) bool { return n == name })
	}
	l.Unknown, l.BodyStart, l.IP = nil, "", ""
	return l
}

// reading is how the line's call was read.
func (l LogEntry) reading() *reading {
	if r := presetReadings[l.Preset]; r != nil {
		return r
	}
	return contractReading
}

// recommended are aliases that our own texts tell advertisers to send: they are no mistake.
var recommended = []string{"goal"}

// Hints say in words what in the line is worth a look although it is no fault: names that nothing reads, aliases,
// amounts without effect, a missing order id.
func (l LogEntry) Hints() []string {
	var hints []string
	if l.Preset != "" {
		hints = append(hints, "read by the parameter set "+l.Preset)
	}
	if why := l.whyZero(); why != "" {
		hints = append(hints, why)
	}
	for _, alias := range l.ReadAs {
		name, of, _ := strings.Cut(alias, "=")
		if slices.Contains(recommended, name) {
			continue
		}
		hints = append(hints, name+" was read as "+of)
	}
	for _, name := range l.Unknown {
		hints = append(hints, "nothing reads the parameter "+name)
	}
	for _, name := range l.Ignored {
		hints = append(hints, "the goal's model computes without "+name+", which was sent")
	}
	if made := l.Status == OutcomeRecorded || l.Status == OutcomeDuplicate; made && !l.names(paramTxID) && !slices.Contains(l.Warnings, warnNoTxID) {
		hints = append(hints, "no txid was sent: unless the goal counts each call, a second sale of the same click would be taken for a repeat")
	}
	return hints
}

// names tells whether the call had a value for the parameter, as far as the line's text shows.
func (l LogEntry) names(p param) bool {
	names := l.reading().names[p]
	for part := range strings.SplitSeq(l.Query, "\n") {
		for _, sent := range splitPairs(part) {
			if sent.value != "" && !unfilled(sent.value) && slices.Contains(names, sent.name) {
				return true
			}
		}
	}
	return false
}
