package webhooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/fault"
)

// TestSigned: each delivery is signed, over when it was sent and what, and says
// which event it is.
func TestSigned(t *testing.T) {
	k, to := newKit(t), receive(t)
	w := k.create(to.URL+"/hook?a=b", "")
	if len(w.Secret) < 32 {
		t.Fatalf("the secret is %q", w.Secret)
	}
	checked := 0
	to.check = func(r *http.Request, body []byte) {
		checked++
		var at, sum string
		for part := range strings.SplitSeq(r.Header.Get("Plumbline-Signature"), ",") {
			switch key, value, _ := strings.Cut(part, "="); key {
			case "t":
				at = value
			case "v1":
				sum = value
			}
		}
		h := hmac.New(sha256.New, []byte(w.Secret))
		fmt.Fprintf(h, "%s.%s", at, body)
		if sum != hex.EncodeToString(h.Sum(nil)) || at != fmt.Sprint(start/1e6) {
			t.Errorf("signature %q", r.Header.Get("Plumbline-Signature"))
		}
		if id := r.Header.Get("Plumbline-Event"); len(id) != 26 || !bytes.Contains(body, []byte(id)) {
			t.Errorf("id %q in %s", id, body)
		}
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Plumbline-Type") != "source.silent" || r.URL.RequestURI() != "/hook?a=b" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
	}
	k.happen("1", "2")
	k.deliver()
	if checked != 2 || to.got() != "1 2" {
		t.Errorf("checked %d, got %s", checked, to.got())
	}
	for _, w := range []*pb.Webhook{k.get(), list(t, k)[0]} {
		if w.Delivered != 2 || w.Secret != "" || w.LastError != "" || w.RetryTime != nil {
			t.Errorf("it stands at %v", w)
		}
	}
}

func list(t *testing.T, k *kit) []*pb.Webhook {
	t.Helper()
	out, err := k.List(t.Context(), "", 10)
	if err != nil || len(out) != 1 {
		t.Fatal(out, err)
	}
	return out
}

// TestFromNowOn: what happened before is not sent, nor what the filter leaves out.
func TestFromNowOn(t *testing.T) {
	k, to := newKit(t), receive(t)
	k.happen("before")
	k.create(to.URL, "event.resource != 'left out'")
	k.happen("1", "left out")
	k.happen("2")
	k.deliver()
	k.happen("left out")
	k.deliver()
	if to.got() != "1 2" {
		t.Errorf("got %s", to.got())
	}
}

// TestDayOfErrors: an address answers 500 for an hour less than a day: all comes
// in order, once it recovers. For more than a day: what is a day old becomes a
// dead letter, the young comes.
func TestDayOfErrors(t *testing.T) {
	for _, c := range []struct {
		down time.Duration
		want string
		dead int
	}{{23 * time.Hour, "1 2 3 4", 0}, {25 * time.Hour, "3 4", 2}} {
		k, to := newKit(t), receive(t)
		k.create(to.URL, "")
		to.answer = always(500)
		k.happen("1")
		attempts, begin := 0, k.now
		to.check = func(*http.Request, []byte) { attempts++ }
		second, third := false, false
		for k.now < begin+c.down.Microseconds() {
			wait := k.deliver()
			if wait < 500*time.Millisecond || wait > 15*time.Minute {
				t.Fatalf("it waits %v", wait)
			}
			if k.deliver() != wait {
				t.Fatal("it does not wait")
			}
			k.later(wait)
			if !second && k.now > begin+time.Minute.Microseconds() {
				k.happen("2")
				second = true
			}
			if !third && k.now > begin+12*time.Hour.Microseconds() {
				k.happen("3")
				third = true
			}
		}
		if attempts < 90 || attempts > 300 {
			t.Errorf("%d attempts in %v", attempts, c.down)
		}
		if w := k.get(); w.LastError != "answered 500 Internal Server Error" || w.RetryTime == nil || w.Delivered != 0 {
			t.Errorf("it stands at %v", w)
		}
		to.set(nil)
		k.happen("4")
		k.later(15 * time.Minute)
		k.deliver()
		if w := k.get(); to.got() != c.want || w.LastError != "" || int(w.Dead) != c.dead || w.RetryTime != nil {
			t.Errorf("after %v: got %s; it stands at %v", c.down, to.got(), w)
		}
		letters, err := k.Letters(t.Context(), "w", "", 10)
		if err != nil || len(letters) != c.dead {
			t.Fatal(letters, err)
		}
		for i, l := range letters {
			if l.Event.Resource != fmt.Sprint(i+1) || l.Attempts < 1 || l.Error == "" || l.GiveUpTime == nil || l.Event.Message != "said" {
				t.Errorf("dead letter %v", l)
			}
		}
	}
}

// TestPoison: one event that an address never takes does not take the others
// along.
func TestPoison(t *testing.T) {
	k, to := newKit(t), receive(t)
	k.create(to.URL, "")
	to.answer = func(r string) int {
		if r == "2" {
			return 422
		}
		return 204
	}
	k.happen("1", "2", "3")
	for range 400 {
		k.later(k.deliver())
	}
	if w := k.get(); to.got() != "1 3" || w.Dead != 1 || w.Delivered != 2 {
		t.Errorf("got %s; it stands at %v", to.got(), w)
	}
}

// TestHang: no answer is a failure like any other, and holds nobody else up.
func TestHang(t *testing.T) {
	k := newKit(t)
	k.cfg.Timeout = 100 * time.Millisecond
	hang := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer slow.Close()
	defer close(hang)
	k.create(slow.URL, "")
	k.happen("1")
	if wait := k.deliver(); wait == 0 {
		t.Error("it took that")
	}
	if w := k.get(); w.LastError != "no answer within 100ms" {
		t.Errorf("it stands at %v", w)
	}
}

// TestNotFollowed: a redirect is no answer, and whither it leads nothing is sent.
func TestNotFollowed(t *testing.T) {
	k, other := newKit(t), receive(t)
	from := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer from.Close()
	k.create(from.URL, "")
	k.happen("1")
	k.deliver()
	if w := k.get(); !strings.Contains(w.LastError, "307") || !strings.Contains(w.LastError, "not followed") || other.got() != "" {
		t.Errorf("it stands at %v; the other got %q", w, other.got())
	}
}

// TestEndlessAnswer: an answer without an end is not read to its end.
func TestEndlessAnswer(t *testing.T) {
	k := newKit(t)
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	k.create(endless.URL, "")
	k.happen("1")
	k.deliver()
	if w := k.get(); w.Delivered != 1 {
		t.Errorf("it stands at %v", w)
	}
}

// TestUnreachable: the error does not repeat the address, and says what is wrong.
func TestUnreachable(t *testing.T) {
	k := newKit(t)
	gone := httptest.NewServer(nil)
	gone.Close()
	k.create(gone.URL, "")
	k.happen("1")
	k.deliver()
	if w := k.get(); !strings.Contains(w.LastError, "refused") || strings.Contains(w.LastError, "Post") {
		t.Errorf("it stands at %v", w)
	}
}

func TestRefused(t *testing.T) {
	k := newKit(t)
	for uri, field := range map[string]string{
		"ftp://example.com": "webhook.uri", "file:///etc/passwd": "webhook.uri", "//x": "webhook.uri", "http://": "webhook.uri", "http://%zz": "webhook.uri",
		"http://me:secret@example.com": "webhook.uri", "http://example.com/#a": "webhook.uri", "javascript:alert(1)": "webhook.uri",
	} {
		_, err := k.Create(t.Context(), "w", &pb.Webhook{Uri: uri}, "me")
		var f *fault.Error
		if !errors.As(err, &f) || len(f.Violations) != 1 || f.Violations[0].Field != field {
			t.Errorf("%s: %v", uri, err)
		}
	}
	k.create("http://127.0.0.1:1", "")
	if _, err := k.Create(t.Context(), "w", &pb.Webhook{Uri: "http://127.0.0.1:1"}, "me"); fault.Code(err) != codes.AlreadyExists {
		t.Error(err)
	}
	for i := range MaxWebhooks - 1 {
		if _, err := k.Create(t.Context(), fmt.Sprint(i), &pb.Webhook{Uri: "http://127.0.0.1:1"}, "me"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Create(t.Context(), "more", &pb.Webhook{Uri: "http://127.0.0.1:1"}, "me"); fault.Code(err) != codes.FailedPrecondition {
		t.Error(err)
	}
	for _, f := range []func() error{
		func() error { _, err := k.Get(t.Context(), "none"); return err },
		func() error { return k.Delete(t.Context(), "none", "me") },
		func() error { _, err := k.Test(t.Context(), "none"); return err },
		func() error { _, err := k.Letters(t.Context(), "none", "", 1); return err },
		func() error { _, err := k.Replay(t.Context(), "none", nil, "me"); return err },
		func() error { _, err := k.Replay(t.Context(), "w", []string{"none"}, "me"); return err },
	} {
		if err := f(); fault.Code(err) != codes.NotFound {
			t.Error(err)
		}
	}
}

// dead makes dead letters of events.
func (k *kit) dead(to *receiver, resources ...string) {
	k.t.Helper()
	to.set(always(503))
	k.happen(resources...)
	for range 300 {
		k.later(k.deliver())
	}
	if w := k.get(); int(w.Dead) != len(resources) {
		k.t.Fatalf("it stands at %v", w)
	}
}

// TestReplay sends dead letters again: chosen ones, all, those that fail again.
func TestReplay(t *testing.T) {
	k, to := newKit(t), receive(t)
	k.create(to.URL, "")
	k.dead(to, "1", "2", "3", "4")
	letters, err := k.Letters(t.Context(), "w", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if page, err := k.Letters(t.Context(), "w", letters[1].Event.Id, 1); err != nil || len(page) != 1 || page[0].Event.Resource != "3" {
		t.Errorf("behind the second: %v, %v", page, err)
	}
	replay := func(delivered, failed int32, only ...string) {
		t.Helper()
		r, err := k.Replay(t.Context(), "w", only, "me")
		if err != nil || r.Delivered != delivered || r.Failed != failed {
			t.Errorf("replayed: %v, %v, want %d and %d", r, err, delivered, failed)
		}
	}
	replay(0, 4)
	to.set(func(r string) int {
		if r == "2" {
			return 400
		}
		return 200
	})
	replay(1, 0, letters[2].Event.Id)
	replay(2, 1)
	left, err := k.Letters(t.Context(), "w", "", 10)
	if err != nil || len(left) != 1 || left[0].Event.Resource != "2" || left[0].Attempts != letters[1].Attempts+2 || left[0].Error != "answered 400 Bad Request" {
		t.Errorf("left are %v, %v", left, err)
	}
	if w := k.get(); to.got() != "3 1 4" || w.Dead != 1 || w.Delivered != 3 {
		t.Errorf("got %s; it stands at %v", to.got(), w)
	}
	to.Close()
	replay(0, 1)
}

// TestForgotten: dead letters go with their age, and with their webhook.
func TestForgotten(t *testing.T) {
	k, to := newKit(t), receive(t)
	k.create(to.URL, "")
	k.dead(to, "1", "2")
	k.later(events.DefaultRetention / 2)
	if err := k.Sweep(t.Context()); err != nil || k.get().Dead != 2 {
		t.Errorf("half the time on: %v, %v", k.get(), err)
	}
	k.later(events.DefaultRetention/2 + 48*time.Hour)
	if err := k.Sweep(t.Context()); err != nil || k.get().Dead != 0 {
		t.Errorf("the time on: %v, %v", k.get(), err)
	}
	k.worker = &worker{k: k.Keeper, id: "w"}
	k.dead(to, "3")
	if err := k.Delete(t.Context(), "w", "me"); err != nil {
		t.Fatal(err)
	}
	k.create(to.URL, "")
	if l, err := k.Letters(t.Context(), "w", "", 5); err != nil || len(l) > 0 {
		t.Errorf("another's dead letters: %v, %v", l, err)
	}
}

// TestTooLate: where events are gone before they could be delivered the webhook
// goes on with what is there, and says so.
func TestTooLate(t *testing.T) {
	k, to := newKit(t), receive(t)
	k.create(to.URL, "")
	k.happen("1")
	k.later(events.DefaultRetention + time.Hour)
	k.happen("2")
	if n, err := k.cfg.Log.Sweep(t.Context()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	said := ""
	to.check = func(*http.Request, []byte) { said = k.get().LastError }
	k.deliver()
	if to.got() != "2" || !strings.Contains(said, "deleted") {
		t.Errorf("got %s; it said %q", to.got(), said)
	}
}

// TestTest sends one event past all that waits.
func TestTest(t *testing.T) {
	k, to := newKit(t), receive(t)
	k.create(to.URL, "event.type == 'nothing'")
	r, err := k.Test(t.Context(), "w")
	if err != nil || r.Status != 200 || r.Error != "" || to.got() != "webhooks/w" {
		t.Errorf("%v, %v; got %q", r, err, to.got())
	}
	to.set(always(418))
	if r, err := k.Test(t.Context(), "w"); err != nil || r.Status != 418 || r.Error == "" {
		t.Errorf("%v, %v", r, err)
	}
	to.Close()
	if r, err := k.Test(t.Context(), "w"); err != nil || r.Status != 0 || !strings.Contains(r.Error, "refused") {
		t.Errorf("%v, %v", r, err)
	}
	if w := k.get(); w.Delivered != 0 || w.LastError != "" {
		t.Errorf("it stands at %v", w)
	}
}

// TestClockSetBack: an attempt that was put off is not put off for years.
func TestClockSetBack(t *testing.T) {
	k, to := newKit(t), receive(t)
	k.create(to.URL, "")
	k.later(10 * 365 * 24 * time.Hour)
	to.set(always(500))
	k.happen("1")
	k.deliver()
	k.later(-10 * 365 * 24 * time.Hour)
	to.set(nil)
	k.deliver()
	if to.got() != "1" {
		t.Errorf("got %q", to.got())
	}
}

// TestOutbox: an address that fails at random, and a service that is killed at
// random: everything comes at least once, in order, and nothing else.
func TestOutbox(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		k, to := newKit(t), receive(t)
		defer to.Close()
		k.create(to.URL, "event.resource.startsWith('y')")
		failures := map[string]int{}
		to.answer = func(resource string) int {
			if failures[resource] > 0 {
				failures[resource]--
				return 500
			}
			return 200
		}
		var want []string
		for i := range rapid.IntRange(1, 60).Draw(r, "steps") {
			switch rapid.IntRange(0, 3).Draw(r, "what") {
			case 0, 1:
				name := fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"y", "n"}).Draw(r, "name"), i)
				k.happen(name)
				if name[0] == 'y' {
					want = append(want, name)
					failures[name] = max(0, rapid.IntRange(-4, 3).Draw(r, "failures"))
				}
			case 2:
				k.later(k.deliver())
			case 3: // what was not stored is lost with the process
				k.open()
			}
		}
		for range 200 {
			k.later(k.deliver())
		}
		if got := to.got(); got != strings.Join(want, " ") {
			t.Errorf("got %s, want %v", got, want)
		}
	})
}

// TestRun: webhooks have a worker each, as long as they are there; one that hangs
// holds up no other, and nothing runs after the end.
func TestRun(t *testing.T) {
	k, to := newKit(t), receive(t)
	k.cfg.Timeout = time.Second
	hang := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer slow.Close()
	defer close(hang)
	arrived := make(chan string, 100)
	to.answer = func(r string) int { arrived <- r; return 200 }
	if _, err := k.Create(t.Context(), "slow", &pb.Webhook{Uri: slow.URL}, "me"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); k.Run(ctx) }()
	k.create(to.URL, "")
	for i := range 5 {
		k.happen(fmt.Sprint(i))
		if got := <-arrived; got != fmt.Sprint(i) {
			t.Errorf("got %s, want %d", got, i)
		}
	}
	if err := k.Delete(t.Context(), "w", "me"); err != nil {
		t.Fatal(err)
	}
	k.create(to.URL, "event.resource == 'again'")
	k.happen("not", "again")
	if got := <-arrived; got != "again" {
		t.Errorf("got %s", got)
	}
	stop()
	<-done
	if w := k.get(); w.Delivered != 1 {
		t.Errorf("what was taken before the end is not known: %v", w)
	}
}
