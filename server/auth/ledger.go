package auth

import (
	"context"
	"encoding/hex"
	"fmt"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// Kinds of objects in the ledger. Their values are part of the format.
const (
	kindToken  byte = 't' // token id → TokenRecord
	kindSecret byte = 'z' // hex of the secret's hash → token id
)

// schema is the version of the envelope that this program writes.
const schema = 1

// ledgerTokens keeps tokens as objects of the ledger.
type ledgerTokens struct{ l *ledger.Ledger }

// InLedger returns the tokens in l.
func InLedger(l *ledger.Ledger) Tokens { return ledgerTokens{l} }

// Create implements Tokens.
func (s ledgerTokens) Create(ctx context.Context, t *storev1.TokenRecord, by Write) error {
	rec := proto.CloneOf(t)
	rec.Schema = schema
	value, err := proto.Marshal(rec)
	if err != nil {
		return fmt.Errorf("a token record: %w", err)
	}
	_, err = s.l.Commit(ctx, by.At, func(b *ledger.Batch) error {
		old, err := b.Object(kindToken, t.Id)
		if err != nil {
			return err
		}
		if old != nil {
			return fault.AlreadyExists("tokens/"+t.Id, "choose another id; that of a revoked token is not used again, since the audit log names it")
		}
		b.PutObject(kindToken, t.Id, value)
		b.PutObject(kindSecret, hex.EncodeToString(t.SecretHash), []byte(t.Id))
		return audit(b, by, t.Id, "created")
	})
	return err
}

// ByHash implements Tokens.
func (s ledgerTokens) ByHash(ctx context.Context, h Hash) (*storev1.TokenRecord, error) {
	var t *storev1.TokenRecord
	err := s.l.View(ctx, func(tx *ledger.Tx) error {
		t = nil
		id, err := tx.Object(kindSecret, hex.EncodeToString(h[:]))
		if id == nil || err != nil {
			return err
		}
		t, err = read(tx, string(id))
		if err == nil && t == nil {
			err = fmt.Errorf("%w: a secret names the token %q, which is not there", ledger.ErrCorrupt, id)
		}
		return err
	})
	return t, err
}

// List implements Tokens.
func (s ledgerTokens) List(ctx context.Context, after string, limit int) ([]*storev1.TokenRecord, error) {
	var out []*storev1.TokenRecord
	err := s.l.View(ctx, func(tx *ledger.Tx) error {
		out = out[:0]
		for id, value := range tx.Objects(kindToken, after) {
			if len(out) == limit {
				break
			}
			t, err := parse(id, value)
			if err != nil {
				return err
			}
			out = append(out, t)
		}
		return nil
	})
	return out, err
}

// Revoke implements Tokens.
func (s ledgerTokens) Revoke(ctx context.Context, id string, by Write) (*storev1.TokenRecord, error) {
	var t *storev1.TokenRecord
	_, err := s.l.Commit(ctx, by.At, func(b *ledger.Batch) error {
		var err error
		if t, err = read(b.Tx, id); err != nil {
			return err
		}
		if t == nil {
			return fault.NotFound("tokens/"+id, "plumbline token list shows those that are there")
		}
		if t.Revoked != 0 {
			return nil
		}
		t.Revoked = by.At
		value, err := proto.Marshal(t)
		if err != nil {
			return fmt.Errorf("a token record: %w", err)
		}
		b.PutObject(kindToken, id, value)
		return audit(b, by, id, "revoked")
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

func read(tx *ledger.Tx, id string) (*storev1.TokenRecord, error) {
	value, err := tx.Object(kindToken, id)
	if value == nil || err != nil {
		return nil, err
	}
	return parse(id, value)
}

func parse(id string, value []byte) (*storev1.TokenRecord, error) {
	t := &storev1.TokenRecord{}
	if err := proto.Unmarshal(value, t); err != nil {
		return nil, fmt.Errorf("%w: the token %q: %v", ledger.ErrCorrupt, id, err)
	}
	if t.Id != id {
		return nil, fmt.Errorf("%w: the token %q says that it is %q", ledger.ErrCorrupt, id, t.Id)
	}
	return t, nil
}

// audit adds the entry of a change to the change's commit.
func audit(b *ledger.Batch, by Write, id, outcome string) error {
	payload, err := proto.Marshal(&storev1.AuditRecord{
		Actor: by.Actor, Method: by.Method, Resource: "tokens/" + id,
		Outcome: outcome, RequestId: by.RequestID,
	})
	if err != nil {
		return fmt.Errorf("an audit record: %w", err)
	}
	b.Audit(payload)
	return nil
}
