package ledger

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/store"
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
		spaceMeta, spaceBlock, spaceTimeline, spaceNumber, spaceName, spaceHead,
		spaceEdge, spaceRank, spaceObject, spaceDue, spaceRequest, spaceExpiry, spaceSum, spaceEvent, spaceThin,
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
		v.problem(corrupt(key, "%s", what))
	}
}

func (v *verifier) key(key, value []byte) {
	switch key[0] {
	case spaceBlock:
		v.block(key, value)
	case spaceTimeline:
		v.leaf(key, value)
	case spaceDue:
		v.expect(len(key) == dueSize, key, "not the key of what is due")
	case spaceEdge:
		v.expect(len(key) == edgeFromSize+4, key, "not the key of an edge")
	case spaceRank:
		v.expect(len(key) == rankSize, key, "not the key of a rank")
	case spaceExpiry:
		v.expiry(key)
	default:
		content, err := unseal(key, value)
		v.problem(err)
		if err == nil {
			v.sealed(key, content)
		}
	}
}

// sealed verifies what a value with a good checksum says of others.
func (v *verifier) sealed(key, content []byte) {
	switch key[0] {
	case spaceMeta:
		if string(key) == string(formatKey) {
			v.expect(strings.HasPrefix(string(content), magic), key, "not a ledger's format")
		}
	case spaceNumber:
		name, ok := "", len(content) == 4
		if ok {
			name, ok = v.tx.Name(key[1], binary.BigEndian.Uint32(content))
		}
		v.expect(ok && name == string(key[2:]), key, "its number has another name")
	case spaceName:
		n, ok := uint32(0), len(key) == 6
		if ok {
			n, ok = v.tx.Number(key[1], string(content))
		}
		v.expect(ok && n == binary.BigEndian.Uint32(key[2:]) && n <= v.tx.Count(key[1]), key, "its name has another number")
	case spaceHead:
		v.expect(len(key) == 6, key, "not the key of a head")
	case spaceRequest:
		r, ok := v.tx.receipt(key)
		v.expect(ok && v.tx.r.Get(expiryKey(nil, r.Expires, key)) != nil, key, "it would never expire")
	case spaceSum:
		_, err := parseSum(key, content)
		v.problem(err)
	case spaceThin:
		v.mark(key, content)
	case spaceEvent:
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
		r, ok = v.tx.receipt(append([]byte{spaceRequest}, key[1+instantSize:]...))
		ok = ok && r.Expires == instant(key[1:])
	}
	v.expect(ok, key, "nothing expires here")
}

// block verifies the order of commits, that each record can be read whole, and
// that it stands in its timeline.
func (v *verifier) block(key, value []byte) {
	b, err := parseBlock(key, value)
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
	v.after.Records += int64(len(b.records))
	for i, r := range b.records {
		if r.gone {
			v.after.Gone++
		}
		if r.kind == kindAudit || r.gone {
			continue
		}
		a := Addr{Seq: b.Seq, Slot: uint16(b.first + i)}
		e := Entry{Stream: r.stream, Effective: r.effective, Addr: a}
		_, entries, err := v.tx.leafOf(nil, e)
		v.problem(err)
		if err == nil {
			_, found := slices.BinarySearchFunc(entries, e, older)
			leaves := v.tx.r.Get(markKey(nil, markGone, a)) != nil
			v.expect(found || leaves, e.key(nil), "a record that its timeline lacks")
			if !leaves { // what that rests on may be gone already
				_, err := v.tx.Load(a)
				v.problem(err)
			}
			v.expect(!found || !leaves, e.key(nil), "a record in its timeline that is to go")
		}
	}
}

// leaf verifies that entries are in order, not beyond the leaf's bound, and
// have their records.
func (v *verifier) leaf(key, value []byte) {
	entries, err := parseLeaf(nil, key, value)
	if err != nil {
		v.problem(err)
		return
	}
	v.expect(string(entries[0].key(nil)) <= string(key), key, "an entry beyond the bound")
	for i, e := range entries {
		v.expect(i == 0 || older(entries[i-1], e) < 0, key, "entries out of order")
		r, _, err := v.tx.stored(e.Addr)
		switch {
		case err != nil:
			v.problem(err)
		case r.stream != e.Stream || r.effective != e.Effective || r.kind == kindAudit:
			v.problem(corrupt(key, "record %v is of stream %d at %d", e.Addr, r.stream, r.effective))
		}
	}
}
