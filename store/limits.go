package store

import "fmt"

// Limits of keys and values. They are what the narrowest backend can hold well
// (a B-tree index of a database server refuses keys much longer than this),
// so that data moves between backends.
const (
	MaxKey   = 512      // bytes of a key, its keyspace byte included
	MaxValue = 64 << 20 // bytes of a value
)

// CheckKey says whether key may be read or written: 1 to MaxKey bytes, of which
// the first names the keyspace.
func CheckKey(key []byte) error {
	if len(key) == 0 {
		return fmt.Errorf("%w: it is empty", ErrKey)
	}
	if len(key) > MaxKey {
		return fmt.Errorf("%w: it has %d bytes", ErrKey, len(key))
	}
	return nil
}

// CheckValue says whether value may be written.
func CheckValue(value []byte) error {
	if len(value) > MaxValue {
		return fmt.Errorf("%w: it has %d bytes", ErrValue, len(value))
	}
	return nil
}

// CheckRange says whether lo and hi may be the bounds of a Scan. Bounds may be
// longer than a key, since the bound after a key of MaxKey bytes is.
func CheckRange(lo, hi []byte) error {
	switch {
	case len(lo) == 0:
		return fmt.Errorf("%w: a scan needs a lower bound that names the keyspace", ErrKey)
	case len(hi) == 0 || hi[0] == lo[0]:
		return nil
	case len(hi) == 1 && lo[0] < 0xff && hi[0] == lo[0]+1:
		return nil
	case hi[0] < lo[0]:
		return nil // an empty range, not one of several keyspaces
	}
	return fmt.Errorf("%w: a scan from keyspace %#02x must not reach into %#02x", ErrKey, lo[0], hi[0])
}

// End returns the upper bound of a keyspace for Scan: nil for the last one,
// which nothing follows.
func End(space byte) []byte {
	if space == 0xff {
		return nil
	}
	return []byte{space + 1}
}
