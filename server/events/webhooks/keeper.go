package webhooks

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// Kinds of objects in the ledger. They are part of the format.
const (
	kindWebhook byte = 'w' // webhook's id → WebhookRecord
	kindLetter  byte = 'd' // "{webhook}/{event}" → DeadLetterRecord
)

// MaxWebhooks bounds how many there are: each has a worker.
const MaxWebhooks = 100

// Config is what a Keeper needs. Ledger, Log and Now are required.
type Config struct {
	Ledger *ledger.Ledger
	Log    *events.Log
	Now    func() int64 // microseconds since 1970 UTC
	// Random makes secrets, and spreads attempts; crypto/rand.Reader where nil.
	// It must be fit for keys and safe for concurrent use.
	Random  io.Reader
	Logger  *slog.Logger  // slog.Default() where nil
	Timeout time.Duration // of one attempt; 10 s where zero
	// Retention is how long dead letters are kept; events.DefaultRetention where zero.
	Retention time.Duration
}

// Keeper keeps webhooks and delivers to them. It is safe for concurrent use.
type Keeper struct {
	cfg    Config
	client *http.Client

	mu   sync.Mutex
	look chan struct{} // closed when workers should look again
}

// New is a Keeper.
func New(cfg Config) *Keeper {
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, 10*time.Second)
	cfg.Retention = cmp.Or(cfg.Retention, events.DefaultRetention)
	return &Keeper{cfg: cfg, client: newClient(), look: make(chan struct{})}
}

// Wake has the workers look again, whatever they wait for.
func (k *Keeper) Wake() {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.look)
	k.look = make(chan struct{})
}

func (k *Keeper) looking() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.look
}

func nameOf(id string) string { return "webhooks/" + id }

func notFound(id string) error {
	return fault.NotFound(nameOf(id), "list what is there with ListWebhooks")
}

func audit(b *ledger.Batch, actor, method, id, outcome string) {
	b.Audit(envelope.Encode(&storev1.AuditRecord{Actor: actor, Method: method, Resource: nameOf(id), Outcome: outcome}))
}

// Create makes a webhook that is sent what happens from now on. It is the only
// answer that shows the secret.
func (k *Keeper) Create(ctx context.Context, id string, src *pb.Webhook, actor string) (*pb.Webhook, error) {
	w := &pb.Webhook{Name: nameOf(id), Uri: src.Uri, Filter: src.Filter, Secret: src.Secret}
	if err := checkURI(w.Uri); err != nil {
		return nil, err
	}
	if _, err := events.CompileFilter("webhook.filter", w.Filter); err != nil {
		return nil, err
	}
	if w.Secret == "" {
		var raw [32]byte
		if _, err := io.ReadFull(k.cfg.Random, raw[:]); err != nil {
			return nil, fmt.Errorf("making a secret: %w", err)
		}
		w.Secret = base64.RawURLEncoding.EncodeToString(raw[:])
	}
	if err := k.forget(ctx, id, nil); err != nil { // of one of the same name that was deleted
		return nil, err
	}
	at, cursor, err := k.cfg.Log.Position(ctx, "", true)
	if err != nil {
		return nil, err
	}
	_, err = k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		n := 0
		for name := range b.Objects(kindWebhook, "") {
			if n++; name == id {
				return fault.AlreadyExists(w.Name, "choose another id, or delete it first")
			}
		}
		if n >= MaxWebhooks {
			return fault.FailedPrecondition("", "there are %d webhooks already, and can be %d; delete one that is no longer needed", n, MaxWebhooks)
		}
		w.CreateTime, w.Cursor = envelope.Timestamp(b.Commit().Recorded), cursor
		putWebhook(b, id, &storev1.WebhookRecord{Webhook: w, Seq: uint64(at.Seq), Number: at.N})
		audit(b, actor, "CreateWebhook", id, "created")
		return nil
	})
	if err != nil {
		return nil, err
	}
	k.Wake()
	return w, nil
}

func putWebhook(b *ledger.Batch, id string, rec *storev1.WebhookRecord) {
	rec.Schema = envelope.Schema
	b.PutObject(kindWebhook, id, envelope.Encode(rec))
}

// checkURI refuses what nothing can be sent to, and what would be sent along.
func checkURI(text string) error {
	bad := func(format string, args ...any) error { return fault.InvalidField("webhook.uri", format, args...) }
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return bad("is not an address: %v", err)
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("begins with %q; an address begins with https:// or http://", u.Scheme+":")
	case u.Hostname() == "":
		return bad("names no host")
	case u.User != nil:
		return bad("has a user or a password in it; the signature tells who sends")
	case u.Fragment != "":
		return bad("has a fragment (#%s), which is never sent", u.Fragment)
	}
	return nil
}

// Get is a webhook with how its deliveries stand.
func (k *Keeper) Get(ctx context.Context, id string) (out *pb.Webhook, err error) {
	rec, err := k.record(ctx, id)
	if err != nil {
		return nil, err
	}
	return shown(rec), nil
}

func (k *Keeper) record(ctx context.Context, id string) (rec *storev1.WebhookRecord, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		rec, err = envelope.Object[storev1.WebhookRecord](tx, kindWebhook, id)
		if err == nil && rec == nil {
			err = notFound(id)
		}
		return err
	})
	return rec, err
}

// shown is a webhook as everybody may see it.
func shown(rec *storev1.WebhookRecord) *pb.Webhook {
	w := proto.CloneOf(rec.Webhook)
	w.Secret, w.RetryTime = "", envelope.Timestamp(rec.Retry)
	return w
}

// List is at most n webhooks after an id, in the order of their ids.
func (k *Keeper) List(ctx context.Context, after string, n int) (out []*pb.Webhook, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		for _, raw := range tx.Objects(kindWebhook, after) {
			rec, err := envelope.Decode[storev1.WebhookRecord](raw)
			if err != nil {
				return err
			}
			if out = append(out, shown(rec)); len(out) == n {
				break
			}
		}
		return nil
	})
	return out, err
}

// Delete ends a webhook; what was not delivered is dropped, dead letters too.
func (k *Keeper) Delete(ctx context.Context, id, actor string) error {
	_, err := k.cfg.Ledger.Commit(ctx, k.cfg.Now(), func(b *ledger.Batch) error {
		if raw, err := b.Object(kindWebhook, id); err != nil {
			return err
		} else if raw == nil {
			return notFound(id)
		}
		b.DeleteObject(kindWebhook, id)
		audit(b, actor, "DeleteWebhook", id, "deleted")
		return nil
	})
	if err != nil {
		return err
	}
	k.Wake()
	return k.forget(ctx, id, nil)
}

// Test sends an event of type "test" now, once, past all that waits.
func (k *Keeper) Test(ctx context.Context, id string) (*pb.TestWebhookResponse, error) {
	rec, err := k.record(ctx, id)
	if err != nil {
		return nil, err
	}
	var raw [10]byte
	if _, err := io.ReadFull(k.cfg.Random, raw[:]); err != nil {
		return nil, fmt.Errorf("making an id: %w", err)
	}
	now := envelope.Timestamp(k.cfg.Now())
	status, err := k.post(ctx, rec.Webhook, &pb.Event{
		Id: "test-" + strings.ToLower(base64.RawURLEncoding.EncodeToString(raw[:])), Type: events.TestType,
		EffectiveTime: now, RecordedTime: now, Resource: rec.Webhook.Name, Message: "a test of " + rec.Webhook.Name,
	})
	out := &pb.TestWebhookResponse{Status: int32(status)}
	if err != nil {
		out.Error = err.Error()
	}
	return out, nil
}
