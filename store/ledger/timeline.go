package ledger

import (
	"iter"

	"github.com/plumbline/plumbline/store/ledger/block"
	"github.com/plumbline/plumbline/store/ledger/layout"
	"github.com/plumbline/plumbline/store/ledger/leaf"
)

// LoadEntry loads an entry's record, and verifies that the record says it is
// there: the two are stored apart.
func (tx *Tx) LoadEntry(e Entry) (Record, error) {
	r, err := tx.Load(e.Addr)
	if err == nil && (r.Stream != e.Stream || r.Effective != e.Effective) {
		err = layout.Corrupt(e.AppendKey(nil), "record %v is of stream %d at %d", e.Addr, r.Stream, r.Effective)
	}
	return r, err
}

// visible yields the entries with first <= effective <= last that were recorded
// at K or before, newest first, without saying which are shadowed.
func (tx *Tx) visible(stream uint32, first, last int64, K Seq) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		if last < MinInstant || first > MaxInstant || last < first {
			return
		}
		w := walk{
			tx: tx, stream: stream, first: first, last: last, known: K, yield: yield,
			lo: layout.AppendInverted(leaf.StreamKey(nil, stream), last),
		}
		for !w.done {
			w.leaves()
		}
	}
}

// walk is a loop over a timeline.
type walk struct {
	tx          *Tx
	stream      uint32
	first, last int64
	known       Seq
	yield       func(Entry) bool
	lo          []byte // where the scan begins
	past        *Entry // yielded last
	done        bool
}

// leaves walks on from lo. Where the caller appended to the batch meanwhile and
// leaves were cut in two, it returns with lo at the entry yielded last, and is
// to be called again.
func (w *walk) leaves() {
	tx := w.tx
	tx.place()
	placed := tx.placed
	entries := tx.takeLeaf()
	defer func() { tx.giveLeaf(entries) }()
	for key, value := range tx.r.Scan(w.lo, layout.After(leaf.StreamKey(nil, w.stream))) {
		var err error
		if entries, err = leaf.Parse(entries[:0], key, value); err != nil {
			tx.fail(err)
			break
		}
		for i := len(entries) - 1; i >= 0 && !w.done; i-- {
			w.entry(entries[i])
			if tx.placed != placed && !w.done {
				w.lo = w.past.AppendKey(nil)
				return
			}
		}
		if w.done {
			return
		}
	}
	w.done = true
}

func (w *walk) entry(e Entry) {
	switch {
	case e.Effective < w.first:
		w.done = true
	case e.Effective > w.last, e.Addr.Seq > w.known, w.past != nil && leaf.Older(e, *w.past) >= 0:
	default:
		w.past = &e
		w.done = !w.yield(e)
	}
}

// At returns what is in force in stream at instant T, as known at K: of the
// entries recorded at K or before, the one with the greatest effective <= T,
// among equal ones the one recorded last.
func (tx *Tx) At(stream uint32, T int64, K Seq) (Entry, bool) {
	for e := range tx.visible(stream, MinInstant, T, K) {
		return e, true
	}
	return Entry{}, false
}

// Entries yields the entries of stream with from <= effective < to that were
// recorded at K or before, newest first; of those with equal instants the one
// recorded last comes first and the others are Shadowed.
func (tx *Tx) Entries(stream uint32, from, to int64, K Seq) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		if from >= to {
			return
		}
		newer, begun := int64(0), false
		for e := range tx.visible(stream, from, to-1, K) {
			e.Shadowed = begun && e.Effective == newer
			newer, begun = e.Effective, true
			if !yield(e) {
				return
			}
		}
	}
}

// nextScan is how many entries Next reads through before it searches.
const nextScan = 8 * leaf.Most

// Next returns the first entry of stream that takes effect later than after, as
// known at K: the breakpoint at which what At(after) returns ends.
//
// It is made for late data, behind which few entries stand; where there are
// many it halves the time between, with some 20 to 50 short scans.
func (tx *Tx) Next(stream uint32, after int64, K Seq) (Entry, bool) {
	if after >= MaxInstant {
		return Entry{}, false
	}
	var best Entry
	n := 0
	for e := range tx.visible(stream, after+1, MaxInstant, K) {
		if n == 0 || e.Effective < best.Effective {
			best = e
		}
		if n++; n == nextScan {
			return tx.search(stream, max(after, MinInstant-1), best, K), true
		}
	}
	return best, n > 0
}

// search returns the first entry later than after; best is a later one.
func (tx *Tx) search(stream uint32, after int64, best Entry, K Seq) Entry {
	low := after // nothing stands between after and low
	for low+1 < best.Effective {
		middle := low + (best.Effective-low)/2
		found := false
		for e := range tx.visible(stream, after+1, middle, K) {
			best, found = e, true
			break
		}
		if !found {
			low = middle
		}
	}
	return best
}

// SetConfirmed sets when what e says was last confirmed (0 clears it), in
// place: it is no record, and has no history. e must be in its timeline.
func (b *Batch) SetConfirmed(e Entry, confirmed int64) {
	e.Effective = layout.Clamp(e.Effective)
	if confirmed != 0 {
		confirmed = layout.Clamp(confirmed)
	}
	if n := len(b.fresh) - 1; n >= 0 && b.fresh[n].Stream == e.Stream && leaf.Older(b.fresh[n], e) == 0 {
		b.fresh[n].Confirmed = confirmed
		return
	}
	b.place()
	key, entries, err := b.leafOf(b.takeLeaf(), e)
	if err != nil {
		b.fail(err)
		return
	}
	defer b.giveLeaf(entries)
	for i := range entries {
		if leaf.Older(entries[i], e) == 0 {
			entries[i].Confirmed = confirmed
			b.putLeaf(key, entries)
			return
		}
	}
	b.fail(layout.Corrupt(e.AppendKey(nil), "there is no such entry to confirm"))
}

// SeqAt returns the newest commit that was recorded at or before the given
// instant, 0 where there is none: the K of "as known then". In a batch its own
// commit counts too.
func (tx *Tx) SeqAt(recorded int64) Seq {
	if tx.batch != nil && recorded >= tx.batch.Commit().Recorded {
		return tx.batch.Commit().Seq
	}
	last := tx.Last()
	if recorded >= last.Recorded {
		return last.Seq
	}
	// Recorded grows with Seq. Commits up to low are known to be recorded by
	// then, those from high on later.
	low, high := Seq(0), last.Seq
	for low+1 < high {
		middle := low + (high-low)/2
		c, err := tx.commit(middle)
		if err != nil {
			tx.fail(err)
			return 0
		}
		if c.Recorded > recorded {
			high = middle
		} else {
			low = c.Seq
		}
	}
	return low
}

// commit returns the first commit from seq on, of which there must be one.
func (tx *Tx) commit(seq Seq) (Commit, error) {
	lo := block.Key(nil, seq, 0)
	for key, value := range tx.r.Scan(lo, []byte{layout.SpaceBlock + 1}) {
		h, err := block.ParseHeader(key, value)
		return h.Commit, err
	}
	return Commit{}, layout.Corrupt(lo, "there is no commit from here on")
}
