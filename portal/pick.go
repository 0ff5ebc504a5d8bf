package portal

import (
	"fmt"
	"strconv"
	"strings"
)

// Pick is the id in a field of ui.Pick, which offers names: "12 · Lumio", "#12" and "12" are 12. A filter has it as
// `query:"offer"`.
type Pick int64

// UnmarshalText reads what was typed.
func (p *Pick) UnmarshalText(text []byte) error {
	digits, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(text)), "#"), " ")
	id, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || id < 0 {
		return fmt.Errorf("must be one of the names offered, or a number")
	}
	*p = Pick(id)
	return nil
}

// MarshalText is the number alone.
func (p Pick) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(p), 10), nil }

// Picked is how a thing stands in such a field; empty for none.
func Picked[T ~int64](id T, name string) string {
	switch {
	case id == 0:
		return ""
	case name == "":
		return strconv.FormatInt(int64(id), 10)
	}
	return fmt.Sprintf("%d · %s", id, name)
}
