package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/demo"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/outbound"
	"github.com/waypost/waypost/store/pgstore"
)

// demoSeed is that of the demo that a start loads.
const demoSeed = 1

// demoPasswordFile, in the data folder, keeps the password of the demo's log-ins.
const demoPasswordFile = "demo-password"

// demoState is what the demo adds to a process; zero outside it.
type demoState struct {
	troubledSink    *sink
	demoPassword    string // of the log-ins that the demo made
	demoPasswordNew bool   // made by this start: it is not that of log-ins which were there before
	demoLogins      bool   // are in the database, with that password
}

// prepareDemo gives the demo its password, its operator and its sinks.
func (s *Server) prepareDemo() (err error) {
	if err := s.takeDemoPassword(); err != nil {
		return err
	}
	if s.cfg.AdminEmail == "" {
		s.cfg.AdminEmail, s.cfg.AdminPassword = demo.OperatorEmail, s.demoPassword
	}
	well, troubled := sinkAddrs(s.cfg.SinkAddr)
	if s.sink, err = startSink(well, now, s.log); err == nil {
		s.troubledSink, err = startSink(troubled, now, s.log)
	}
	if err != nil {
		return fmt.Errorf("demo sink: %w", err)
	}
	for address, one := range map[string]*sink{well: s.sink, troubled: s.troubledSink} {
		if got := one.addr().String(); got != address && !strings.HasSuffix(address, ":0") {
			s.say("demo: somebody else listens at " + address + ", so the sink took " + got + "; postbacks that were loaded before go to the old address")
		}
	}
	return nil
}

// takeDemoPassword reads the data folder's password, or makes one.
func (s *Server) takeDemoPassword() (err error) {
	path := filepath.Join(s.cfg.DataDir, demoPasswordFile)
	_, missing := os.Stat(path)
	s.demoPasswordNew = missing != nil
	if s.demoPassword, err = generatedOnce(path, rand.Text); err != nil {
		return fmt.Errorf("demo password: %w", err)
	}
	return nil
}

// sinkAddrs are where the demo's sinks listen: that of trackers that are well, and, on the next port, that of those which
// have troubles, so that they hold up nobody else's deliveries.
func sinkAddrs(setting string) (well, troubled string) {
	host, port, _ := net.SplitHostPort(setting)
	n, err := strconv.Atoi(port)
	if err != nil || n == 0 || n == 65535 {
		return setting, net.JoinHostPort(host, "0")
	}
	return setting, net.JoinHostPort(host, strconv.Itoa(n+1))
}

// loadDemo fills an empty database at the start; one that holds data is left as it is.
func (s *Server) loadDemo(ctx context.Context) error {
	if !s.prepared.Load() {
		s.say("demo: the database is not there yet, so nothing was loaded; load it later with: waypost demo")
		return nil
	}
	sum, err := s.makeDemo(ctx, demo.Options{Seed: demoSeed, Days: demo.DefaultDays,
		Trackers: "http://" + s.sink.addr().String(), Troubled: "http://" + s.troubledSink.addr().String()})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errs.HasCode(err, demo.CodeNotEmpty):
		s.say("demo: the database holds data already; it is left as it is")
		_, err := s.db.Accounts().FindUser(ctx, demo.ManagerEmail)
		s.demoLogins = err == nil && !s.demoPasswordNew
		return nil
	case err != nil:
		return err
	}
	s.demoLogins = true
	s.say("demo: loaded " + sum.String())
	return nil
}

// makeDemo loads the demo with services of its own, on its clock and its seed.
func (s *Server) makeDemo(ctx context.Context, o demo.Options) (demo.Summary, error) {
	o.Now, o.Password, o.Say = now(), s.demoPassword, s.say
	began := time.Now()
	guard := outbound.NewGuard(s.cfg.OutboundAllow, endpoints(o.Trackers, o.Troubled)...)
	sum, err := demo.Load(ctx, demoDeps(s.db, click.NewSigner(s.secret, s.previous...), guard, s.cfg, o.Seed, s.log), o)
	if err == nil {
		err = s.db.Rollups().RollAll(ctx, o.Now.Add(-rollAfter))
	}
	if err == nil {
		s.log.InfoContext(ctx, "demo data loaded", "seed", o.Seed, "days", o.Days, "seconds", time.Since(began).Round(100*time.Millisecond).Seconds())
	}
	return sum, err
}

// endpoints are the addresses of the demo's trackers.
func endpoints(bases ...string) (addrs []netip.AddrPort) {
	for _, base := range bases {
		if addr, err := netip.ParseAddrPort(base[len("http://"):]); err == nil {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// demoDeps builds the services of the demo. Ids come from the seed; what is secret does not.
func demoDeps(db *pgstore.DB, signer *click.Signer, guard *outbound.Guard, cfg config.Config, seed uint64, log *slog.Logger) demo.Deps {
	clock, ids := &demo.Clock{}, demo.NewRandom(seed)
	hooks := postback.Deps{Store: db.Postbacks(), Deliveries: db.Deliveries(), Tx: db, Audit: db.Audit(), Guard: guard,
		Sender: outbound.NewPostbackClient(guard), Waker: noQueue{}, Signer: signer, Clock: clock.Now, Random: rand.Reader, Log: log}
	announcer := hooks
	announcer.Random = ids
	return demo.Deps{
		Tx: db, MakeRoom: db.EnsurePartitions, Clicks: db.Clicks(), Deliveries: db.Deliveries(), Signer: signer, Clock: clock, Random: ids,
		Network: network.NewService(network.Deps{Tx: db, Store: db.Network(), Audit: db.Audit(), Clock: clock.Now}),
		Accounts: account.NewService(account.Deps{Tx: db, Store: db.Accounts(), Audit: db.Audit(), Clock: clock.Now, Random: rand.Reader,
			PublicURL: cfg.PublicURL}),
		Advertisers: advertiser.NewService(advertiser.Deps{Tx: db, Store: db.Advertisers(), Audit: db.Audit(), Clock: clock.Now, Random: rand.Reader}),
		Affiliates:  affiliate.NewService(affiliate.Deps{Tx: db, Store: db.Affiliates(), Audit: db.Audit(), Clock: clock.Now}),
		Offers: offer.NewService(offer.Deps{Tx: db, Store: db.Offers(), Advertisers: db.Advertisers(), Affiliates: db.Affiliates(),
			Audit: db.Audit(), Clock: clock.Now, Lint: click.LintDestination, TrackingURL: cfg.TrackingURL}),
		Coupons: offer.NewCouponService(offer.CouponDeps{Tx: db, Store: db.Coupons(), Offers: db.Offers(), Affiliates: db.Affiliates(),
			Audit: db.Audit(), Clock: clock.Now}),
		Postbacks: postback.NewService(hooks),
		Conversions: conversion.NewService(conversion.Deps{Store: db.Conversions(), Tx: db, Announcer: postback.NewService(announcer), Audit: db.Audit(),
			Signer: signer, Clock: clock.Now, Random: ids}),
	}
}

// Demo loads demo data into the settings' database, which has to be empty, and prints what it does and the log-ins.
func Demo(ctx context.Context, cfg config.Config, log *slog.Logger, seed uint64, days int, out io.Writer) error {
	return beside(ctx, cfg, log, func(s *Server) error {
		s.out = out
		if err := s.takeDemoPassword(); err != nil {
			return err
		}
		well, troubled := sinkAddrs(cfg.SinkAddr)
		sum, err := s.makeDemo(ctx, demo.Options{Seed: seed, Days: days, Trackers: "http://" + well, Troubled: "http://" + troubled})
		if err != nil {
			return err
		}
		s.say("demo: loaded " + sum.String())
		s.say(fmt.Sprintf("\nLog-ins, all with the password %s:\n%s", s.demoPassword, s.listDemoLogins(ctx, demo.OperatorEmail)))
		s.say("\nThe affiliates' postbacks go to the demo's sink, which listens while the server runs with WAYPOST_DEMO=true.")
		return nil
	})
}

// listDemoLogins are some of the log-ins that the demo made, a line each. The operator's is one of them where it made it.
func (s *Server) listDemoLogins(ctx context.Context, operator string) string {
	var b strings.Builder
	for _, l := range [...]struct{ email, is string }{
		{operator, "administrator"}, {demo.ManagerEmail, "manager"}, {demo.FinanceEmail, "finance"}, {demo.ViewerEmail, "viewer"},
		{demo.AffiliateEmail, "affiliate Media Cove"}, {demo.AdvertiserEmail, "advertiser Northwind Shop"},
	} {
		if _, err := s.db.Accounts().FindUser(ctx, l.email); err == nil {
			fmt.Fprintf(&b, "  %-30s %s\n", l.email, l.is)
		}
	}
	return b.String() + "  and one for each party's e-mail address: GET /api/v1/users"
}

// whereMails says where the mail with the link that confirms an address goes.
func (s *Server) whereMails() string {
	if s.cfg.SMTPURL != "" {
		return "the link that confirms the address is mailed"
	}
	return "the mail with the link that confirms the address lies in " + filepath.Join(s.cfg.DataDir, mailFolder)
}

// printDemo tells the person at the terminal where everything is, and prints the walk.
func (s *Server) printDemo(ctx context.Context) error {
	own := s.cfg.AdminPassword != s.demoPassword
	var b strings.Builder
	fmt.Fprintf(&b, "\nWaypost serves at %[1]s\n\n  log-in                 %[1]s/login   (leads to the portal of whoever logs in)\n"+
		"  admin portal           %[1]s/admin\n  affiliate portal       %[1]s/affiliate\n  advertiser portal      %[1]s/advertiser\n"+
		"  sign-up of partners    %[1]s/sign-up   (%[3]s)\n  API and its document   %[1]s/api/docs\n  demo sink              http://%[2]s/received   (receives the demo's postbacks)\n",
		s.cfg.PublicURL, s.sink.addr(), s.whereMails())
	operator := s.cfg.AdminEmail
	if own {
		fmt.Fprintf(&b, "\nLog-in of the operator: %s, with the password of WAYPOST_ADMIN_PASSWORD\n", operator)
		operator = ""
	}
	switch {
	case s.demoLogins:
		fmt.Fprintf(&b, "\nLog-ins, all with the password %s:\n%s\n", s.demoPassword, s.listDemoLogins(ctx, operator))
	case !own:
		fmt.Fprintf(&b, "\nLog-in of the operator: %s, with the password %s\n", operator, s.demoPassword)
	}
	if _, err := io.WriteString(s.out, b.String()); err != nil {
		return err
	}
	return printWalk(s.out, s.cfg.DataDir, s.cfg.PublicURL, "http://"+s.sink.addr().String(), s.cfg.AdminEmail, s.cfg.AdminPassword, !own)
}
