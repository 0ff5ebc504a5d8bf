package ui

import "strconv"

// Session is how long the log-in that a page was shown to goes on, for the warning before its end.
type Session struct {
	URL     string // GET and POST answer {"left": seconds, "final": bool}, 401 once it is over; POST is a use, which renews it
	Left    int    // seconds
	Final   bool   // no use renews it
	Zone    string // IANA, that its end is told in
	User    string // whose it is: nobody else gets back what was typed
	Back    string // the page's address, to come back to
	Again   string // address of the log-in that leads back there
	Minutes int    // without a page, after which it ends
	Days    int    // in all, after which it ends
}

// idle is that time in words.
func (s Session) idle() string {
	if s.Minutes%60 == 0 {
		return strconv.Itoa(s.Minutes/60) + " hours"
	}
	return strconv.Itoa(s.Minutes) + " minutes"
}
