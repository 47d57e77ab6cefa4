package ledger

import (
	"iter"
	"maps"
	"slices"

	"github.com/plumbline/plumbline/store/ledger/block"
	"github.com/plumbline/plumbline/store/ledger/layout"
	"github.com/plumbline/plumbline/store/ledger/leaf"
)

// Thinning takes entries out of a timeline, and later their records out of the
// blocks. Addresses stay what they are: of a record that is gone its slot stays,
// and of a commit its blocks.
//
// A block holds records of many timelines, so it is not rewritten for each. Thin
// leaves marks, in the order of addresses, and Sweep carries them out, a block at
// a time: first those of records that stay and rested on one that goes, which
// are written anew; then those of what goes. At any point between, every record
// in a timeline can be read.
const (
	markAnew = 'a' // addr → the record that it rests on from now on, zero for none
	markGone = 'x' // addr → empty
)

const markKeySize = 1 + 1 + layout.AddrSize

func markKey(b []byte, mark byte, a Addr) []byte { return a.Append(append(b, layout.SpaceThin, mark)) }

// Thin takes entries out of the timeline of a stream. Records of other streams
// must not rest on theirs. base is a record of the stream to which later ones
// are to be differences; what Thin returns is to be it from now on, and is zero
// where none is left that could.
func (b *Batch) Thin(stream uint32, drop []Entry, base Addr) Addr {
	if len(drop) == 0 {
		return base
	}
	b.place()
	t := thinning{b: b, gone: map[Addr]bool{}, promoted: map[Addr]Addr{}}
	for _, e := range drop {
		t.gone[e.Addr] = true
	}
	b.fail(t.leaves(stream, slices.MaxFunc(drop, leaf.Older), slices.MinFunc(drop, leaf.Older)))
	b.fail(t.anew(stream))
	if t.gone[base] {
		root, err := t.stays(base)
		b.fail(err)
		if base = root; t.gone[root] {
			base = t.promoted[root]
		}
	}
	for a := range t.gone {
		b.over.Delete(markKey(nil, markAnew, a))
		b.putSealed(markKey(nil, markGone, a), nil)
	}
	return base
}

// thinning is one timeline on the way.
type thinning struct {
	b    *Batch
	gone map[Addr]bool
	// promoted: full records that go → the first of those that rested on them,
	// which becomes the full one.
	promoted map[Addr]Addr
}

// leaves writes the leaves between two entries without what goes, and joins what
// is left of them.
func (t *thinning) leaves(stream uint32, newest, oldest Entry) error {
	b := t.b
	var keys [][]byte
	var parts [][]Entry // the newest first
	for key, value := range b.r.Scan(newest.AppendKey(nil), layout.After(leaf.StreamKey(nil, stream))) {
		entries, err := leaf.Parse(nil, key, value)
		if err != nil {
			return err
		}
		last := leaf.Older(entries[0], oldest) <= 0
		keys = append(keys, slices.Clone(key))
		parts = append(parts, slices.DeleteFunc(entries, func(e Entry) bool { return t.gone[e.Addr] }))
		if last {
			break
		}
	}
	var keep []Entry
	for _, p := range slices.Backward(parts) {
		keep = append(keep, p...)
	}
	for _, key := range keys {
		b.over.Delete(key)
	}
	b.placed++ // whoever walks over the timeline looks anew
	for i := 0; i < len(keep); i += leaf.Most {
		key := keys[len(keys)-1] // the oldest part keeps the bound
		if i > 0 {
			key = keep[i].AppendKey(nil)
		}
		b.putLeaf(key, keep[i:min(i+leaf.Most, len(keep))])
	}
	return nil
}

// anew marks what rests on a record that goes: it is to rest on the nearest
// before it that stays. Where none does, the first such record becomes a full
// one and the others rest on it.
func (t *thinning) anew(stream uint32) error {
	first := slices.MinFunc(slices.Collect(maps.Keys(t.gone)), Addr.Compare)
	var kept []Addr
	for e := range t.b.visible(stream, MinInstant, MaxInstant, Latest) {
		if e.Addr.Compare(first) > 0 {
			kept = append(kept, e.Addr)
		}
	}
	slices.SortFunc(kept, Addr.Compare)
	for _, a := range kept {
		base, err := t.b.restsOn(a)
		if err != nil {
			return err
		}
		if !t.gone[base] {
			continue
		}
		root, err := t.stays(base)
		if err != nil {
			return err
		}
		if t.gone[root] {
			p, ok := t.promoted[root]
			if !ok {
				t.promoted[root] = a
			}
			root = p
		}
		t.b.putSealed(markKey(nil, markAnew, a), root.Append(nil))
	}
	return t.b.err
}

// stays is the nearest record at or before a in its chain that stays, or the
// full one at its end, which goes.
func (t *thinning) stays(a Addr) (Addr, error) {
	for t.gone[a] {
		base, err := t.b.restsOn(a)
		if err != nil || base.IsZero() {
			return a, err
		}
		a = base
	}
	return a, nil
}

// restsOn is the record to which the one at a is a difference, or will be once
// its mark is carried out; zero where it is whole.
func (b *Batch) restsOn(a Addr) (Addr, error) {
	mark, err := b.get(markKey(nil, markAnew, a))
	if err != nil {
		return Addr{}, err
	}
	if base, ok := layout.ParseAddr(mark); ok {
		return base, nil
	}
	r, _, err := b.stored(a)
	if err != nil || r.Delta == nil {
		return Addr{}, err
	}
	return r.Delta.Base, nil
}

// Swept is what a Sweep did.
type Swept struct {
	Records int   // that are gone
	Freed   int64 // bytes that the blocks were longer
	Done    bool  // no marks are left
}

// Sweep carries out the marks that Thin left, in as many blocks at the most.
func (b *Batch) Sweep(blocks int) (out Swept) {
	for range blocks {
		marks := slices.Collect(b.marks())
		if len(marks) == 0 || b.err != nil {
			out.Done = b.err == nil
			return out
		}
		b.fail(b.sweep(marks, &out))
	}
	return out
}

// mark is a record that is to be written anew, or to go.
type mark struct {
	what byte
	addr Addr
	base Addr
}

// marks yields the first marks, those of one block.
func (tx *Tx) marks() iter.Seq[mark] {
	return func(yield func(mark) bool) {
		var in *block.Block
		for key, value := range tx.scanSealed([]byte{layout.SpaceThin}, "") {
			if len(key) != markKeySize {
				tx.fail(layout.Corrupt(key, "not the key of a mark"))
				return
			}
			m := mark{what: key[1]}
			m.addr, _ = layout.ParseAddr(key[2:])
			m.base, _ = layout.ParseAddr(value)
			if in == nil {
				var err error
				if in, err = tx.block(m.addr); err != nil {
					tx.fail(err)
					return
				}
			}
			if !in.Contains(m.addr) || !yield(m) {
				return
			}
		}
	}
}

// sweep carries out marks of one block.
func (b *Batch) sweep(marks []mark, out *Swept) error {
	old, err := b.block(marks[0].addr)
	if err != nil {
		return err
	}
	records := slices.Clone(old.Records)
	for _, m := range marks {
		i := int(m.addr.Slot) - old.First
		if m.what != marks[0].what { // the next look finds it
			continue
		}
		if b.over.Delete(markKey(nil, m.what, m.addr)); m.what == markGone {
			out.Records++
			// It takes after the record before it, for the columns' sake.
			before := block.Record{Effective: old.Recorded}
			if i > 0 {
				before = records[i-1]
			}
			records[i] = block.Record{Gone: true, Stream: before.Stream, Effective: before.Effective}
			continue
		}
		if records[i], err = b.renewed(m); err != nil {
			return err
		}
	}
	key := block.Key(nil, old.Seq, max(0, old.Last))
	was := len(b.over.Get(key))
	value := block.Append(nil, key, old.Commit, records, &b.build.Scratch)
	out.Freed += int64(was - len(value))
	copy(b.over.Put(key, len(value)), value)
	b.blocks, b.Tx.records = cache[*block.Block]{}, cache[loaded]{}
	return nil
}

// renewed is a record as it is to be written.
func (b *Batch) renewed(m mark) (block.Record, error) {
	l, err := b.load(m.addr, MaxDepth)
	if err != nil {
		return block.Record{}, err
	}
	out := block.Record{Payload: l.full, Kind: l.Kind, Stream: l.Stream, Effective: l.Effective}
	if m.base.IsZero() {
		return out, nil
	}
	base, err := b.Load(m.base)
	if err != nil {
		return block.Record{}, err
	}
	// What rests on this record takes it to be no deeper than it was.
	if base.Depth < l.Depth() && b.delta(&out, l.full, base.Base()) {
		return out, nil
	}
	out.Payload, out.Delta = l.full, nil
	return out, nil
}

// mark verifies that a mark's record and what it is to rest on are there.
func (v *verifier) mark(key, content []byte) {
	a, ok := Addr{}, len(key) == markKeySize && (key[1] == markAnew || key[1] == markGone)
	if ok {
		a, ok = layout.ParseAddr(key[2:])
	}
	if v.expect(ok, key, "not a mark"); !ok {
		return
	}
	_, _, err := v.tx.stored(a)
	v.problem(err)
	if base, _ := layout.ParseAddr(content); !base.IsZero() {
		_, err := v.tx.Load(base)
		v.problem(err)
		v.expect(base.Compare(a) < 0, key, "it is to rest on what came later")
	}
}
