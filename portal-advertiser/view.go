package portaladvertiser

import (
	"strconv"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// listView is a page with a list.
type listView struct {
	Head   ui.Head
	Above  templ.Component
	Filter ui.Filter
	Table  ui.Table
	Pager  ui.PageLinks
	Extra  templ.Component // dialogs
}

// own is the advertiser whose portal this is.
func own(f *portal.Frame) advertiser.ID { return advertiser.ID(f.Actor.AdvertiserID) }

// number reads an id of the path. What is none is not found.
func number[T ~int64](f *portal.Frame, name string) (T, error) {
	n, err := f.Number(name)
	return T(n), err
}

// uuid reads an id of the path that is no number.
func uuid(f *portal.Frame, name string) (domain.UUID, error) {
	id, ok := domain.ParseUUID(f.Param(name))
	if !ok {
		return id, errs.NotFound("not_found", "there is nothing with this id")
	}
	return id, nil
}

// namesOf are the ids of the offers and affiliates that conversions name.
func namesOf(cs []conversion.Conversion) (ids portal.NameIDs) {
	for _, c := range cs {
		ids.Offers, ids.Affiliates = append(ids.Offers, c.OfferID), append(ids.Affiliates, c.AffiliateID)
	}
	return ids
}

func idText(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// since and until are what chips say of a period; empty for a day that is not set.
func since(day string) string {
	if day == "" {
		return ""
	}
	return "Since " + day
}

func until(day string) string {
	if day == "" {
		return ""
	}
	return "Until " + day
}

// clickFilter takes every click.
func clickFilter() click.Filter { return click.Filter{} }
