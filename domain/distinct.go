package domain

import (
	"cmp"
	"slices"
)

// Distinct are the ids that a list's rows name, each once and in order; the zero, which names nothing, is left out.
func Distinct[ID cmp.Ordered](ids []ID) []ID {
	var none ID
	ids = slices.DeleteFunc(slices.Clone(ids), func(id ID) bool { return id == none })
	slices.Sort(ids)
	return slices.Compact(ids)
}
