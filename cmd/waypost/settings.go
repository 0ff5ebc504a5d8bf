package main

import (
	"fmt"
	"strings"

	"github.com/waypost/waypost/config"
)

type settingsCmd struct{}

// Run prints every setting with its default and its meaning.
func (c *settingsCmd) Run(*environment) error {
	all, err := config.Settings()
	if err != nil {
		return err
	}
	fmt.Println("Settings come from environment variables; all are optional for one process (waypost serve).")
	for _, s := range all {
		fmt.Printf("\n%s", s.Name)
		if s.Default != "" {
			fmt.Printf("  (%s)", s.Default)
		}
		fmt.Printf("\n%s", wrapped(s.Doc, "    ", 100))
	}
	return nil
}

// wrapped breaks a text into indented lines of at most so many characters.
func wrapped(text, indent string, width int) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+len(word)+1 > width && line != indent {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
	return b.String()
}
