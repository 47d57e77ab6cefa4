package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// env is tokens in a ledger in memory.
type env struct {
	ledger *ledger.Ledger
	tokens auth.Tokens
	authn  *auth.Authenticator
	clock  *clock
}

func newEnv(t *testing.T) *env {
	t.Helper()
	l, err := ledger.Create(t.Context(), memory.New())
	if err != nil {
		t.Fatal(err)
	}
	e := &env{ledger: l, tokens: auth.InLedger(l), clock: &clock{now: start}}
	e.authn = auth.NewAuthenticator(e.tokens, e.clock.Now)
	return e
}

func (e *env) by() auth.Write {
	return auth.Write{Actor: "root", Method: "CreateToken", RequestID: "r1", At: e.clock.Now().UnixMicro()}
}

// token makes a token and returns its secret.
func (e *env) token(t *testing.T, id string, role auth.Role, lifetime time.Duration, sources ...string) string {
	t.Helper()
	secret, err := auth.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h, ok := auth.HashSecret(secret)
	if !ok {
		t.Fatalf("a new secret is not well-formed: %q", secret)
	}
	rec := &storev1.TokenRecord{
		Id: id, SecretHash: h[:], Role: string(role), Sources: sources,
		Created: e.clock.Now().UnixMicro(), Expires: e.clock.Now().Add(lifetime).UnixMicro(),
	}
	if err := e.tokens.Create(t.Context(), rec, e.by()); err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestAuthenticate(t *testing.T) {
	e := newEnv(t)
	secret := e.token(t, "cmdb", auth.RoleSubmit, time.Hour, "cmdb-eu", "cmdb-us")
	for range 2 { // from the store, then from the cache
		p, err := e.authn.Authenticate(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		if p.Actor != "cmdb" || p.Role != auth.RoleSubmit || !p.MayWrite("cmdb-eu") || p.MayWrite("scanner") {
			t.Errorf("identity = %+v", p.Identity)
		}
	}
	other, _ := auth.NewSecret(rand.Reader)
	for name, bad := range map[string]string{
		"none": "", "unknown": other, "short": secret[:20], "long": secret + "A",
		"another prefix": "xyz_" + secret[4:], "not base64": auth.SecretPrefix + strings.Repeat("!", 43),
		"upper case": strings.ToUpper(secret),
	} {
		if _, err := e.authn.Authenticate(t.Context(), bad); fault.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		} else if bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%s: the error repeats the secret", name)
		}
	}
}

func TestExpiry(t *testing.T) {
	e := newEnv(t)
	secret := e.token(t, "cmdb", auth.RoleRead, time.Hour)
	p, err := e.authn.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	e.clock.add(time.Hour - time.Microsecond)
	if err := e.authn.Recheck(t.Context(), &p); err != nil {
		t.Errorf("a microsecond before: %v", err)
	}
	e.clock.add(time.Microsecond)
	if err := e.authn.Recheck(t.Context(), &p); fault.Code(err) != codes.Unauthenticated {
		t.Errorf("a stream goes on after expiry: %v", err)
	}
	if _, err := e.authn.Authenticate(t.Context(), secret); fault.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "expired on 2026-03-01") {
		t.Errorf("at expiry: %v", err)
	}
}

func TestRevokeHoldsAtOnce(t *testing.T) {
	e := newEnv(t)
	secret := e.token(t, "cmdb", auth.RoleRead, time.Hour)
	keep := e.token(t, "other", auth.RoleRead, time.Hour)
	p, err := e.authn.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	q, err := e.authn.Authenticate(t.Context(), keep)
	if err != nil {
		t.Fatal(err)
	}
	first, err := e.authn.Revoke(t.Context(), "cmdb", e.by())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.authn.Authenticate(t.Context(), secret); fault.Code(err) != codes.Unauthenticated {
		t.Errorf("after Revoke: %v", err)
	}
	if err := e.authn.Recheck(t.Context(), &p); fault.Code(err) != codes.Unauthenticated {
		t.Errorf("a stream goes on after Revoke: %v", err)
	}
	if err := e.authn.Recheck(t.Context(), &q); err != nil {
		t.Errorf("another token: %v", err)
	}
	e.clock.add(time.Minute)
	again, err := e.authn.Revoke(t.Context(), "cmdb", e.by())
	if err != nil || again.Revoked != first.Revoked {
		t.Errorf("a second Revoke: %v, %v", again, err)
	}
	if _, err := e.authn.Revoke(t.Context(), "nobody", e.by()); fault.Code(err) != codes.NotFound {
		t.Errorf("Revoke of none: %v", err)
	}
}

// Under the race detector: no call is admitted once Revoke has returned,
// whatever was being read meanwhile.
func TestRevokeAgainstConcurrentCalls(t *testing.T) {
	for range 20 {
		e := newEnv(t)
		secret := e.token(t, "cmdb", auth.RoleRead, time.Hour)
		revoked := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-revoked:
						if _, err := e.authn.Authenticate(t.Context(), secret); err == nil {
							t.Error("admitted after Revoke returned")
						}
						return
					default:
						e.authn.Authenticate(t.Context(), secret) //nolint:errcheck // either is right here
					}
				}
			})
		}
		if _, err := e.authn.Revoke(t.Context(), "cmdb", e.by()); err != nil {
			t.Fatal(err)
		}
		close(revoked)
		wg.Wait()
	}
}

func TestTokensInLedger(t *testing.T) {
	e := newEnv(t)
	secret := e.token(t, "b", auth.RoleRead, time.Hour)
	e.token(t, "a", auth.RoleAdmin, time.Hour)
	e.token(t, "c", auth.RoleSubmit, time.Hour)
	err := e.tokens.Create(t.Context(), &storev1.TokenRecord{Id: "a"}, e.by())
	if fault.Code(err) != codes.AlreadyExists {
		t.Errorf("the same id again: %v", err)
	}
	got, err := e.tokens.List(t.Context(), "a", 1)
	if err != nil || len(got) != 1 || got[0].Id != "b" {
		t.Errorf("List after a = %v, %v", got, err)
	}
	h, _ := auth.HashSecret(secret)
	if tok, err := e.tokens.ByHash(t.Context(), h); err != nil || tok.GetId() != "b" {
		t.Errorf("ByHash = %v, %v", tok, err)
	}
	if tok, err := e.tokens.ByHash(t.Context(), auth.Hash{}); err != nil || tok != nil {
		t.Errorf("ByHash of none = %v, %v", tok, err)
	}
	if _, err := e.tokens.Revoke(t.Context(), "b", e.by()); err != nil {
		t.Fatal(err)
	}
	e.tokens.Revoke(t.Context(), "b", e.by()) //nolint:errcheck // must make no second entry
	wantAudit(t, e.ledger, "tokens/b revoked", "tokens/c created", "tokens/a created", "tokens/b created")
}

// The store must not hold the secret in any form but its hash.
func TestSecretIsNotStored(t *testing.T) {
	e := newEnv(t)
	secret := e.token(t, "b", auth.RoleRead, time.Hour)
	err := e.ledger.View(t.Context(), func(tx *ledger.Tx) error {
		for kind := range 256 {
			for name, v := range tx.Objects(byte(kind), "") {
				if strings.Contains(name, secret[4:20]) || bytes.Contains(v, []byte(secret[4:20])) {
					t.Errorf("object %q holds the secret", name)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantAudit(t *testing.T, l *ledger.Ledger, want ...string) {
	t.Helper()
	var got []string
	err := l.View(t.Context(), func(tx *ledger.Tx) error {
		got = nil
		for e := range tx.AuditEntries(ledger.Addr{}, ledger.MinInstant, ledger.MaxInstant) {
			rec := &storev1.AuditRecord{}
			if err := proto.Unmarshal(e.Payload, rec); err != nil {
				return err
			}
			if rec.Actor != "root" || rec.RequestId != "r1" {
				t.Errorf("audit record = %v", rec)
			}
			got = append(got, rec.Resource+" "+rec.Outcome)
		}
		return nil
	})
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("audit = %q, %v; want %q", got, err, want)
	}
}

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		role auth.Role
		want string // the permissions granted, in order
	}{
		{auth.RoleRead, "public read"}, {auth.RoleSubmit, "public read submit"},
		{auth.RoleAdmin, "public read submit admin"}, {"", "public"}, {"root", "public"},
	} {
		var got []string
		for _, p := range []auth.Permission{auth.Denied, auth.Public, auth.Read, auth.Submit, auth.Admin} {
			if c.role.Grants(p) {
				got = append(got, p.String())
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q grants %v, want %s", c.role, got, c.want)
		}
	}
}

func TestAuthorize(t *testing.T) {
	reader := auth.Identity{Actor: "r", Role: auth.RoleRead}
	if err := auth.Authorize(reader, "/plumbline.v1.InventoryService/GetSystem"); err != nil {
		t.Error(err)
	}
	err := auth.Authorize(reader, "/plumbline.v1.InventoryService/UpdatePolicy")
	if fault.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), `"admin"`) {
		t.Errorf("the error must name the role: %v", err)
	}
	if err := auth.Authorize(auth.Local, "/plumbline.v1.InventoryService/NoSuch"); fault.Code(err) != codes.PermissionDenied {
		t.Errorf("a method that is not in the table: %v", err)
	}
	if err := auth.Authorize(auth.Anonymous, "/grpc.health.v1.Health/Check"); err != nil {
		t.Errorf("health: %v", err)
	}
}

func TestCheckSource(t *testing.T) {
	ctx := auth.NewContext(context.Background(), auth.Identity{Actor: "x", Role: auth.RoleSubmit, Sources: []string{"a"}})
	if err := auth.CheckSource(ctx, "a"); err != nil {
		t.Error(err)
	}
	if err := auth.CheckSource(ctx, "b"); fault.Code(err) != codes.PermissionDenied {
		t.Errorf("another source: %v", err)
	}
	if err := auth.CheckSource(context.Background(), "a"); fault.Code(err) != codes.PermissionDenied {
		t.Errorf("nobody: %v", err)
	}
}

func TestBearer(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want string
		ok   bool
	}{
		{nil, "", true}, {[]string{"Bearer x"}, "x", true}, {[]string{"bearer x"}, "x", true},
		{[]string{"Basic x"}, "", false}, {[]string{"Bearer "}, "", false}, {[]string{"x"}, "", false},
		{[]string{"Bearer x", "Bearer y"}, "", false},
	} {
		got, err := auth.Bearer(c.in)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %q, %v", c.in, got, err)
		}
	}
}
