package ledger

import (
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger/block"
	"github.com/plumbline/plumbline/store/ledger/layout"
	"github.com/plumbline/plumbline/store/ledger/overlay"
)

// Batch is a commit in the making: a Tx that also writes. Its reads see what it
// has written, except for audit entries. It belongs to the goroutine that runs
// the closure.
//
// Writes return no error. One that cannot be (a name too long, a payload too
// large) fails the whole batch: Commit returns the first such error, whatever
// the closure returned, and Err tells it before. Memory given to a write is
// copied.
type Batch struct {
	*Tx
	over  overlay.Overlay
	build block.Builder
	audit []block.Record
	sums  map[string]*sum
	fresh []Entry // appended and not yet in their leaves
	tmp   []byte  // a value in the making

	packing packing // events of the commit
}

func newBatch() *Batch { return &Batch{sums: map[string]*sum{}} }

// begin makes the batch the commit after the last one.
func (b *Batch) begin(w store.Writer, now int64) error {
	last, err := lastCommit(w)
	if err != nil {
		return err
	}
	if last.Seq >= Latest {
		return limit("no commit can follow number %d", last.Seq)
	}
	c := Commit{Seq: last.Seq + 1, Recorded: layout.Clamp(now)}
	if last.Seq > 0 {
		c.Recorded = max(c.Recorded, last.Recorded+1)
	}
	b.over.Reset(w)
	b.build.Reset(c)
	clear(b.audit)
	b.audit = b.audit[:0]
	clear(b.sums)
	b.fresh = b.fresh[:0]
	b.packing = packing{body: b.packing.body[:0]}
	b.Tx = &Tx{r: &b.over, batch: b, last: &last}
	return nil
}

// run runs f, the caller's closure.
func (b *Batch) run(f func(*Batch) error) error {
	err := f(b)
	if b.err != nil {
		return b.err
	}
	return err
}

// flush writes the batch out. It returns false where there is nothing. Every
// commit gets a block, also one that only overwrites, since the blocks are
// where its number and instant stand.
func (b *Batch) flush(w store.Writer) (bool, error) {
	b.place()
	b.sealEvents()
	b.flushSums()
	for _, r := range b.audit {
		b.build.Append(&b.over, r)
	}
	records := b.build.Next() > 0
	if !records && b.over.Empty() {
		return false, b.err
	}
	if !records || len(b.build.Records) > 0 {
		b.build.Finish(&b.over)
	}
	b.putSealed(lastKey, appendCommit(b.tmp[:0], b.build.Commit))
	b.over.Write(w)
	return true, b.err
}

// Commit returns what the batch will be once it is committed.
func (b *Batch) Commit() Commit { return b.build.Commit }

// Err returns why the batch cannot be committed any more, or nil.
func (b *Batch) Err() error { return b.err }

// Room returns how many more records and audit entries the commit can hold.
func (b *Batch) Room() int { return MaxRecords - b.build.Next() - len(b.audit) }

// takes says whether a record or audit entry of n bytes can be added, and fails
// the batch where it cannot.
func (b *Batch) takes(n int) bool {
	switch {
	case n > MaxPayload:
		b.fail(limit("a payload of %d bytes; at most %d", n, MaxPayload))
	case b.Room() <= 0:
		b.fail(limit("more than %d records in a commit; make several", MaxRecords))
	}
	return b.err == nil
}

// takesText says whether text can be part of a key.
func (b *Batch) takesText(what, text string, most int) bool {
	if text == "" || len(text) > most {
		b.fail(limit("%s has %d bytes; it must have 1 to %d", what, len(text), most))
		return false
	}
	return b.err == nil
}

// takesValue says whether a value of n bytes can be put.
func (b *Batch) takesValue(n int) bool {
	if n > MaxValue {
		b.fail(limit("a value of %d bytes; at most %d", n, MaxValue))
	}
	return b.err == nil
}

// putSealed puts value with a checksum under key.
func (b *Batch) putSealed(key, value []byte) {
	layout.Sealed(b.over.Put(key, len(value)+layout.SumSize)[:0], key, value)
}
