package overlay

import (
	"bytes"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/plumbline/plumbline/store"
)

// Overlay is a store.Reader with changes. The zero value is ready once it is
// Reset. It belongs to one goroutine.
//
// What Get and Scan return keeps its content until the next Reset.
type Overlay struct {
	base   store.Reader
	spaces [256]*changes // by keyspace, made when first used
	used   []byte        // keyspaces that have changes
	arena  arena
}

// changes are the puts and deletes of one keyspace: a list, a hash table over
// it for Get, and its order for Scan.
type changes struct {
	ops   []op
	table []int32 // open addressing; index into ops plus one, 0 is free
	order []int32 // the first len(order) of ops, sorted by key
	loops int     // the Scans that stand on order
}

type op struct {
	key, value []byte
	deleted    bool
}

var hashSeed = maphash.MakeSeed()

// Get implements store.Reader.
func (o *Overlay) Get(key []byte) []byte {
	if len(key) > 0 {
		c := o.spaces[key[0]]
		if i := c.find(key); i >= 0 {
			return c.ops[i].value // nil where deleted
		}
	}
	return o.base.Get(key)
}

// Put sets the value of key, which is copied, to n bytes, which the caller fills
// in now. They may hold anything before.
func (o *Overlay) Put(key []byte, n int) []byte {
	value := o.arena.take(n)
	o.set(key, op{value: value})
	return value
}

// Delete removes key.
func (o *Overlay) Delete(key []byte) { o.set(key, op{deleted: true}) }

// Copy returns a copy of b that lasts until Reset, for who has memory of his own
// to keep as long as the changes.
func (o *Overlay) Copy(b []byte) []byte {
	c := o.arena.take(len(b))
	copy(c, b)
	return c
}

func (o *Overlay) set(key []byte, x op) {
	c := o.space(key[0])
	if i := c.find(key); i >= 0 {
		x.key = c.ops[i].key
		c.ops[i] = x
		return
	}
	x.key = o.arena.take(len(key))
	copy(x.key, key)
	c.ops = append(c.ops, x)
	if 2*len(c.ops) > len(c.table) {
		c.rehash()
		return
	}
	c.link(len(c.ops) - 1)
}

// space returns the changes of a keyspace.
func (o *Overlay) space(space byte) *changes {
	c := o.spaces[space]
	if c == nil {
		c = &changes{}
		o.spaces[space] = c
	}
	if len(c.ops) == 0 && !slices.Contains(o.used, space) {
		o.used = append(o.used, space)
	}
	return c
}

// find returns where in ops key is, or -1.
func (c *changes) find(key []byte) int {
	if c == nil || len(c.ops) == 0 {
		return -1
	}
	mask := uint64(len(c.table) - 1)
	for h := maphash.Bytes(hashSeed, key) & mask; c.table[h] != 0; h = (h + 1) & mask {
		if i := int(c.table[h]) - 1; bytes.Equal(c.ops[i].key, key) {
			return i
		}
	}
	return -1
}

// link enters ops[i] into the table, which has room.
func (c *changes) link(i int) {
	mask := uint64(len(c.table) - 1)
	h := maphash.Bytes(hashSeed, c.ops[i].key) & mask
	for c.table[h] != 0 {
		h = (h + 1) & mask
	}
	c.table[h] = int32(i + 1)
}

func (c *changes) rehash() {
	c.table = make([]int32, max(16, 2*len(c.table)))
	for i := range c.ops {
		c.link(i)
	}
}

// settle brings order up to date. The new ones are sorted and then moved in
// from the back, each by a binary search and one copy, so that one put between
// two Scans costs little even in a large batch.
func (c *changes) settle() {
	old := len(c.order)
	if old == len(c.ops) {
		return
	}
	if c.loops > 0 {
		c.order = slices.Clone(c.order) // a loop stands on the old one
	}
	for i := old; i < len(c.ops); i++ {
		c.order = append(c.order, int32(i))
	}
	byKey := func(i, j int32) int { return bytes.Compare(c.ops[i].key, c.ops[j].key) }
	fresh := c.order[old:]
	slices.SortFunc(fresh, byKey)
	if old == 0 || byKey(c.order[old-1], fresh[0]) < 0 {
		return
	}
	fresh = slices.Clone(fresh)
	end := old // order[:end] has not been moved yet
	for k := len(fresh) - 1; k >= 0; k-- {
		at, _ := slices.BinarySearchFunc(c.order[:end], fresh[k], byKey)
		copy(c.order[at+k+1:], c.order[at:end])
		c.order[at+k] = fresh[k]
		end = at
	}
}

// between returns, in order, the changes with lo <= key < hi. A hi of another
// keyspace is the end of this one.
func (c *changes) between(lo, hi []byte) []int32 {
	c.settle()
	at := func(key []byte) int {
		i, _ := slices.BinarySearchFunc(c.order, key, func(i int32, key []byte) int {
			return bytes.Compare(c.ops[i].key, key)
		})
		return i
	}
	i, j := at(lo), len(c.order)
	if len(hi) > 0 && hi[0] <= lo[0] {
		j = at(hi)
	}
	return c.order[i:max(i, j)]
}

// Scan implements store.Reader. A loop sees all that was put before it began.
// What is put while it runs, it may see or not; a key that was put before and
// is deleted while it runs is not yielded.
func (o *Overlay) Scan(lo, hi []byte) iter.Seq2[[]byte, []byte] {
	scan := o.base.Scan(lo, hi)
	if store.CheckRange(lo, hi) != nil {
		return scan // the base says what is wrong
	}
	lo, hi = bytes.Clone(lo), bytes.Clone(hi)
	return func(yield func(key, value []byte) bool) {
		c := o.spaces[lo[0]]
		if c == nil || len(c.ops) == 0 {
			scan(yield)
			return
		}
		m := merge{c: c, rest: c.between(lo, hi), yield: yield}
		c.loops++
		defer func() { c.loops-- }()
		for key, value := range scan {
			if !m.before(key) || !m.at(key, value) {
				return
			}
		}
		m.before(nil)
	}
}

// merge yields stored keys and changes in one order.
type merge struct {
	c     *changes
	rest  []int32
	yield func(key, value []byte) bool
}

// before yields the changes whose keys are below key, all where it is nil. It
// returns false once the loop is to end.
func (m *merge) before(key []byte) bool {
	for len(m.rest) > 0 {
		x := m.c.ops[m.rest[0]]
		if key != nil && bytes.Compare(x.key, key) >= 0 {
			return true
		}
		m.rest = m.rest[1:]
		if !x.deleted && !m.yield(x.key, x.value) {
			return false
		}
	}
	return true
}

// at yields the stored key, unless a change takes its place.
func (m *merge) at(key, value []byte) bool {
	if len(m.rest) > 0 && bytes.Equal(m.c.ops[m.rest[0]].key, key) {
		return true // it comes with the next call of before
	}
	return m.yield(key, value)
}

// Write writes all changes, in order of key.
func (o *Overlay) Write(w store.Writer) {
	slices.Sort(o.used)
	for _, space := range o.used {
		c := o.spaces[space]
		c.settle()
		for _, i := range c.order {
			if x := c.ops[i]; x.deleted {
				w.Delete(x.key)
			} else {
				w.Put(x.key, x.value)
			}
		}
	}
}

// Empty says whether there are no changes.
func (o *Overlay) Empty() bool { return len(o.used) == 0 }

// Reset forgets the changes, goes on with another base, and keeps its memory, if
// that is not very much.
func (o *Overlay) Reset(base store.Reader) {
	const keep = 1 << 14 // changes of a keyspace; clearing costs time too
	for _, space := range o.used {
		c := o.spaces[space]
		if cap(c.ops) > keep {
			o.spaces[space] = nil
			continue
		}
		clear(c.ops)
		clear(c.table)
		*c = changes{ops: c.ops[:0], table: c.table, order: c.order[:0]}
	}
	o.base, o.used = base, o.used[:0]
	o.arena.reset()
}
