package auth

import (
	"context"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
)

// Write says who makes a change, for the audit entry that stands in the same
// commit as the change.
type Write struct {
	Actor     string
	Method    string // such as "CreateToken"
	RequestID string
	At        int64 // when, in microseconds since 1970 UTC
}

// Tokens stores tokens. All methods are safe for concurrent use. Records that
// are returned belong to the caller; records that are given are not kept.
//
// Errors are the store's, or a fault.Error where the method says so.
type Tokens interface {
	// Create stores a new token with its audit entry. It is ALREADY_EXISTS
	// where the id was ever used, also by a token that is revoked since.
	Create(ctx context.Context, t *storev1.TokenRecord, by Write) error
	// ByHash finds the token of a secret; nil where there is none.
	ByHash(ctx context.Context, h Hash) (*storev1.TokenRecord, error)
	// List returns up to limit tokens in the order of their ids, those after
	// the id given ("" begins at the first).
	List(ctx context.Context, after string, limit int) ([]*storev1.TokenRecord, error)
	// Revoke ends a token from by.At on, with its audit entry, and returns it.
	// It is NOT_FOUND where there is none. Revoking twice keeps the first
	// instant and makes no entry.
	Revoke(ctx context.Context, id string, by Write) (*storev1.TokenRecord, error)
}
