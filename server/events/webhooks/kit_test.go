package webhooks

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/jsonwire"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

const start = int64(1_770_000_000_000_000)

// kit is a Keeper over a ledger in memory, with a clock that stands still. Its
// one webhook is delivered to by hand, unless Run runs.
type kit struct {
	*Keeper
	t      testing.TB
	store  store.Store
	ledger *ledger.Ledger
	mu     sync.Mutex
	now    int64
	worker *worker
}

func newKit(t testing.TB) *kit {
	t.Helper()
	s := memory.New()
	t.Cleanup(func() { _ = s.Close() })
	l, err := ledger.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	k := &kit{t: t, store: s, ledger: l, now: start}
	k.open()
	return k
}

// open makes everything anew over the ledger, as after a restart.
func (k *kit) open() {
	clock := func() int64 { k.mu.Lock(); defer k.mu.Unlock(); return k.now }
	log := events.New(events.Config{
		Ledger: k.ledger, Now: clock, Random: rand.Reader,
		Told: func(*ledger.Tx) events.Told { return nil }, // there are notices alone
	})
	k.Keeper = New(Config{Ledger: k.ledger, Log: log, Now: clock, Logger: slog.New(slog.DiscardHandler)})
	k.worker = &worker{k: k.Keeper, id: "w"}
}

func (k *kit) later(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now += d.Microseconds()
}

// happen commits events about resources.
func (k *kit) happen(resources ...string) {
	k.t.Helper()
	if _, err := k.ledger.Commit(context.Background(), k.cfg.Now(), func(b *ledger.Batch) error {
		for _, r := range resources {
			e := events.Notice{Type: events.SourceSilent, Resource: r, Message: "said"}
			e.Put(b)
		}
		return nil
	}); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kit) create(uri, filter string) *pb.Webhook {
	k.t.Helper()
	w, err := k.Create(context.Background(), "w", &pb.Webhook{Uri: uri, Filter: filter}, "me")
	if err != nil {
		k.t.Fatal(err)
	}
	return w
}

// deliver lets the worker do what it can now.
func (k *kit) deliver() time.Duration {
	k.t.Helper()
	wait, err := k.worker.deliver(context.Background())
	if err != nil {
		k.t.Fatal(err)
	}
	return wait
}

func (k *kit) get() *pb.Webhook {
	k.t.Helper()
	w, err := k.Get(context.Background(), "w")
	if err != nil {
		k.t.Fatal(err)
	}
	return w
}

// receiver is an address: it remembers what it took, in order.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	took   []string // resources
	ids    map[string]int
	answer func(resource string) int // the status; 200 where nil
	check  func(r *http.Request, body []byte)
}

func receive(t testing.TB) *receiver {
	r := &receiver{ids: map[string]int{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(req.Body)
	e := &pb.Event{}
	if err := jsonwire.Unmarshal(body, e); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if r.check != nil {
		r.check(req, body)
	}
	status := http.StatusOK
	if r.answer != nil {
		status = r.answer(e.Resource)
	}
	if status < 300 {
		if r.ids[e.Id]++; r.ids[e.Id] == 1 { // as whoever looks at the id does
			r.took = append(r.took, e.Resource)
		}
	}
	w.WriteHeader(status)
}

func (r *receiver) got() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.took, " ")
}

func (r *receiver) set(answer func(string) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func always(status int) func(string) int { return func(string) int { return status } }
