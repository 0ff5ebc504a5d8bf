package ui

import (
	"slices"
	"strings"
	"unicode"
)

// headID is the id of a section's title: of its own id, else of its title.
func (s Section) headID() string {
	if s.ID != "" {
		return s.ID + "-title"
	}
	return "title-" + slug(s.Title)
}

// slug makes an id of a text.
func slug(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '-'
	}, text)
}

// SeenCookie holds the ids of dismissed notices, separated by dots.
const SeenCookie = "seen"

// Dismissed tells whether the notice was dismissed in this browser; seen is the value of SeenCookie.
func Dismissed(seen, id string) bool { return slices.Contains(strings.Split(seen, "."), id) }
