package patch

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"sync"
)

// MaxSize is how long a base and a text may be, in bytes.
const MaxSize = 64 << 10

// Matches shorter than these save nothing: where the base goes on as it did, and
// elsewhere, which must be named.
const (
	leastAhead = 4
	leastMoved = 8
)

const (
	tableBits = 12
	noPlace   = 0 // in a table, whose places count from 1
)

// table finds where eight bytes stand in a base, by their hash.
type table [1 << tableBits]uint32

var tables = sync.Pool{New: func() any { return new(table) }}

func load64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

func hash(v uint64) uint32 { return uint32(v * 0x9e3779b97f4a7c15 >> (64 - tableBits)) }

// fill enters the base. Long ones are entered at every second place or fourth:
// what is found there is followed backwards too.
func (t *table) fill(base []byte) {
	clear(t[:])
	step := 1 + len(base)>>tableBits
	for i := 0; i+8 <= len(base); i += step {
		t[hash(load64(base, i))] = uint32(i) + 1
	}
}

// Encode appends to dst what makes text of base. Both have MaxSize at most. It
// is safe for concurrent use.
func Encode(dst, base, text []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	n := common(base, text)
	end := len(text) - tail(base[n:], text[n:])
	w := writer{out: dst, base: base, text: text[:end]}
	if n > 0 {
		w.copied(0, n)
	}
	w.middle()
	if w.done < end {
		w.inserted(end)
	}
	if w.text = text; end < len(text) {
		w.copied(len(base)-(len(text)-end), len(text)-end)
	}
	return w.out
}

// patience is after how many bytes that differ the base is looked through,
// instead of where it goes on alone.
const patience = 32

// middle writes what stands between the beginning and the end that are equal,
// but for what is to be inserted last.
func (w *writer) middle() {
	var t *table
	for at := w.done; at < len(w.text); {
		if t == nil && at-w.done == patience {
			t = tables.Get().(*table)
			t.fill(w.base)
			at = w.done
		}
		from, n := w.match(t, at)
		if n == 0 {
			at++
			continue
		}
		for at > w.done && from > 0 && w.base[from-1] == w.text[at-1] { // backwards
			at, from, n = at-1, from-1, n+1
		}
		w.inserted(at)
		w.copied(from, n)
		at = w.done
	}
	if t != nil {
		tables.Put(t)
	}
}

// writer writes what comes next in a text.
type writer struct {
	out        []byte
	base, text []byte
	done       int // bytes of the text that are written
	next       int // where the base goes on
	open       bool
}

// match finds in the base what stands in the text at a place, where it is worth
// copying: where the base goes on, and by the table if there is one.
func (w *writer) match(t *table, at int) (from, n int) {
	if ahead := w.next + at - w.done; ahead < len(w.base) {
		if n = common(w.base[ahead:], w.text[at:]); n >= leastAhead {
			return ahead, n
		}
	}
	if t == nil || at+8 > len(w.text) {
		return 0, 0
	}
	place := t[hash(load64(w.text, at))]
	if place == noPlace {
		return 0, 0
	}
	from = int(place - 1)
	if n = common(w.base[from:], w.text[at:]); n < leastMoved {
		return 0, 0
	}
	return from, n
}

// inserted writes the text up to a place.
func (w *writer) inserted(to int) {
	w.out = binary.AppendUvarint(w.out, uint64(to-w.done))
	w.out = append(w.out, w.text[w.done:to]...)
	w.next += to - w.done
	w.done, w.open = to, true
}

// copied writes that n bytes stand in the base.
func (w *writer) copied(from, n int) {
	if !w.open {
		w.out = binary.AppendUvarint(w.out, 0)
	}
	if from == w.next {
		w.out = binary.AppendUvarint(w.out, uint64(n)<<1)
	} else {
		w.out = binary.AppendUvarint(w.out, uint64(n)<<1|1)
		w.out = binary.AppendVarint(w.out, int64(from-w.next))
	}
	w.done, w.next, w.open = w.done+n, from+n, false
}

// common is how many bytes are equal at the beginning of both.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := load64(a, i) ^ load64(b, i); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// tail is how many bytes are equal at the end of both; 0 where so few are that
// copying them saves nothing.
func tail(a, b []byte) int {
	n, most := 0, min(len(a), len(b))
	for n+8 <= most {
		if x := load64(a, len(a)-n-8) ^ load64(b, len(b)-n-8); x != 0 {
			n += bits.LeadingZeros64(x) / 8
			most = n
		} else {
			n += 8
		}
	}
	for n < most && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	if n < leastAhead {
		return 0
	}
	return n
}

// ErrPatch says that bytes are no patch, or none of this base.
var ErrPatch = errors.New("patch: it does not fit its base")

// Size is the length of the text that a patch makes.
func Size(patch []byte) (int, error) {
	n, k := binary.Uvarint(patch)
	if k <= 0 || n > MaxSize {
		return 0, ErrPatch
	}
	return int(n), nil
}

// Decode returns what a patch makes of base, in memory of its own: at most
// MaxSize bytes, whatever the patch says. It is safe for concurrent use.
func Decode(base, patch []byte) ([]byte, error) {
	size, err := Size(patch)
	if err != nil || len(base) > MaxSize {
		return nil, ErrPatch
	}
	r := reader{left: patch}
	r.uvarint()
	out, next := make([]byte, 0, size), 0
	for len(out) < size {
		n := r.uvarint()
		if r.bad || n > size-len(out) || n > len(r.left) {
			return nil, ErrPatch
		}
		out = append(out, r.left[:n]...)
		r.left, next = r.left[n:], next+n
		if len(out) == size {
			break
		}
		word := r.uvarint()
		if word&1 != 0 {
			next += r.varint()
		}
		n = word >> 1
		if r.bad || n == 0 || n > size-len(out) || next < 0 || next > len(base)-n {
			return nil, ErrPatch
		}
		out, next = append(out, base[next:next+n]...), next+n
	}
	if len(r.left) > 0 {
		return nil, ErrPatch
	}
	return out, nil
}

// reader takes numbers off a patch. After a bad one it is bad.
type reader struct {
	left []byte
	bad  bool
}

// mostWord bounds the numbers of a patch: none is greater than a length doubled.
const mostWord = 2*MaxSize + 1

func (r *reader) uvarint() int {
	v, k := binary.Uvarint(r.left)
	if k <= 0 || v > mostWord {
		r.bad = true
		return 0
	}
	r.left = r.left[k:]
	return int(v)
}

func (r *reader) varint() int {
	v, k := binary.Varint(r.left)
	if k <= 0 || v > mostWord || v < -mostWord {
		r.bad = true
		return 0
	}
	r.left = r.left[k:]
	return int(v)
}
