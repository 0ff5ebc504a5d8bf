package portal

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/ui"
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

// picks answers a field that offers names (Finding, FilterPick).
func picks(f *Frame, s *search.Service) error {
	kind := search.Kind(f.Param("kind"))
	if kindWords[kind] == "" {
		return notFound(f)
	}
	found, err := s.Choices(f.Context(), f.Actor, search.Choice{Kind: kind, Text: f.Echo.QueryParam("q"), Past: f.Echo.QueryParam("past") == "1"})
	if err != nil && !errs.Is(err, errs.KindInvalid) { // such as a text that is too long finds nothing
		return err
	}
	options := make([]ui.Option, len(found))
	for i, r := range found {
		options[i] = ui.Option{Value: r.ID + " · " + r.Title, Label: r.Title, Hint: "#" + r.ID}
		statuses := ui.Partners
		if kind == search.KindOffer {
			statuses = ui.Offers
		}
		if r.Detail != "active" {
			options[i].Hint += " · " + ui.StatusOf(statuses, r.Detail).Word
		}
	}
	return f.RenderPart(http.StatusOK, ui.PickOptions(options))
}
