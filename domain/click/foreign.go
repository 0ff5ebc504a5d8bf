package click

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// findings reports what looks like a macro but will not be filled.
func findings(t Template, set, other *MacroSet) []Finding {
	foreign := foreignMacros(t.source)
	var found []Finding
	seen := map[string]bool{}
	add := func(code, piece, suggestion, format string, args ...any) {
		if seen[piece] {
			return
		}
		seen[piece] = true
		message := piece + " " + fmt.Sprintf(format, args...)
		if suggestion != "" {
			message += ": write " + suggestion
		}
		found = append(found, Finding{code, piece, suggestion, message})
	}
	for _, f := range foreign {
		piece := t.source[f.start:f.end]
		if suggestion := set.suggest(f.name); suggestion != "" {
			add("foreign_macro", piece, suggestion, "is another system's spelling")
		} else {
			add("foreign_macro", piece, "", "is another system's spelling; ours is {name}")
		}
	}
	for _, u := range t.unknown() {
		if within(foreign, u.start) {
			continue
		}
		piece, name := t.source[u.start:u.end], strings.TrimPrefix(u.name, "_")
		if set.names[name] != "" {
			add("unknown_macro", piece, "{"+u.name+"}", "stays as it is; values are mapped by {%s:a=b,c=d}", u.name)
		} else if known := set.foldedName(name); known != "" {
			add("macro_case", piece, "{"+known+"}", "stays as it is, for names are case-sensitive")
		} else if other.foldedName(name) != "" {
			add("macro_never_filled", piece, "", "stays as it is: it is known only when a conversion is posted back")
		} else {
			add("unknown_macro", piece, set.suggest(name), "stays as it is: there is no macro %s", u.name)
		}
	}
	return found
}

// foldedName is the set's name, canonical or alias, that differs from name at most in case.
func (m *MacroSet) foldedName(name string) string {
	if folded := strings.ToLower(name); m.names[folded] != "" {
		return folded
	}
	return ""
}

// suggest is the macro that is probably meant by a name that is none: written otherwise, or what other systems call it.
func (m *MacroSet) suggest(name string) string {
	folded := strings.ToLower(name)
	plain := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' {
			return -1
		}
		return r
	}, folded)
	candidates := []string{folded, foreignNames[folded], foreignNames[plain]}
	if m == DestinationMacros {
		candidates[1], candidates[2] = destinationNames[folded], destinationNames[plain]
		candidates = append(candidates, foreignNames[folded], foreignNames[plain])
	}
	for _, c := range candidates {
		if m.names[c] != "" {
			return "{" + c + "}"
		}
	}
	for _, d := range m.docs {
		if strings.ReplaceAll(d.Name, "_", "") == plain {
			return "{" + d.Name + "}"
		}
	}
	return ""
}

// foreignNames are the names that other systems give to what a macro of ours inserts (field guide, sections 1.4 and 3.2),
// in lower case without "_", "-" and ".".
var foreignNames = func() map[string]string {
	names := map[string]string{}
	for ours, theirs := range map[string]string{
		"aff_click_id":    "externalid cid subid cnvid reqid oreqid clickref visitorid",
		"payout":          "sum price revenue payoutamount conversionrevenue cash profit",
		"val":             "amount saleamount ordersum orderamount ordertotal",
		"txid":            "tid transactionid txnid orderid actionid advsub",
		"status":          "convstatus cnvstatus conversionstatus",
		"currency":        "cnvcurrency cur ordercurrency",
		"goal":            "goalalias event eventname et type",
		"goal_id":         "eventid",
		"conversion_id":   "leadid convid",
		"offer_id":        "oid",
		"affiliate_id":    "affid pid partnerid publisherid pubid",
		"country":         "geo countrycode countryid",
		"ip":              "sourceip sessionip userip",
		"device":          "devicetype",
		"os":              "osname",
		"browser":         "browsername",
		"language":        "lang",
		"source":          "sourceid trafficsource trafficsourcename",
		"timestamp":       "time ts unixtime utcunixtime",
		"rand":            "random ran cachebuster",
		"deep_link":       "url path",
		"date":            "dateonly conversiondate",
		"click_time":      "clickdate",
		"conversion_time": "sourcetime",
		"sub1":            "affsub",
	} {
		for name := range strings.FieldsSeq(theirs) {
			names[name] = ours
		}
	}
	for i := range SubCount {
		n := strconv.Itoa(i + 1)
		for _, name := range []string{"affsub", "subid", "s", "subacc"} {
			names[name+n] = "sub" + n
		}
	}
	return names
}()

// destinationNames are what other systems call the click id that they hand to the advertiser.
var destinationNames = map[string]string{"cid": "click_id", "subid": "click_id", "cnvid": "click_id", "reqid": "click_id",
	"oreqid": "click_id", "tid": "click_id", "transactionid": "click_id", "clickref": "click_id"}

// foreignMacro stands at source[start:end].
type foreignMacro struct {
	name       string // without signs
	start, end int
}

func within(macros []foreignMacro, i int) bool {
	for _, m := range macros {
		if m.start <= i && i < m.end {
			return true
		}
	}
	return false
}

var (
	// foreignSpelling finds ${name} and ${(name)!}, {{name}}, <name>, an escaped %7Bname%7D, and what may be %name%.
	foreignSpelling = regexp.MustCompile(
		`\$\{[^{}]*\}|\{\{[^{}]*\}\}|<[A-Za-z_][\w.-]*>|%7[Bb]\w+%7[Dd]|%[A-Za-z_]\w*%`)
	// foreignWhole finds what is a macro only where it is a whole value or path segment: __NAME__, $name$, :name, and
	// the escaped %5Bname%5D and %23name%23.
	foreignWhole = regexp.MustCompile(
		`[=/](__[A-Za-z]\w*__|\$[A-Za-z]\w*\$|:[A-Za-z]\w*|%5[Bb][A-Za-z]\w*%5[Dd]|%23[A-Za-z]\w*%23)(?:[&/?#]|$)`)
	foreignName = regexp.MustCompile(`[A-Za-z](?:[\w.-]*[A-Za-z0-9])?`)
)

// foreignMacros lists the places of other systems' macros in s.
func foreignMacros(s string) []foreignMacro {
	var found []foreignMacro
	add := func(start, end int) {
		text := strings.NewReplacer("%7B", "", "%7b", "", "%7D", "", "%7d", "", "%5B", "", "%5b", "", "%5D", "", "%5d", "", "%23", "").Replace(s[start:end])
		found = append(found, foreignMacro{foreignName.FindString(text), start, end})
	}
	for from := 0; ; {
		at := foreignSpelling.FindStringIndex(s[from:])
		if at == nil {
			break
		}
		start, end := from+at[0], from+at[1]
		// %E2%80, %20sale%20 are escapes. %campaign% begins like one, but its last % begins none.
		if text := s[start:end]; isEscape(text) && text[len(text)-1] == '%' && (len(text) == 4 || isEscape(s[end-1:])) {
			from = start + len("%E2")
			continue
		}
		add(start, end)
		from = end
	}
	for from := 0; ; {
		at := foreignWhole.FindStringSubmatchIndex(s[from:])
		if at == nil {
			return found
		}
		if start := from + at[2]; !within(found, start) {
			add(start, from+at[3])
		}
		from += at[3]
	}
}
