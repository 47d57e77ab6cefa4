package ledger

import (
	"iter"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// Objects are values by name, for what is few and is asked for by name or in
// order of it. Kinds are the caller's.

func objectKey(b []byte, kind byte, name string) []byte {
	return append(append(b, layout.SpaceObject, kind), name...)
}

// Object returns the object of a name, nil where there is none (one that is
// empty is not nil).
func (tx *Tx) Object(kind byte, name string) ([]byte, error) {
	if len(name) > MaxText {
		return nil, nil
	}
	tx.key = objectKey(tx.key[:0], kind, name)
	return tx.get(tx.key)
}

// Objects yields the objects of a kind whose names come after the given one, in
// bytewise order.
func (tx *Tx) Objects(kind byte, after string) iter.Seq2[string, []byte] {
	return tx.ObjectsIn(kind, "", after)
}

// ObjectsIn is Objects of names that begin with prefix. Where after does not,
// nor is empty, it is compared like any name.
func (tx *Tx) ObjectsIn(kind byte, prefix, after string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		from := ""
		switch {
		case after < prefix:
		case len(after) >= len(prefix) && after[:len(prefix)] == prefix:
			from = following(after)[len(prefix):]
		default:
			return // after comes after all of them
		}
		for key, v := range tx.scanSealed(objectKey(nil, kind, prefix), from) {
			if !yield(string(key[2:]), v) {
				return
			}
		}
	}
}

// PutObject sets the object of a name of 1 to MaxText bytes.
func (b *Batch) PutObject(kind byte, name string, value []byte) {
	if b.takesText("the name of an object", name, MaxText) && b.takesValue(len(value)) {
		b.key = objectKey(b.key[:0], kind, name)
		b.putSealed(b.key, value)
	}
}

// DeleteObject removes the object of a name, if there is one.
func (b *Batch) DeleteObject(kind byte, name string) {
	if len(name) <= MaxText {
		b.key = objectKey(b.key[:0], kind, name)
		b.over.Delete(b.key)
	}
}
