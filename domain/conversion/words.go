package conversion

import "strings"

// builtInWords are the words for statuses that senders use (field guide, section 9), in lower case.
var builtInWords = func() map[string]Status {
	m := map[string]Status{}
	for status, words := range map[Status]string{
		StatusApproved: "approved approve 1 sale confirmed paid ok a billed",
		StatusPending:  "pending 2 lead new wait p",
		StatusHold:     "hold 5",
		StatusRejected: "rejected reject declined 3 cancelled canceled d refund reversed",
		StatusTrash:    "trash spam fake duplicate test",
	} {
		for word := range strings.FieldsSeq(words) {
			m[word] = status
		}
	}
	return m
}()

// StatusOf gives the status that a word means: by the advertiser's own map, then by the lists in the call, then by the
// built-in words; case ignored. False: it means none.
func StatusOf(word string, advertiserMap map[string]string, lists map[string]Status) (Status, bool) {
	word = strings.ToLower(word)
	if s := Status(advertiserMap[word]); s.Valid() {
		return s, true
	}
	if s, ok := lists[word]; ok {
		return s, true
	}
	s, ok := builtInWords[word]
	return s, ok
}
