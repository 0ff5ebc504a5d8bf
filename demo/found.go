package demo

import (
	"context"
	"fmt"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// The log-ins of the network's own people; those of the parties follow from their e-mail addresses.
const (
	OperatorEmail = "operator@demo.example"
	ManagerEmail  = "manager@demo.example"
	FinanceEmail  = "finance@demo.example"
	ViewerEmail   = "viewer@demo.example"
)

// Log-ins of parties that have much to show.
const (
	AffiliateEmail  = "team@mediacove.example"
	AdvertiserEmail = "partners@northwind.example"
)

// found makes the network as it was on its first day.
func (w *world) found(ctx context.Context) error {
	for _, step := range []func(context.Context) error{w.hire, w.welcomeCompanies, w.offerProducts, w.welcomePartners, w.grantAccess, w.connectTrackers} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// open names the network and lets strangers apply, so that its public forms can be tried.
func open(s *network.Settings) {
	s.Name, s.SupportEmail, s.AffiliateSignUp, s.AdvertiserSignUp = "Waypost demo network", "partners@demo.example", true, true
	s.AffiliateQuestions = []network.Question{
		{ID: "site", Label: "Where do you promote?", Kind: network.QuestionURL, Required: true},
		{ID: "traffic", Label: "What kind of traffic is it?", Kind: network.QuestionSelect, Options: []string{"Content", "Coupons and cashback", "Social", "Search", "E-mail"}, Required: true},
		{ID: "about", Label: "Tell us about your audience", Kind: network.QuestionTextArea}}
	s.AdvertiserQuestions = []network.Question{
		{ID: "shop", Label: "Address of your shop or app", Kind: network.QuestionURL, Required: true},
		{ID: "goal", Label: "What do you want to pay for?", Kind: network.QuestionTextArea}}
}

func (w *world) user(ctx context.Context, u account.User) (account.Actor, error) {
	made, err := w.Accounts.CreateUser(ctx, actor, u, w.Password)
	w.sum.Users++
	return made.Actor(fmt.Sprintf("192.0.2.%d", 10+w.sum.Users)), err
}

func (w *world) hire(ctx context.Context) (err error) {
	if err := w.Accounts.EnsureOperator(ctx, OperatorEmail, w.Password); err != nil {
		return err
	}
	if w.manager, err = w.user(ctx, account.User{Email: ManagerEmail, Name: "Mara Manager", Role: account.RoleManager, TimeZone: "Europe/Berlin"}); err != nil {
		return err
	}
	if w.finance, err = w.user(ctx, account.User{Email: FinanceEmail, Name: "Finn Finance", Role: account.RoleFinance}); err != nil {
		return err
	}
	_, err = w.user(ctx, account.User{Email: ViewerEmail, Name: "Vera Viewer", Role: account.RoleViewer})
	return err
}

func (w *world) welcomeCompanies(ctx context.Context) error {
	for _, c := range w.companies {
		made, _, err := w.Advertisers.Create(ctx, w.manager, c.Advertiser)
		if err != nil {
			return err
		}
		c.Advertiser = made
		w.sum.Advertisers++
		if w.companyUsers[c.key], err = w.user(ctx, account.User{Email: c.Email, Name: c.Name, Role: account.RoleAdvertiser, AdvertiserID: int64(c.ID)}); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) offerProducts(ctx context.Context) error {
	for _, p := range w.products {
		p.AdvertiserID, p.ShowValue = w.companyOf(p).ID, p.key != "club"
		made, _, err := w.Offers.Create(ctx, w.manager, p.Offer)
		if err != nil {
			return err
		}
		p.Offer = made
		w.sum.Offers++
	}
	return nil
}

func (w *world) welcomePartners(ctx context.Context) error {
	for _, p := range w.partners {
		made, _, err := w.Affiliates.Create(ctx, w.manager, p.Affiliate)
		if err != nil {
			return err
		}
		p.Affiliate = made
		w.sum.Affiliates++
		if w.partnerUsers[p.slug], err = w.user(ctx, account.User{Email: p.Email, Name: p.Name, Role: account.RoleAffiliate, AffiliateID: int64(p.ID)}); err != nil {
			return err
		}
		for range p.weight {
			w.wheel = append(w.wheel, p)
		}
	}
	return nil
}

// grantAccess answers those who run what not everybody may run; planEvents has more of them ask.
func (w *world) grantAccess(ctx context.Context) error {
	for _, product := range w.products {
		if product.Visibility == offer.VisibilityPublic {
			continue
		}
		for _, p := range w.partners {
			if p.Status != affiliate.StatusActive || !p.runsProduct(product.key) || p.slug == "quoterunner" || p.slug == "sellerschool" {
				continue
			}
			if product.Visibility == offer.VisibilityApproval { // a private one is not seen: its affiliates are invited
				if err := w.ask(ctx, p, product); err != nil {
					return err
				}
			}
			if err := w.answer(ctx, p, product, offer.AccessApproved); err != nil {
				return err
			}
		}
	}
	for _, c := range []struct{ code, product, partner string }{
		{"FALCON10", "shop", "couponfalcon"}, {"TRAIL15", "shop", "trailandtent"}, {"FRESH", "groceries", "couponfalcon"},
	} {
		_, _, err := w.Coupons.Create(ctx, w.manager, offer.Coupon{Code: c.code, OfferID: w.product(c.product).ID,
			AffiliateID: w.partner(c.partner).ID, Active: true})
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *world) ask(ctx context.Context, p *partner, product *product) error {
	_, err := w.Offers.SetAccess(ctx, w.partnerUsers[p.slug], offer.Access{OfferID: product.ID})
	return err
}

func (w *world) answer(ctx context.Context, p *partner, product *product, status offer.AccessStatus) error {
	a, err := w.Offers.SetAccess(ctx, w.manager, offer.Access{OfferID: product.ID, AffiliateID: p.ID, Status: status})
	w.access, w.routes = append(w.access, a), nil
	return err
}

func (w *world) connectTrackers(ctx context.Context) error {
	for _, p := range w.partners {
		if p.tracker == "" {
			continue
		}
		global := postback.Postback{URL: w.postbackURL(p, p.tracker), Active: true}
		if p.wide {
			global.Statuses = append(global.Statuses, approved, pending, "rejected")
		}
		var err error
		if p.hook, err = w.connect(ctx, p, global); err != nil {
			return err
		}
		for _, e := range p.extra {
			product := w.product(e.product)
			one := postback.Postback{URL: w.postbackURL(p, e.tracker), OfferID: product.ID, Active: true}
			for _, g := range product.Goals {
				if g.Alias == e.goal {
					one.GoalID = g.ID
				}
			}
			if e.post {
				one.Method = postback.MethodPOST
			}
			if _, err := w.connect(ctx, p, one); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) connect(ctx context.Context, p *partner, hook postback.Postback) (postback.ID, error) {
	made, _, err := w.Postbacks.Create(ctx, w.partnerUsers[p.slug], hook)
	if err != nil {
		return 0, fmt.Errorf("postback of %s: %w", p.slug, err)
	}
	return made.ID, nil
}
