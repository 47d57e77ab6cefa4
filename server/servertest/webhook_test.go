package servertest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/events/webhooks"
	"github.com/plumbline/plumbline/server/servertest"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

// address takes events as a program of somebody else's does: it checks the
// signature, and tells by the id what it has seen.
type address struct {
	*httptest.Server
	t      *testing.T
	mu     sync.Mutex
	secret string
	status int
	took   []*pb.Event
	seen   map[string]int
}

func newAddress(t *testing.T) *address {
	a := &address{t: t, status: 200, seen: map[string]int{}}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

// ServeHTTP implements http.Handler.
func (a *address) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	var at int64
	signature := r.Header.Get("Plumbline-Signature")
	if _, err := fmt.Sscanf(signature, "t=%d,", &at); err != nil || signature != webhooks.Signature(a.secret, at, body) {
		a.t.Errorf("signature %q of %s", signature, body)
	}
	e := &pb.Event{}
	if err := protojson.Unmarshal(body, e); err != nil || e.Id != r.Header.Get("Plumbline-Event") {
		a.t.Errorf("event %q: %v of %s", r.Header.Get("Plumbline-Event"), err, body)
	}
	w.WriteHeader(a.status)
	if a.status < 300 && e.Type != "test" {
		if a.seen[e.Id]++; a.seen[e.Id] == 1 {
			a.took = append(a.took, e)
		}
	}
}

func (a *address) set(secret string, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.secret, a.status = secret, status
}

func (a *address) events() []*pb.Event {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.took)
}

// hook is a webhook as it stands.
func (f *following) hook(name string) *pb.Webhook {
	f.t.Helper()
	return must[*pb.Webhook](f.governance)(f.events.GetWebhook(f.t.Context(), &pb.GetWebhookRequest{Name: name}))
}

// TestWebhook makes a webhook over REST, and has its address take events, refuse
// them for a day, and take them again.
func TestWebhook(t *testing.T) {
	f, to := follow(governedService(t)), newAddress(t)
	f.keepFresh()
	n := len(f.audit())
	code, made := f.rest("POST", "/v1/webhooks?webhookId=hook", fmt.Sprintf(`{"uri":%q,"filter":"event.type.startsWith('result.')"}`, to.URL))
	if code != 200 || made["secret"] == "" || made["name"] != "webhooks/hook" {
		t.Fatalf("%d %v", code, made)
	}
	n = f.wrote(n, "CreateWebhook", "webhooks/hook")
	to.set(made["secret"].(string), 200)
	begin := f.hook("webhooks/hook").Cursor
	all := func() []*pb.Event { return f.list(begin, "event.type.startsWith('result.')") }

	f.flap(6)
	want := all()
	until(t, "all is delivered", func() bool { return int(f.hook("webhooks/hook").Delivered) == len(want) })
	sameIDs(t, "delivered", to.events(), want)
	for i, e := range to.events() {
		if !proto.Equal(e, want[i]) {
			t.Errorf("delivered %v, want %v", e, want[i])
		}
	}
	w := f.hook("webhooks/hook")
	if w.Secret != "" || w.LastError != "" || w.Cursor == begin {
		t.Errorf("it stands at %v", w)
	}
	f.sameOverREST("/v1/webhooks/hook", w)
	f.sameOverREST("/v1/webhooks", &pb.ListWebhooksResponse{Webhooks: []*pb.Webhook{w}})

	to.set(made["secret"].(string), 500)
	f.flap(1)
	dead := all()[len(want):]
	until(t, "an attempt fails", func() bool { return f.hook("webhooks/hook").LastError != "" })
	f.at(f.clock.Now().Add(25 * time.Hour))
	f.Events.Webhooks().Wake()
	until(t, "it is given up", func() bool { return int(f.hook("webhooks/hook").Dead) == len(dead) })
	letters := must[*pb.ListDeadLettersResponse](f.governance)(f.events.ListDeadLetters(t.Context(), &pb.ListDeadLettersRequest{Parent: "webhooks/hook"}))
	f.sameOverREST("/v1/webhooks/hook/deadLetters", letters)
	for i, l := range letters.DeadLetters {
		if !proto.Equal(l.Event, dead[i]) || l.Attempts == 0 || !strings.Contains(l.Error, "500") || l.GiveUpTime == nil {
			t.Errorf("dead letter %v of %v", l, dead[i])
		}
	}
	tested := must[*pb.TestWebhookResponse](f.governance)(f.events.TestWebhook(t.Context(), &pb.TestWebhookRequest{Name: "webhooks/hook"}))
	if tested.Status != 500 || tested.Error == "" {
		t.Errorf("test: %v", tested)
	}
	to.set(made["secret"].(string), 204)
	if code, answer := f.rest("POST", "/v1/webhooks/hook:test", "{}"); code != 200 || answer["status"] != 204.0 {
		t.Errorf("test: %d %v", code, answer)
	}
	code, answer := f.rest("POST", "/v1/webhooks/hook/deadLetters:replay", "{}")
	if code != 200 || answer["delivered"] != float64(len(dead)) || answer["failed"] != 0.0 {
		t.Errorf("replay: %d %v", code, answer)
	}
	f.flap(2)
	want = all()
	until(t, "all is delivered", func() bool { return int(f.hook("webhooks/hook").Delivered) == len(want) })
	if got := to.events(); len(got) != len(want) {
		t.Errorf("%d of %d events arrived", len(got), len(want))
	}
	if code, _ := f.rest("DELETE", "/v1/webhooks/hook", ""); code != 200 {
		t.Errorf("delete: %d", code)
	}
	f.wrote(n+len(dead), "DeleteWebhook", "webhooks/hook")
	_, err := f.events.GetWebhook(t.Context(), &pb.GetWebhookRequest{Name: "webhooks/hook"})
	if status.Code(err) != codes.NotFound {
		t.Error(err)
	}
}

// TestKillKeepsTheOutbox kills the service with SIGKILL, again and again, in the
// middle of submissions and deliveries: what was committed is told, what was not
// is not, and a webhook gets all of it, in order.
func TestKillKeepsTheOutbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plumbline.db")
	to := newAddress(t)
	c := start(t, servertest.Options{})
	hook, err := pb.NewEventServiceClient(c.Conn).CreateWebhook(t.Context(), &pb.CreateWebhookRequest{
		WebhookId: "hook", Webhook: &pb.Webhook{Uri: to.URL, Filter: "event.type.startsWith('result.')"},
	})
	if err != nil {
		t.Fatal(err)
	}
	to.set(hook.Secret, 200)
	c.Stop()
	if err := os.Rename(c.Path, path); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string]bool{}
	for round := range 3 {
		addr, kill := child(t, path)
		streamUntilKilled(t, addr, round, kill, acknowledged)
	}
	c = connect(t, servertest.Start(t, servertest.Options{Path: path}))
	f := &following{governance: &governance{client: c}, events: pb.NewEventServiceClient(c.Conn)}
	list := f.list("", "event.type.startsWith('result.')")
	told := map[string]int{}
	for _, e := range list {
		told[e.System]++
	}
	systems := f.systems()
	for id := range systems {
		if got, want := failing(list, id), f.failingNow(t, id); keys(got) != keys(want) {
			t.Errorf("%s: by its events %s, but it is %s", id, keys(got), keys(want))
		}
		if told[id] > 1 {
			t.Errorf("%s was told %d times", id, told[id])
		}
	}
	for id := range told {
		if !systems[id] {
			t.Errorf("%s was told, and is not there", id)
		}
	}
	if len(list) == 0 || len(acknowledged) == 0 {
		t.Fatal("nothing was committed before the kill")
	}
	until(t, "all is delivered", func() bool { return len(to.events()) >= len(list) })
	sameIDs(t, "delivered", to.events(), list)
	c.Stop()
	sound(t, path)
}

// systems are the ids of all systems.
func (f *following) systems() map[string]bool {
	out := map[string]bool{}
	for token := ""; ; {
		p := must[*pb.ListSystemsResponse](f.governance)(f.inventory.ListSystems(f.t.Context(), &pb.ListSystemsRequest{PageSize: 1000, PageToken: token}))
		for _, s := range p.Systems {
			out[strings.TrimPrefix(s.Name, "systems/")] = true
		}
		if token = p.NextPageToken; token == "" {
			return out
		}
	}
}

// sound checks that nothing is wrong with a store's file.
func sound(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{AppendSpaces: ledger.AppendSpaces()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := ledger.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Verify(t.Context(), func(err error) bool { t.Error(err); return true }); err != nil {
		t.Fatal(err)
	}
}

// TestWebhookSecretStays: a secret that is given is used, and no answer but the
// first has it.
func TestWebhookSecretStays(t *testing.T) {
	f, to := follow(governedService(t)), newAddress(t)
	to.set("of my own", 200)
	w := must[*pb.Webhook](f.governance)(f.events.CreateWebhook(t.Context(), &pb.CreateWebhookRequest{
		WebhookId: "hook", Webhook: &pb.Webhook{Uri: to.URL, Secret: "of my own", Delivered: 7, Dead: 8, LastError: "x", Cursor: "y"},
	}))
	if w.Secret != "of my own" || w.Delivered != 0 || w.Dead != 0 || w.LastError != "" || w.Cursor == "y" {
		t.Errorf("made %v", w)
	}
	f.flap(1)
	until(t, "something is delivered", func() bool { return len(to.events()) > 0 })
	for _, path := range []string{"/v1/webhooks", "/v1/webhooks/hook", "/v1/auditEntries", "/v1/events"} {
		_, answer := f.rest("GET", path, "")
		if raw, _ := json.Marshal(answer); strings.Contains(string(raw), "of my own") {
			t.Errorf("%s tells the secret: %s", path, raw)
		}
	}
}
