package export_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/domain/mail"
	"github.com/waypost/waypost/store/storetest"
)

type world struct {
	*testing.T
	*export.Service
	db    *storetest.DB
	at    time.Time
	store export.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, db: storetest.New(t), at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	w.store = w.db.Exports()
	w.Service = export.NewService(export.Deps{Tx: w.db, Store: w.store, Users: w.db.Accounts(), Outbox: w.db.Mails(), Clock: func() time.Time { return w.at },
		Random: rand.Reader, PublicURL: "https://net.example", Log: slog.New(slog.DiscardHandler)})
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) user(name string, role account.Role) account.Actor {
	w.Helper()
	u := account.User{Email: name + "@example.com", Role: role, Status: account.UserStatusActive, TimeZone: "Europe/Berlin", CreatedAt: w.at, UpdatedAt: w.at}
	w.must(w.db.Accounts().InsertUser(w.Context(), &u))
	return u.Actor("192.0.2.1")
}

func (w *world) order(a account.Actor, what string) export.Export {
	w.Helper()
	e, err := w.Order(w.Context(), a, export.Order{Path: "/admin/conversions?status=" + what, Format: export.CSV, Title: what, ByMail: true})
	w.must(err)
	return e
}

func (w *world) get(a account.Actor, id export.ID) export.Export {
	w.Helper()
	e, err := w.Get(w.Context(), a, id)
	w.must(err)
	return e
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	_, err := w.db.Pool().Exec(context.Background(), sql, args...)
	w.must(err)
}

func (w *world) count(sql string) (n int) {
	w.Helper()
	w.must(w.db.Pool().QueryRow(context.Background(), sql).Scan(&n))
	return n
}

func (w *world) mails() []mail.Due {
	w.Helper()
	due, err := w.db.Mails().Claim(w.Context(), 100, time.Hour)
	w.must(err)
	return due
}

// writes renders this text.
func writes(text string) export.Renderer {
	return func(_ context.Context, _ export.Order, _ account.User, _ account.Actor, w io.Writer) (string, error) {
		_, err := io.WriteString(w, text)
		return "rows-2026-11-22.csv", err
	}
}

func TestMadeAndFetched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.user("ann", account.RoleViewer), w.user("bob", account.RoleAdmin)
	e := w.order(ann, "approved")
	text := strings.Repeat("0123456789abcdef", 3<<16) // 3 MiB exactly, in odd bites
	made, err := w.MakeDue(t.Context(), func(_ context.Context, o export.Order, u account.User, a account.Actor, out io.Writer) (string, error) {
		if o.Path != "/admin/conversions?status=approved" || u.Email != "ann@example.com" || a.Role != account.RoleViewer || w.get(ann, e.ID).State != export.Making {
			t.Errorf("rendered %+v for %s as %+v", o, u.Email, a)
		}
		_, err := io.CopyBuffer(out, struct{ io.Reader }{strings.NewReader(text)}, make([]byte, 100_003))
		return "conversions-2026-11-22.csv", err
	})
	if made != 1 || err != nil {
		t.Fatalf("made %d, %v", made, err)
	}
	got := w.get(ann, e.ID)
	if got.State != export.Ready || got.Size != int64(len(text)) || got.FileName != "conversions-2026-11-22.csv" || !got.ReadyAt.Equal(w.at) || !got.ExpiresAt.Equal(w.at.Add(export.Kept)) {
		t.Errorf("%+v", got)
	}
	_, copyTo, err := w.Open(t.Context(), ann, e.ID)
	w.must(err)
	var b bytes.Buffer
	w.must(copyTo(&b))
	if b.String() != text || w.count("SELECT count(*) FROM export_parts") != 3 {
		t.Errorf("%d bytes in %d parts", b.Len(), w.count("SELECT count(*) FROM export_parts"))
	}
	mails := w.mails()
	if len(mails) != 1 || mails[0].Message.Check() != nil || mails[0].Message.To != "ann@example.com" || !strings.Contains(mails[0].Message.Text, "https://net.example/admin/account/files") ||
		!strings.Contains(mails[0].Message.Text, "29 November 2026") || !strings.Contains(mails[0].Message.Text, "status approved") {
		t.Fatalf("mails %+v", mails)
	}
	if f := mails[0].Message.File; f == nil || f.Name != got.FileName || string(f.Data) != text || f.Type != "text/csv" {
		t.Error("the mail does not carry the file")
	}
	// Another's is not there, and nobody changes it.
	if _, err := w.Get(t.Context(), bob, e.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("another's: %v", err)
	}
	if _, _, err := w.Open(t.Context(), bob, e.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("another's file: %v", err)
	}
	if err := w.Delete(t.Context(), bob, e.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("another's is deleted: %v", err)
	}
	if list, err := w.List(t.Context(), bob, domain.Page{}); err != nil || len(list.Items) != 0 {
		t.Errorf("another's list: %v %v", list, err)
	}
	// Who moved to a party does not take the network's files along.
	party := account.Actor{UserID: ann.UserID, Role: account.RoleAffiliate, AffiliateID: 1}
	if _, err := w.Get(t.Context(), party, e.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("after changing sides: %v", err)
	}
	if _, err := w.Get(t.Context(), account.Actor{Role: account.RoleAffiliate, AffiliateID: 1, Viewing: ann.UserID}, e.ID); !errs.HasCode(err, "view_only") {
		t.Errorf("while viewing: %v", err)
	}
	w.must(w.Delete(t.Context(), ann, e.ID))
	if n := w.count("SELECT count(*) FROM export_parts"); n != 0 {
		t.Errorf("%d parts are left", n)
	}
}

// A file that was made with more rights than its user has now stays shut.
func TestDemotedAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", account.RoleAdmin)
	e := w.order(ann, "approved")
	_, err := w.MakeDue(t.Context(), writes("x"))
	w.must(err)
	ann.Role = account.RoleViewer
	if _, _, err := w.Open(t.Context(), ann, e.ID); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("%v", err)
	}
}

// A file that was made with the fewer rights that its user has by then opens for them.
func TestDemotedBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", account.RoleAdmin)
	e := w.order(ann, "approved")
	w.exec("UPDATE users SET role = 'viewer'")
	_, err := w.MakeDue(t.Context(), writes("x"))
	w.must(err)
	ann.Role = account.RoleViewer
	if got, _, err := w.Open(t.Context(), ann, e.ID); err != nil || got.Role != account.RoleViewer {
		t.Errorf("made as %s: %v", got.Role, err)
	}
	if mails := w.mails(); len(mails) != 1 || mails[0].Message.File == nil {
		t.Error("it is not mailed")
	}
}

// Who loses rights while a file is made gets no mail that carries it.
func TestDemotedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, change := range []string{"role = 'viewer'", "role = 'affiliate', affiliate_id = 1", "status = 'disabled'"} {
		w := newWorld(t)
		w.exec("INSERT INTO affiliates (id, name, status, currency, fire, created_at, updated_at) VALUES (1, 'a', 'active', 'USD', 'specific', now(), now())")
		w.order(w.user("ann", account.RoleAdmin), "approved")
		made, err := w.MakeDue(t.Context(), func(ctx context.Context, o export.Order, u account.User, a account.Actor, out io.Writer) (string, error) {
			w.exec("UPDATE users SET " + change)
			return writes("secret")(ctx, o, u, a, out)
		})
		if made != 1 || err != nil {
			t.Fatal(made, err)
		}
		for _, m := range w.mails() {
			if m.Message.File != nil {
				t.Errorf("%s: the file went to %s", change, m.Message.To)
			}
		}
	}
}

func TestRightsWhenItIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.user("ann", account.RoleAdmin), w.user("bob", account.RoleManager)
	demoted, disabled := w.order(ann, "approved"), w.order(bob, "approved")
	w.exec("UPDATE users SET role = 'viewer' WHERE id = $1", int64(ann.UserID))
	w.exec("UPDATE users SET status = 'disabled' WHERE id = $1", int64(bob.UserID))
	made, err := w.MakeDue(t.Context(), func(_ context.Context, _ export.Order, _ account.User, a account.Actor, _ io.Writer) (string, error) {
		if a.UserID != ann.UserID || a.Role != account.RoleViewer {
			t.Errorf("rendered as %+v", a)
		}
		return "", errs.Forbidden("forbidden", "your role may not")
	})
	if made != 2 || err != nil {
		t.Fatalf("%d, %v", made, err)
	}
	ann.Role = account.RoleViewer
	if e := w.get(ann, demoted.ID); e.State != export.Failed || e.Reason != "Your role may not." || e.ExpiresAt.IsZero() {
		t.Errorf("%+v", e)
	}
	if e := w.get(bob, disabled.ID); e.State != export.Failed || !strings.Contains(e.Reason, "disabled") {
		t.Errorf("%+v", e)
	}
	if mails := w.mails(); len(mails) != 1 || mails[0].Message.To != "ann@example.com" || mails[0].Message.File != nil || !strings.Contains(mails[0].Message.Text, "Your role may not.") {
		t.Errorf("mails: %+v", mails)
	}
}

func TestManyMakersMakeEachFileOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const users = 12
	for i := range users {
		w.order(w.user(fmt.Sprint("u", i), account.RoleViewer), "approved")
	}
	var mu sync.Mutex
	times := map[account.UserID]int{}
	var makers sync.WaitGroup
	for range 4 {
		makers.Go(func() {
			_, err := w.MakeDue(t.Context(), func(_ context.Context, _ export.Order, u account.User, _ account.Actor, out io.Writer) (string, error) {
				mu.Lock()
				times[u.ID]++
				mu.Unlock()
				_, err := io.WriteString(out, "x")
				return "x.csv", err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	makers.Wait()
	for id, n := range times {
		if n != 1 {
			t.Errorf("the file of user %d was made %d times", id, n)
		}
	}
	if n := w.count("SELECT count(*) FROM exports WHERE state = 'ready'"); n != users || len(w.mails()) != users {
		t.Errorf("%d ready", n)
	}
}

// A maker that dies leaves half a file: another begins it anew, and the first, if it lives after all, writes nothing more.
func TestKilledMaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", account.RoleViewer)
	e := w.order(ann, "approved")
	dead, found, err := w.store.Claim(t.Context(), time.Hour)
	if !found || err != nil {
		t.Fatal(found, err)
	}
	w.must(w.store.AddPart(t.Context(), dead, 0, []byte("half a f"), time.Hour))
	if made, err := w.MakeDue(t.Context(), writes("whole")); made != 0 || err != nil {
		t.Fatalf("made while another does: %d, %v", made, err)
	}
	if _, _, err := w.Open(t.Context(), ann, e.ID); !errs.HasCode(err, "not_ready") {
		t.Errorf("half a file opens: %v", err)
	}
	w.exec("UPDATE exports SET due_at = now() - interval '1 second'")
	if made, err := w.MakeDue(t.Context(), func(ctx context.Context, o export.Order, u account.User, a account.Actor, out io.Writer) (string, error) {
		for name, err := range map[string]error{"part": w.store.AddPart(ctx, dead, 1, []byte("ile"), time.Hour), "lease": w.store.Extend(ctx, dead, time.Hour),
			"outcome": w.store.Settle(ctx, dead), "again": w.store.Again(ctx, dead, 0, true)} {
			if !errs.HasCode(err, "lease_lost") {
				t.Errorf("the dead maker's %s: %v", name, err)
			}
		}
		return writes("whole")(ctx, o, u, a, out)
	}); made != 1 || err != nil {
		t.Fatalf("made %d, %v", made, err)
	}
	_, copyTo, err := w.Open(t.Context(), ann, e.ID)
	w.must(err)
	var b bytes.Buffer
	w.must(copyTo(&b))
	if b.String() != "whole" {
		t.Errorf("%q", b.String())
	}
}

func TestDeletedWhileItIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", account.RoleViewer)
	e := w.order(ann, "approved")
	made, err := w.MakeDue(t.Context(), func(ctx context.Context, o export.Order, u account.User, a account.Actor, out io.Writer) (string, error) {
		w.must(w.Delete(ctx, ann, e.ID))
		return writes("x")(ctx, o, u, a, out)
	})
	if made != 0 || err != nil || w.count("SELECT count(*) FROM export_parts") != 0 || len(w.mails()) != 0 {
		t.Errorf("made %d, %v", made, err)
	}
}

func TestTriedThreeTimes(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(w *world, e export.Export){
		"fails": func(w *world, _ export.Export) {
			_, err := w.MakeDue(w.Context(), func(_ context.Context, _ export.Order, _ account.User, _ account.Actor, out io.Writer) (string, error) {
				_, _ = io.WriteString(out, "half")
				return "", errors.New("secret of the database")
			})
			w.must(err)
		},
		"dies": func(w *world, _ export.Export) {
			if _, found, err := w.store.Claim(w.Context(), time.Hour); err != nil || !found {
				w.Fatal(found, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ann := w.user("ann", account.RoleViewer)
			e := w.order(ann, "approved")
			for i := range 3 {
				if s := w.get(ann, e.ID).State; s.Over() {
					t.Fatalf("given up after %d tries", i)
				}
				broken(w, e)
				w.exec("UPDATE exports SET due_at = now() WHERE due_at IS NOT NULL")
			}
			_, err := w.MakeDue(t.Context(), writes("x"))
			w.must(err)
			got := w.get(ann, e.ID)
			if got.State != export.Failed || strings.Contains(got.Reason, "secret") || !strings.Contains(got.Reason, "our fault") {
				t.Errorf("%+v", got)
			}
			if mails := w.mails(); len(mails) != 1 || !strings.Contains(mails[0].Message.Subject, "could not be made") {
				t.Errorf("%+v", mails)
			}
		})
	}
}

// A process that stops hands back what it was making, and that counts as no try.
func TestStoppedMaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", account.RoleViewer)
	e := w.order(ann, "approved")
	for range 4 {
		ctx, stop := context.WithCancel(t.Context())
		_, err := w.MakeDue(ctx, func(ctx context.Context, _ export.Order, _ account.User, _ account.Actor, _ io.Writer) (string, error) {
			stop()
			<-ctx.Done()
			return "", ctx.Err()
		})
		w.must(err)
		if got := w.get(ann, e.ID); got.State != export.Waiting {
			t.Fatalf("%+v", got)
		}
	}
	if made, err := w.MakeDue(t.Context(), writes("x")); made != 1 || err != nil || w.get(ann, e.ID).State != export.Ready {
		t.Errorf("made %d, %v", made, err)
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", account.RoleViewer)
	e := w.order(ann, "approved")
	_, err := w.MakeDue(t.Context(), func(_ context.Context, _ export.Order, _ account.User, _ account.Actor, out io.Writer) (string, error) {
		if _, err := out.Write(make([]byte, 3<<20)); err != nil {
			return "", err
		}
		if n := w.count("SELECT count(*) FROM export_parts"); n != 3 {
			t.Errorf("%d parts", n)
		}
		_, err := out.Write(make([]byte, export.MaxSize)) // refused as a whole
		if err == nil {
			t.Error("taken")
		}
		return "x.csv", nil // whoever forgets the error
	})
	w.must(err)
	if got := w.get(ann, e.ID); got.State != export.Failed || !strings.Contains(got.Reason, "fewer days") || got.Size != 0 {
		t.Errorf("%+v", got)
	}
	if n := w.count("SELECT count(*) FROM export_parts"); n != 0 {
		t.Errorf("%d parts of a file that nobody can fetch are kept", n)
	}
}

// A file too large for a mail goes as a link alone.
func TestLargeFileByLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", account.RoleViewer)
	w.order(ann, "approved")
	_, err := w.MakeDue(t.Context(), writes(strings.Repeat("x", export.MaxAttached+1)))
	w.must(err)
	if mails := w.mails(); len(mails) != 1 || mails[0].Message.File != nil || !strings.Contains(mails[0].Message.Text, "5.0 MB") {
		t.Errorf("%d mails", len(mails))
	}
}

func TestAtMostFiveWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.user("ann", account.RoleViewer), w.user("bob", account.RoleViewer)
	var orders sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for i := range 20 {
		orders.Go(func() {
			_, err := w.Order(t.Context(), ann, export.Order{Path: fmt.Sprintf("/admin/conversions?offer=%d", i), Format: export.CSV, Title: "x"})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				taken++
			} else if !errs.HasCode(err, "too_many_waiting") {
				t.Error(err)
			}
		})
	}
	orders.Wait()
	if taken != export.MaxWaiting {
		t.Errorf("%d were taken", taken)
	}
	w.order(bob, "approved")
	if q, err := w.Queue(t.Context()); err != nil || q.Waiting != export.MaxWaiting+1 || !q.Oldest.Equal(w.at) {
		t.Errorf("queue %+v, %v", q, err)
	}
	_, err := w.MakeDue(t.Context(), writes("x"))
	w.must(err)
	w.order(ann, "approved")
}

func TestRoomOfAUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.user("ann", account.RoleViewer), w.user("bob", account.RoleViewer)
	e := w.order(ann, "approved")
	_, err := w.MakeDue(t.Context(), writes("x"))
	w.must(err)
	for _, size := range []int64{export.MaxRoom - 1, export.MaxRoom} {
		w.exec("UPDATE exports SET size = $1 WHERE id = $2", size, e.ID.String())
		_, err = w.Order(t.Context(), ann, export.Order{Path: "/admin/clicks", Format: export.CSV, Title: fmt.Sprint(size)})
		if full := size == export.MaxRoom; errs.HasCode(err, "too_many_files") != full || !full && err != nil {
			t.Errorf("with %d bytes: %v", size, err)
		}
	}
	w.order(bob, "approved")
	w.must(w.Delete(t.Context(), ann, e.ID))
	w.order(ann, "approved")
}

// The same that still waits is not made twice.
func TestOrderedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", account.RoleViewer)
	first, second, other := w.order(ann, "approved"), w.order(ann, "approved"), w.order(ann, "pending")
	if first.ID != second.ID || other.ID == first.ID {
		t.Errorf("%s %s %s", first.ID, second.ID, other.ID)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", account.RoleViewer)
	w.order(ann, "approved")
	_, err := w.MakeDue(t.Context(), writes("x"))
	w.must(err)
	waiting := w.order(ann, "pending")
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{export.Kept - time.Second, 0}, {export.Kept, 1}, {100 * export.Kept, 0}} {
		w.at = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(c.after)
		if n, err := w.Prune(t.Context()); n != c.want || err != nil {
			t.Errorf("after %s: %d, %v", c.after, n, err)
		}
	}
	if w.count("SELECT count(*) FROM export_parts") != 0 || w.get(ann, waiting.ID).State != export.Waiting {
		t.Error("not pruned as it should")
	}
}

func TestOrderJoinsTheTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", account.RoleViewer)
	undone := errors.New("undone")
	err := w.db.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := w.Order(ctx, ann, export.Order{Path: "/admin/conversions", Format: export.CSV, Title: "x"}); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) || w.count("SELECT count(*) FROM exports") != 0 {
		t.Errorf("%v", err)
	}
}
