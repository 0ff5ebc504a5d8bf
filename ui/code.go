package ui

import "strconv"

// partID is the id of the i-th part of an element.
func partID(id, part string, i int) string { return id + "-" + part + "-" + strconv.Itoa(i) }

func tabIndex(i int) string {
	if i == 0 {
		return "0"
	}
	return "-1"
}
