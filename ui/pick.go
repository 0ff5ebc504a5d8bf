package ui

import "github.com/a-h/templ"

// pickAttrs are attrs without the browser's own suggestions, which would lie over ours.
func (f Field) pickAttrs() templ.Attributes {
	f.Autocomplete = "off"
	return f.attrs()
}
