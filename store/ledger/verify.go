package ledger

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger/block"
	"github.com/plumbline/plumbline/store/ledger/layout"
	"github.com/plumbline/plumbline/store/ledger/leaf"
)

// Verified is what Verify has read.
type Verified struct {
	Keys    int64
	Records int64 // with audit entries and what is gone
	Gone    int64 // records that were thinned out
}

// verifyChunk is how many keys are read in one View: a View that stays open
// keeps replaced pages from being used again.
const verifyChunk = 1024

// Verify reads the whole ledger, checks every checksum and what the keyspaces
// say of each other, and calls report (outside of any View) with each thing
// that is wrong, an ErrCorrupt, until it returns false. It may run beside
// commits. The error it returns is why it could not go on.
func (l *Ledger) Verify(ctx context.Context, report func(error) bool) (Verified, error) {
	v := verifier{}
	for _, space := range []byte{
		layout.SpaceMeta, layout.SpaceBlock, layout.SpaceTimeline, layout.SpaceNumber, layout.SpaceName, layout.SpaceHead,
		layout.SpaceEdge, layout.SpaceRank, layout.SpaceObject, layout.SpaceDue, layout.SpaceRequest, layout.SpaceExpiry, layout.SpaceSum, layout.SpaceEvent, layout.SpaceThin,
	} {
		for v.lo = []byte{space}; v.lo != nil; {
			if err := l.View(ctx, v.chunk); err != nil {
				return v.Verified, err
			}
			v.progress = v.after
			for _, problem := range v.problems {
				if !report(problem) {
					return v.Verified, nil
				}
			}
		}
	}
	return v.Verified, nil
}

type verifier struct {
	progress
	after    progress // the chunk
	problems []error  // of the chunk
	tx       *Tx
}

// progress is how far a verifier has come.
type progress struct {
	Verified
	lo       []byte // where the next chunk begins, nil at the end of the keyspace
	previous Commit // of the blocks
}

// chunk verifies the keys from lo on. It may run twice.
func (v *verifier) chunk(tx *Tx) error {
	v.tx, v.problems, v.after = tx, nil, v.progress
	n := 0
	for key, value := range tx.r.Scan(v.lo, store.End(v.lo[0])) {
		if n == verifyChunk {
			v.after.lo = slices.Clone(key)
			return nil
		}
		n++
		v.after.Keys++
		v.key(key, value)
		v.problem(tx.err)
		tx.err = nil
	}
	v.after.lo = nil
	return nil
}

func (v *verifier) problem(err error) {
	if err != nil {
		v.problems = append(v.problems, err)
	}
}

func (v *verifier) expect(ok bool, key []byte, what string) {
	if !ok {
		v.problem(layout.Corrupt(key, "%s", what))
	}
}

func (v *verifier) key(key, value []byte) {
	switch key[0] {
	case layout.SpaceBlock:
		v.block(key, value)
	case layout.SpaceTimeline:
		v.leaf(key, value)
	case layout.SpaceDue:
		v.expect(len(key) == dueSize, key, "not the key of what is due")
	case layout.SpaceEdge:
		v.expect(len(key) == edgeFromSize+4, key, "not the key of an edge")
	case layout.SpaceRank:
		v.expect(len(key) == rankSize, key, "not the key of a rank")
	case layout.SpaceExpiry:
		v.expiry(key)
	default:
		content, err := layout.Unseal(key, value)
		v.problem(err)
		if err == nil {
			v.sealed(key, content)
		}
	}
}

// sealed verifies what a value with a good checksum says of others.
func (v *verifier) sealed(key, content []byte) {
	switch key[0] {
	case layout.SpaceMeta:
		if string(key) == string(formatKey) {
			v.expect(strings.HasPrefix(string(content), magic), key, "not a ledger's format")
		}
	case layout.SpaceNumber:
		name, ok := "", len(content) == 4
		if ok {
			name, ok = v.tx.Name(key[1], binary.BigEndian.Uint32(content))
		}
		v.expect(ok && name == string(key[2:]), key, "its number has another name")
	case layout.SpaceName:
		n, ok := uint32(0), len(key) == 6
		if ok {
			n, ok = v.tx.Number(key[1], string(content))
		}
		v.expect(ok && n == binary.BigEndian.Uint32(key[2:]) && n <= v.tx.Count(key[1]), key, "its name has another number")
	case layout.SpaceHead:
		v.expect(len(key) == 6, key, "not the key of a head")
	case layout.SpaceRequest:
		r, ok := v.tx.receipt(key)
		v.expect(ok && v.tx.r.Get(expiryKey(nil, r.Expires, key)) != nil, key, "it would never expire")
	case layout.SpaceSum:
		_, err := parseSum(key, content)
		v.problem(err)
	case layout.SpaceThin:
		v.mark(key, content)
	case layout.SpaceEvent:
		k, err := parsePack(key, content)
		v.problem(err)
		if err == nil {
			v.event(key, k.event(0))
		}
	}
}

// event verifies that an event's commit was, and that it was not to be gone.
func (v *verifier) event(key []byte, e Event) {
	last, err := lastCommit(v.tx.r)
	v.problem(err)
	swept, err := v.tx.EventsSwept()
	v.problem(err)
	v.expect(e.ID.Seq > 0 && e.ID.Seq <= last.Seq && e.Recorded <= last.Recorded, key, "an event of no commit")
	v.expect(swept.ID.Compare(e.ID) < 0, key, "an event that was swept away")
}

func (v *verifier) expiry(key []byte) {
	ok := len(key) == expirySize
	if ok {
		var r Receipt
		r, ok = v.tx.receipt(append([]byte{layout.SpaceRequest}, key[1+layout.InstantSize:]...))
		ok = ok && r.Expires == layout.Instant(key[1:])
	}
	v.expect(ok, key, "nothing expires here")
}

// block verifies the order of commits, that each record can be read whole, and
// that it stands in its timeline.
func (v *verifier) block(key, value []byte) {
	b, err := block.Parse(key, value)
	if err != nil {
		v.problem(err)
		return
	}
	previous := v.after.previous
	same := b.Seq == previous.Seq && b.Recorded == previous.Recorded
	next := b.Seq > previous.Seq && (b.Recorded > previous.Recorded || previous.Seq == 0)
	v.expect(same || next, key, "its commit was not recorded after the one before")
	v.after.previous = b.Commit
	v.tx.blocks.add(b)
	v.after.Records += int64(len(b.Records))
	for i, r := range b.Records {
		if r.Gone {
			v.after.Gone++
		}
		if r.Kind == block.KindAudit || r.Gone {
			continue
		}
		a := Addr{Seq: b.Seq, Slot: uint16(b.First + i)}
		e := Entry{Stream: r.Stream, Effective: r.Effective, Addr: a}
		_, entries, err := v.tx.leafOf(nil, e)
		v.problem(err)
		if err == nil {
			_, found := slices.BinarySearchFunc(entries, e, leaf.Older)
			leaves := v.tx.r.Get(markKey(nil, markGone, a)) != nil
			v.expect(found || leaves, e.AppendKey(nil), "a record that its timeline lacks")
			if !leaves { // what that rests on may be gone already
				_, err := v.tx.Load(a)
				v.problem(err)
			}
			v.expect(!found || !leaves, e.AppendKey(nil), "a record in its timeline that is to go")
		}
	}
}

// leaf verifies that entries are in order, not beyond the leaf's bound, and
// have their records.
func (v *verifier) leaf(key, value []byte) {
	entries, err := leaf.Parse(nil, key, value)
	if err != nil {
		v.problem(err)
		return
	}
	v.expect(string(entries[0].AppendKey(nil)) <= string(key), key, "an entry beyond the bound")
	for i, e := range entries {
		v.expect(i == 0 || leaf.Older(entries[i-1], e) < 0, key, "entries out of order")
		r, _, err := v.tx.stored(e.Addr)
		switch {
		case err != nil:
			v.problem(err)
		case r.Stream != e.Stream || r.Effective != e.Effective || r.Kind == block.KindAudit:
			v.problem(layout.Corrupt(key, "record %v is of stream %d at %d", e.Addr, r.Stream, r.Effective))
		}
	}
}
