package tracking_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/tracking"
)

// A click that would be refused looks at the catalogue's version first, so a change on another node is in force at once.
func TestReadYourWrites(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	if w := n.get("/click?o=3&a=1"); w.Code != http.StatusNotFound {
		t.Fatalf("status %d", w.Code)
	}
	for _, change := range []struct {
		query string
		fn    func(*click.Routing)
	}{
		{"o=3&a=1", func(r *click.Routing) { r.Offers[3].Active = true }},
		{"o=8&a=1", func(r *click.Routing) { r.Offers[8] = r.Offers[1] }},
		{"o=1&a=3", func(r *click.Routing) { r.Affiliates[3] = true }},
		{"o=1&a=8", func(r *click.Routing) { r.Affiliates[8] = true }},
		{"o=2&a=2", func(r *click.Routing) { r.Access[2][2] = true }},
	} {
		n.catalogue.change(change.fn)
		if w := n.get("/click?" + change.query); w.Code != http.StatusFound {
			t.Errorf("%s: status %d just after the change", change.query, w.Code)
		}
	}
	asked := n.catalogue.versions.Load()
	for range 100 {
		location(t, n.get("/click?o=1&a=1"))
	}
	if n.catalogue.versions.Load() != asked {
		t.Error("clicks that qualify ask the database")
	}
}

func TestRefusalsAskTheDatabaseTenTimesASecondAtMost(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	begin := time.Now()
	var visitors sync.WaitGroup
	for range 20 {
		visitors.Go(func() {
			for range 5 {
				n.get("/click?o=77&a=1")
			}
		})
	}
	visitors.Wait()
	most := int64(time.Since(begin)/(100*time.Millisecond)) + 1
	if asked := n.catalogue.versions.Load(); asked > most || asked == 0 {
		t.Errorf("asked %d times in %s", asked, time.Since(begin))
	}
	if loads := n.catalogue.loads.Load(); loads != 1 {
		t.Errorf("loaded %d times although nothing changed", loads)
	}
}

func TestRefusalsDoNotWaitForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	n.catalogue.away.Store(true)
	n.get("/click?o=77&a=1")
	asked := n.catalogue.versions.Load()
	for range 50 {
		if w := n.get("/click?o=77&a=1"); w.Code != http.StatusNotFound {
			t.Fatalf("status %d", w.Code)
		}
	}
	if more := n.catalogue.versions.Load() - asked; more > 5 {
		t.Errorf("asked a database that is away %d times", more)
	}
	location(t, n.get("/click?o=1&a=1"))
}

// hangingCatalogue answers when its caller gives up.
type hangingCatalogue struct{ *catalogue }

func (h hangingCatalogue) CatalogueVersion(ctx context.Context) (int64, error) {
	if h.away.Load() {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return h.catalogue.CatalogueVersion(ctx)
}

func TestAHangingDatabaseDelaysARefusalOnlyBriefly(t *testing.T) {
	t.Parallel()
	c := hangingCatalogue{&catalogue{}}
	c.change(func(*click.Routing) {})
	routing := tracking.NewRouting(c, filepath.Join(t.TempDir(), "routing"), quiet)
	if err := routing.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := newNode(t, nil)
	n.Tracking.Routing = routing
	c.away.Store(true)
	begin := time.Now()
	n.get("/click?o=77&a=1")
	if took := time.Since(begin); took > 900*time.Millisecond {
		t.Errorf("took %s", took)
	}
}

func TestStartWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	c := &catalogue{}
	c.change(func(*click.Routing) {})
	path := filepath.Join(t.TempDir(), "routing")
	first := tracking.NewRouting(c, path, quiet)
	if err := first.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	first.Run(ctx) // writes the snapshot before it ends
	c.away.Store(true)

	second := tracking.NewRouting(c, path, quiet)
	if second.Ready() == nil {
		t.Error("ready before anything was loaded")
	}
	if err := second.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := newNode(t, nil)
	n.Tracking.Routing = second
	n.clickIDIn(t, location(t, n.get("/click?o=2&a=1")))
	if w := n.get("/click?o=2&a=2"); w.Code != http.StatusNotFound {
		t.Errorf("the snapshot forgot who may run offer 2: status %d", w.Code)
	}

	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := tracking.NewRouting(c, path, quiet)
	if third.Load(t.Context()) == nil || third.Ready() == nil {
		t.Error("a damaged snapshot was taken")
	}
	n.Tracking.Routing = third
	if w := n.get("/click?o=1&a=1"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || n.Ready() == nil {
		t.Errorf("without a catalogue: status %d, ready %v", w.Code, n.Ready())
	}
}

func TestRunFollowsTheCatalogue(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); n.routing.Run(ctx) }()
	n.catalogue.change(func(r *click.Routing) { r.Offers[1].Active = false })
	deadline := time.Now().Add(10 * time.Second)
	for n.routing.Current().Version != n.catalogue.now.Load().Version {
		if time.Now().After(deadline) {
			t.Fatal("the change is not in force")
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	<-ended
}

// Refresh returns when a catalogue that was read after the call is in force, however many call at once.
func TestRefreshBringsTheCallersChangeIntoForce(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	var writers sync.WaitGroup
	var mu sync.Mutex
	for range 50 {
		writers.Go(func() {
			mu.Lock()
			n.catalogue.change(func(*click.Routing) {})
			mine := n.catalogue.now.Load().Version
			mu.Unlock()
			n.routing.Refresh(t.Context())
			if got := n.routing.Current().Version; got < mine {
				t.Errorf("version %d is in force after the refresh of %d", got, mine)
			}
		})
	}
	writers.Wait()
	if loads := n.catalogue.loads.Load(); loads > 51 {
		t.Errorf("%d loads for 50 changes", loads)
	}
}

// slowCatalogue loads only when it is allowed to.
type slowCatalogue struct {
	*catalogue
	loading chan struct{} // a load has begun
	allowed chan struct{}
}

func (s slowCatalogue) LoadRouting(ctx context.Context) (*click.Routing, error) {
	select {
	case s.loading <- struct{}{}:
	default:
	}
	select {
	case <-s.allowed:
		return s.catalogue.LoadRouting(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// While the newest catalogue cannot be loaded, or not soon, one refusal waits for it and the others do not.
func TestRefusalsDoNotWaitForACatalogueThatLoadsSlowly(t *testing.T) {
	t.Parallel()
	c := slowCatalogue{catalogue: &catalogue{}, loading: make(chan struct{}, 1), allowed: make(chan struct{})}
	c.change(func(*click.Routing) {})
	routing := tracking.NewRouting(c, filepath.Join(t.TempDir(), "routing"), quiet)
	ended := make(chan error, 1)
	go func() { ended <- routing.Load(t.Context()) }()
	c.allowed <- struct{}{}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	<-c.loading
	n := newNode(t, nil)
	n.Tracking.Routing = routing
	c.change(func(r *click.Routing) { r.Offers[77] = r.Offers[1] })
	if w := n.get("/click?o=77&a=1"); w.Code != http.StatusNotFound {
		t.Fatalf("status %d before the catalogue is there", w.Code)
	}
	<-c.loading
	ctx, stop := context.WithCancel(t.Context())
	go func() { routing.Run(ctx); ended <- nil }()
	// Whatever moment Run compares at, the refusals of these two seconds together must not wait for a second.
	var waited time.Duration
	for begin := time.Now(); time.Since(begin) < 2*time.Second; time.Sleep(10 * time.Millisecond) {
		asked := time.Now()
		n.get("/click?o=77&a=1")
		waited += time.Since(asked)
	}
	if waited > 900*time.Millisecond {
		t.Errorf("refusals waited %s of two seconds", waited)
	}
	close(c.allowed)
	deadline := time.Now().Add(10 * time.Second)
	for n.get("/click?o=77&a=1").Code != http.StatusFound {
		if time.Now().After(deadline) {
			t.Fatal("the catalogue did not come into force")
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	<-ended
}

// A node hears of its own change from the database too, and does not load the catalogue again for that.
func TestRefreshWithoutAChangeLoadsNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	n.catalogue.change(func(*click.Routing) {})
	n.routing.Refresh(t.Context()) // the writer's
	loads := n.catalogue.loads.Load()
	n.routing.Refresh(t.Context()) // the listener's
	if more := n.catalogue.loads.Load() - loads; more != 0 || loads != 2 {
		t.Errorf("%d loads for the change, %d for the news of it", loads-1, more)
	}
}
