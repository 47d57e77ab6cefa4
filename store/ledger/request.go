package ledger

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Requests remember what was answered to a request id, so that the same request
// sent again gets the same answer. Callers choose the ids, so keys are a
// cryptographic hash of them: 128 bits, against which collisions would cost
// 2^64 tries and gain one answer not given.

// Receipt is what is remembered of a request.
type Receipt struct {
	BodyHash [16]byte // tells another request under the same id
	Payload  []byte
	Expires  int64 // from then on it is absent, Unix microseconds
}

const (
	requestKeySize = 1 + 16
	expirySize     = 1 + layout.InstantSize + 16
)

func requestKey(b []byte, scope, id string) []byte {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(scope))))
	h.Write([]byte(scope))
	h.Write([]byte(id))
	return append(append(b, layout.SpaceRequest), h.Sum(nil)[:16]...)
}

// expiryKey is where the request of the given key stands in order of expiry.
func expiryKey(b []byte, expires int64, request []byte) []byte {
	return append(layout.AppendInstant(append(b, layout.SpaceExpiry), expires), request[1:requestKeySize]...)
}

// receipt reads the receipt at key, expired or not.
func (tx *Tx) receipt(key []byte) (Receipt, bool) {
	v, err := tx.get(key)
	if err == nil && v != nil && len(v) < layout.InstantSize+16 {
		err = layout.Corrupt(key, "%d bytes are too few for a receipt", len(v))
	}
	if err != nil || v == nil {
		tx.fail(err)
		return Receipt{}, false
	}
	r := Receipt{Expires: layout.Instant(v), Payload: v[layout.InstantSize+16:]}
	copy(r.BodyHash[:], v[layout.InstantSize:])
	return r, true
}

// Request returns the receipt of a request of scope (whose requests they are,
// in the caller's words), unless it expired at or before now.
func (tx *Tx) Request(scope, id string, now int64) (Receipt, bool) {
	tx.key = requestKey(tx.key[:0], scope, id)
	r, ok := tx.receipt(tx.key)
	if !ok || r.Expires <= now {
		return Receipt{}, false
	}
	return r, true
}

// PutRequest remembers a receipt in place of any that was there.
func (b *Batch) PutRequest(scope, id string, r Receipt) {
	if !b.takesValue(len(r.Payload)) {
		return
	}
	key := requestKey(b.key[:0], scope, id)
	if old, ok := b.receipt(key); ok {
		b.over.Delete(expiryKey(nil, old.Expires, key))
	}
	b.tmp = layout.AppendInstant(b.tmp[:0], r.Expires)
	b.tmp = append(append(b.tmp, r.BodyHash[:]...), r.Payload...)
	b.putSealed(key, b.tmp)
	b.over.Put(expiryKey(nil, r.Expires, key), 0)
	b.key = key
}

// SweepRequests deletes at most most receipts that expired at or before now,
// the oldest first, and returns how many: a few with each batch keep up.
func (b *Batch) SweepRequests(now int64, most int) int {
	if now < MinInstant || most <= 0 {
		return 0
	}
	var expired [][]byte
	hi := layout.After(layout.AppendInstant([]byte{layout.SpaceExpiry}, now))
	for key := range b.r.Scan([]byte{layout.SpaceExpiry}, hi) {
		if len(key) != expirySize {
			b.fail(layout.Corrupt(key, "not the key of an expiry"))
			return 0
		}
		expired = append(expired, key)
		if len(expired) == most {
			break
		}
	}
	for _, key := range expired {
		b.key = append(append(b.key[:0], layout.SpaceRequest), key[1+layout.InstantSize:]...)
		b.over.Delete(b.key)
		b.over.Delete(key)
	}
	return len(expired)
}
