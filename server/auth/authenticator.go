package auth

import (
	"context"
	"crypto/subtle"
	"sync"
	"sync/atomic"
	"time"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/fault"
)

// cacheSize bounds the cache. It holds tokens that exist and are not revoked,
// never failed attempts, so that guessing cannot fill it.
const cacheSize = 1024

// Authenticator tells who holds a secret. It is safe for concurrent use.
type Authenticator struct {
	tokens Tokens
	clock  func() time.Time
	epoch  atomic.Uint64 // counts revocations

	mu    sync.RWMutex
	cache map[Hash]*storev1.TokenRecord
}

// NewAuthenticator returns an Authenticator over tokens. clock tells the
// instant against which expiry is checked.
func NewAuthenticator(tokens Tokens, clock func() time.Time) *Authenticator {
	return &Authenticator{tokens: tokens, clock: clock, cache: map[Hash]*storev1.TokenRecord{}}
}

// Pass is an admitted caller. A long call shows it again with Recheck.
type Pass struct {
	Identity
	secret  string
	epoch   uint64
	expires int64 // microseconds; 0 is never
}

// Authenticate tells who holds the secret. The error is UNAUTHENTICATED, or
// the store's.
func (a *Authenticator) Authenticate(ctx context.Context, secret string) (Pass, error) {
	if secret == "" {
		return Pass{}, fault.Unauthenticated(fault.ReasonNoToken,
			`this service needs a token: send the header "Authorization: Bearer SECRET"; an admin makes one with plumbline token create`)
	}
	hash, ok := HashSecret(secret)
	if !ok {
		return Pass{}, notAccepted()
	}
	epoch := a.epoch.Load()
	t, err := a.find(ctx, hash, epoch)
	if err != nil {
		return Pass{}, err
	}
	if t == nil || subtle.ConstantTimeCompare(t.SecretHash, hash[:]) != 1 {
		return Pass{}, notAccepted()
	}
	if err := usable(t, a.clock()); err != nil {
		return Pass{}, err
	}
	return Pass{
		Identity: Identity{Actor: t.Id, Role: Role(t.Role), Sources: t.Sources},
		secret:   secret, epoch: epoch, expires: t.Expires,
	}, nil
}

// Recheck says whether the caller is still admitted. It costs two loads while
// no token has been revoked, so a stream can ask before every message.
func (a *Authenticator) Recheck(ctx context.Context, p *Pass) error {
	if p.epoch == a.epoch.Load() && (p.expires == 0 || a.clock().UnixMicro() < p.expires) {
		return nil
	}
	fresh, err := a.Authenticate(ctx, p.secret)
	if err == nil {
		*p = fresh
	}
	return err
}

// Revoke ends a token and forgets it. When it returns, no call is admitted
// with it any more.
func (a *Authenticator) Revoke(ctx context.Context, id string, by Write) (*storev1.TokenRecord, error) {
	t, err := a.tokens.Revoke(ctx, id, by)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// Counting under the lock keeps a find that read the token before it was
	// revoked from caching it afterwards.
	a.epoch.Add(1)
	var h Hash
	copy(h[:], t.SecretHash)
	delete(a.cache, h)
	return t, nil
}

// find looks in the cache, then in the store. epoch was read before.
func (a *Authenticator) find(ctx context.Context, h Hash, epoch uint64) (*storev1.TokenRecord, error) {
	a.mu.RLock()
	t := a.cache[h]
	a.mu.RUnlock()
	if t != nil {
		return t, nil
	}
	t, err := a.tokens.ByHash(ctx, h)
	if err != nil || t == nil || t.Revoked != 0 {
		return t, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.epoch.Load() == epoch {
		if len(a.cache) >= cacheSize {
			clear(a.cache)
		}
		a.cache[h] = t
	}
	return t, nil
}

func usable(t *storev1.TokenRecord, now time.Time) error {
	switch {
	case t.Revoked != 0:
		return fault.Unauthenticated(fault.ReasonBadToken,
			"the token %q was revoked on %s; ask an admin for a new one", t.Id, day(t.Revoked))
	case t.Expires != 0 && now.UnixMicro() >= t.Expires:
		return fault.Unauthenticated(fault.ReasonBadToken,
			"the token %q expired on %s; ask an admin for a new one", t.Id, day(t.Expires))
	case !Role(t.Role).Valid():
		return fault.Unauthenticated(fault.ReasonBadToken, "the token %q has an unknown role", t.Id)
	}
	return nil
}

func notAccepted() error {
	return fault.Unauthenticated(fault.ReasonBadToken, "this token is not known here; check that it is whole and that this is its service")
}

func day(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.DateOnly) }
