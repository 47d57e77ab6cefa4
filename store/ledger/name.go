package ledger

import (
	"encoding/binary"
	"iter"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Names get numbers, so that keys are short and of one length. Numbers are
// dense within a kind, begin with 1 (0 is free to mean none), and are never
// given to another name.

func nameKey(b []byte, kind byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, layout.SpaceName, kind), n)
}

func numberKey(b []byte, kind byte, name string) []byte {
	return append(append(b, layout.SpaceNumber, kind), name...)
}

// countKey is where the number given last stands.
func countKey(b []byte, kind byte) []byte { return append(b, layout.SpaceMeta, 'N', kind) }

// number reads a sealed number; 0 and true where the key is absent.
func (tx *Tx) number(key []byte) (uint32, bool) {
	value := tx.r.Get(key)
	if value == nil {
		return 0, true
	}
	v, err := layout.UnsealN(key, value, 4)
	if err != nil {
		tx.fail(err)
		return 0, false
	}
	return binary.BigEndian.Uint32(v), true
}

// Number returns the number of a name, false where it has none.
func (tx *Tx) Number(kind byte, name string) (uint32, bool) {
	if name == "" || len(name) > MaxName {
		return 0, false
	}
	tx.key = numberKey(tx.key[:0], kind, name)
	n, _ := tx.number(tx.key)
	return n, n > 0
}

// Count returns how many names a kind has, which is the number given last.
func (tx *Tx) Count(kind byte) uint32 {
	tx.key = countKey(tx.key[:0], kind)
	n, _ := tx.number(tx.key)
	return n
}

// Name returns the name of a number, false where it has none.
func (tx *Tx) Name(kind byte, n uint32) (string, bool) {
	tx.key = nameKey(tx.key[:0], kind, n)
	v, err := tx.get(tx.key)
	tx.fail(err)
	return string(v), v != nil
}

// Names yields the names of a kind after the given one, in bytewise order, each
// with its number.
func (tx *Tx) Names(kind byte, after string) iter.Seq2[string, uint32] {
	return func(yield func(string, uint32) bool) {
		prefix := []byte{layout.SpaceNumber, kind}
		for key, v := range tx.scanSealed(prefix, following(after)) {
			if len(v) != 4 {
				tx.fail(layout.Corrupt(key, "%d bytes for a number", len(v)))
				return
			}
			if !yield(string(key[len(prefix):]), binary.BigEndian.Uint32(v)) {
				return
			}
		}
	}
}

// following returns where a scan begins that is to yield what comes after text:
// everything where that is empty.
func following(text string) string {
	if text == "" {
		return ""
	}
	return text + "\x00"
}

// Intern returns the number of a name of 1 to MaxName bytes, and gives it the
// next one where it has none.
func (b *Batch) Intern(kind byte, name string) uint32 {
	if !b.takesText("a name", name, MaxName) {
		return 0
	}
	b.key = numberKey(b.key[:0], kind, name)
	n, ok := b.number(b.key)
	if n > 0 || !ok {
		return n
	}
	if n = b.Count(kind) + 1; n == 0 {
		b.fail(limit("kind %d has no number left", kind))
	}
	if b.err != nil { // a count that cannot be read must not begin again
		return 0
	}
	var v [4]byte
	binary.BigEndian.PutUint32(v[:], n)
	b.putSealed(countKey(b.key[:0], kind), v[:])
	b.putSealed(numberKey(b.key[:0], kind, name), v[:])
	b.key = nameKey(b.key[:0], kind, n)
	b.putSealed(b.key, append(b.tmp[:0], name...))
	return n
}
