package portal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/ui"
)

// shell is the frame around a page: what the network is called, who is logged in, what waits.
func (f *Frame) shell(title, nav string) (ui.Shell, error) {
	d := f.group.door
	s := f.brand(title)
	s.PortalName, s.Base, s.Theme, s.CSRF = d.Name, f.Base, ui.Theme(f.User.Theme), f.CSRF
	s.SearchURL, s.SearchHint = d.SearchURL, d.SearchHint
	s.ThemeAction, s.NoticesHref = f.Path("/account/theme"), f.Path("/notifications")
	s.Flash, s.Session = f.takeFlash(), f.sessionEnd()
	if d.Nav != nil {
		s.Nav = f.current(d.Nav(f), nav)
	}
	if d.Foot != nil {
		s.Foot = d.Foot(f)
	}
	var err error
	if s.Unread, err = f.portal.Notices.Unread(f.Context(), f.Actor); err != nil {
		return s, err
	}
	party, err := f.party()
	if err != nil {
		return s, err
	}
	name := f.User.Name
	if name == "" {
		name = f.User.Email
	}
	s.User = ui.ShellUser{Name: name, Detail: party, Initials: ui.Initials(name)}
	if f.Viewing() {
		s.ViewingAs, s.StopViewHref, s.ThemeAction = party, f.Path(stopViewing), ""
		s.User.Detail = roleWord(f.User.Role)
		s.AccountMenu = []ui.NavItem{{Label: "Log out", Icon: "logout", Href: f.Path("/logout"), Post: true}}
	} else {
		s.AccountMenu = []ui.NavItem{
			{Label: "Profile", Icon: "user", Href: f.Path("/account")},
			{Label: "Security", Icon: "shield", Href: f.Path("/account/security")},
			{Label: "API keys", Icon: "key", Href: f.Path("/account/api-keys")},
			{Label: "Log out", Icon: "logout", Href: f.Path("/logout"), Post: true},
		}
	}
	if f.Actor.AffiliateID != 0 {
		s.BalanceLabel, s.BalanceHref = "Available", f.Path("/balance")
		if s.Balance, err = f.balance(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// brand is what a page shows of the network, also to who is not logged in.
func (f *Frame) brand(title string) ui.Shell {
	s := ui.Shell{Title: title, Product: f.Settings.Name, Lang: "en", Nonce: f.Nonce, BrandCSS: ui.BrandCSS(f.Settings.BrandColour)}
	if f.Settings.LogoVersion != "" {
		s.LogoURL = "/brand/logo?v=" + f.Settings.LogoVersion
	}
	return s
}

// plainShell is the frame of a page outside the portals.
func (f *Frame) plainShell(title string) ui.Shell {
	s := f.brand(title)
	s.CSRF, s.Flash = f.CSRF, f.takeFlash()
	if s.Product == "" { // the settings could not be read
		s.Product = "Partner network"
	}
	if f.Settings.SupportEmail != "" {
		s.HelpLinks = append(s.HelpLinks, ui.NavItem{Label: "Help", Href: "mailto:" + f.Settings.SupportEmail})
	}
	if f.Settings.TermsURL != "" {
		s.HelpLinks = append(s.HelpLinks, ui.NavItem{Label: "Terms", Href: string(templ.URL(f.Settings.TermsURL))})
	}
	return s
}

// current marks the item of the page.
func (f *Frame) current(groups []ui.NavGroup, nav string) []ui.NavGroup {
	for _, group := range groups {
		for i := range group.Items {
			group.Items[i].Current = strings.TrimSuffix(group.Items[i].Href, "/") == f.Base+strings.TrimSuffix(nav, "/")
		}
	}
	return groups
}

// party is the name of whose portal this is.
func (f *Frame) party() (string, error) {
	switch a := f.Actor; {
	case a.AffiliateID != 0:
		one, err := f.portal.Affiliates.Get(f.Context(), a, affiliate.ID(a.AffiliateID))
		return fmt.Sprintf("%s · #%d", one.Name, a.AffiliateID), err
	case a.AdvertiserID != 0:
		one, err := f.portal.Advertisers.Get(f.Context(), a, advertiser.ID(a.AdvertiserID))
		return fmt.Sprintf("%s · #%d", one.Name, a.AdvertiserID), err
	}
	return roleWord(f.User.Role), nil
}

// balance is what the affiliate can be paid; "" where it never had any. Of several currencies one stands for all.
func (f *Frame) balance() (string, error) {
	all, err := f.portal.Ledger.Balances(f.Context(), f.Actor, ledger.Affiliate(affiliate.ID(f.Actor.AffiliateID)))
	if err != nil || len(all) == 0 {
		return "", err
	}
	filled := slices.DeleteFunc(slices.Clone(all), func(b ledger.Balance) bool { return b.Approved.IsZero() })
	if len(filled) == 0 {
		filled = all[:1]
	}
	text := Money(filled[0].Approved)
	if len(filled) > 1 {
		text += fmt.Sprintf(" +%d", len(filled)-1)
	}
	return text, nil
}

// roleWord is an operator's role as people say it.
func roleWord(r account.Role) string {
	switch r {
	case account.RoleAdmin:
		return "Administrator"
	case account.RoleManager:
		return "Manager"
	case account.RoleFinance:
		return "Finance"
	case account.RoleViewer:
		return "Viewer"
	case account.RoleAffiliate:
		return "Affiliate"
	case account.RoleAdvertiser:
		return "Advertiser"
	}
	return string(r)
}
