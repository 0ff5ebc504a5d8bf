package ui

import (
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
