package auth

import (
	"context"
	"slices"

	"github.com/plumbline/plumbline/server/fault"
)

// Identity is who calls. It is immutable.
type Identity struct {
	// Actor is what audit entries name: a token's id, "local" where the service
	// listens on loopback without authentication, or "scheduler".
	Actor string
	// Role is what it may do.
	Role Role
	// Sources are those it may write; empty means all.
	Sources []string
}

// Local is who calls where authentication is off, which Config allows on
// loopback only: whoever reaches the port has the machine.
var Local = Identity{Actor: "local", Role: RoleAdmin}

// Anonymous is who calls a public method without a token.
var Anonymous = Identity{Actor: "anonymous"}

// MayWrite says whether the identity may submit for source.
func (i Identity) MayWrite(source string) bool {
	return i.Role.Grants(Submit) && (len(i.Sources) == 0 || slices.Contains(i.Sources, source))
}

type identityKey struct{}

// NewContext returns ctx with the identity.
func NewContext(ctx context.Context, who Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, who)
}

// FromContext returns who calls; Anonymous, who may do nothing, where nobody
// said so.
func FromContext(ctx context.Context) Identity {
	if who, ok := ctx.Value(identityKey{}).(Identity); ok {
		return who
	}
	return Anonymous
}

// CheckSource says whether the caller may submit for source. The error is
// PERMISSION_DENIED.
func CheckSource(ctx context.Context, source string) error {
	who := FromContext(ctx)
	if who.MayWrite(source) {
		return nil
	}
	return fault.PermissionDenied(fault.ReasonSource,
		"this token may not write the source %q; use that source's token, or make one that names it", source).
		With("source", source).With("actor", who.Actor)
}
