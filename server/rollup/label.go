package rollup

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// Limits of labels.
const (
	MaxLabels = 4   // declared at one time
	MaxValues = 64  // counted one by one of a label, those seen first
	MaxValue  = 128 // bytes of a value that is counted by itself
)

// Other is the value under which systems are counted whose own is not, because
// it is too long or one too many. A label that has this value is counted here too.
const Other = "(other)"

// Label is a label by which systems are counted, as it was declared.
type Label struct {
	ID    uint32 // of this declaration
	Key   string
	Since int64 // from when systems are counted by it, microseconds since 1970 UTC
}

// A state has the values of the labels that were declared at its instant, packed:
// for each the declaration's number, and 0 where it is absent, 1 where it is too
// long to be kept, or 2 and its length, each a uvarint, and the value.
const (
	packedAbsent = iota
	packedOther
	packedValue
)

// PackLabels is State.labels of a system; nil where no label is declared.
func PackLabels(labels []Label, sys *pb.System) (out []byte) {
	for _, l := range labels {
		out = binary.AppendUvarint(out, uint64(l.ID))
		switch v, ok := sys.GetLabels()[l.Key]; {
		case !ok:
			out = append(out, packedAbsent)
		case len(v) > MaxValue || v == Other:
			out = append(out, packedOther)
		default:
			out = append(binary.AppendUvarint(out, uint64(packedValue+len(v))), v...)
		}
	}
	return out
}

// packedLabel is one label of State.labels.
type packedLabel struct {
	id    uint32
	form  int
	value []byte
}

// eachLabel reads State.labels; false where they are damaged.
func eachLabel(b []byte, f func(packedLabel)) bool {
	for len(b) > 0 {
		id, n := binary.Uvarint(b)
		if n <= 0 || id > 1<<32-1 {
			return false
		}
		form, m := binary.Uvarint(b[n:])
		b = b[n+max(m, 0):]
		if m <= 0 || form > packedValue && form-packedValue > uint64(len(b)) {
			return false
		}
		x := packedLabel{id: uint32(id), form: int(form)}
		if form >= packedValue {
			x.form, x.value, b = packedValue, b[:form-packedValue], b[form-packedValue:]
		}
		f(x)
	}
	return true
}

// SameLabels tells whether State.labels has nothing that other State.labels have
// not: a label that is no longer declared goes unseen.
func SameLabels(labels, held []byte) bool {
	if bytes.Equal(labels, held) {
		return true
	}
	var have []packedLabel
	same := eachLabel(held, func(x packedLabel) { have = append(have, x) })
	return eachLabel(labels, func(x packedLabel) {
		same = same && slices.ContainsFunc(have, func(h packedLabel) bool {
			return h.id == x.id && h.form == x.form && bytes.Equal(h.value, x.value)
		})
	}) && same
}

// Places of a label's groups: that of a value is placeValues and its number.
const (
	placeAbsent uint32 = iota
	placeOther
	placeValues
)

// Where labels' records stand. It is part of the format.
const (
	kindLabel   byte   = 'b' // number of a declaration → LabelRecord
	nextGroup          = "next"
	firstGroup  uint32 = 1 << 31 // numbers of groups; those of series are less
	labelDigits        = "%010d"
)

// label is a declared label's record, as a transaction sees it.
type label struct {
	*storev1.LabelRecord
	id      uint32
	changed bool
}

// readLabel reads a label's record; nil where it is not declared any more.
func readLabel(tx *ledger.Tx, id uint32) (*label, error) {
	rec, err := envelope.Object[storev1.LabelRecord](tx, kindLabel, fmt.Sprintf(labelDigits, id))
	if err != nil || rec == nil || rec.Removed {
		return nil, err
	}
	return &label{LabelRecord: rec, id: id}, nil
}

func (l *label) put(b *ledger.Batch) {
	b.PutObject(kindLabel, fmt.Sprintf(labelDigits, l.id), envelope.Encode(l.LabelRecord))
}

// place is where a value is counted; add gives it a place of its own if there is
// room.
func (l *label) place(form int, value string, add bool) uint32 {
	switch {
	case form == packedAbsent:
		return placeAbsent
	case form == packedOther:
		return placeOther
	}
	i := slices.Index(l.Values, value)
	if i < 0 && add && len(l.Values) < MaxValues {
		i, l.changed = len(l.Values), true
		l.Values = append(l.Values, value)
	}
	if i < 0 {
		return placeOther
	}
	return placeValues + uint32(i)
}

// group is the number of the systems in a place that have a series; 0 where there
// never was one.
func (l *label) group(series, place uint32) uint32 {
	for _, g := range l.Groups {
		if g.Series == series && g.Place == place {
			return g.Number
		}
	}
	return 0
}

// grouped is group, which makes a new one where there is none.
func (l *label) grouped(b *ledger.Batch, series, place uint32) (uint32, error) {
	if n := l.group(series, place); n != 0 {
		return n, nil
	}
	n := firstGroup
	raw, err := b.Object(kindLabel, nextGroup)
	switch {
	case err != nil:
		return 0, err
	case len(raw) == 4:
		n = binary.BigEndian.Uint32(raw)
	case raw != nil:
		return 0, fmt.Errorf("%w: the next group's number", ledger.ErrCorrupt)
	}
	b.PutObject(kindLabel, nextGroup, binary.BigEndian.AppendUint32(nil, n+1))
	l.Groups, l.changed = append(l.Groups, &storev1.LabelGroup{Series: series, Place: place, Number: n}), true
	return n, nil
}

// Declare makes a label be counted by, from the commit's instant on. No
// declaration had its number before.
func Declare(b *ledger.Batch, id uint32) {
	(&label{LabelRecord: &storev1.LabelRecord{Schema: envelope.Schema}, id: id}).put(b)
}

// Remove ends a declaration: its sums are not added to any more, and Free deletes
// them.
func Remove(b *ledger.Batch, id uint32) error {
	l, err := readLabel(b.Tx, id)
	if l != nil {
		l.Removed = true
		l.put(b)
	}
	return err
}

// freeMost is how many sums one commit deletes, so that nobody waits.
const freeMost = 1000

// FreeAll deletes the sums of labels that are declared no more, some in a commit.
func FreeAll(ctx context.Context, l *ledger.Ledger, now func() int64) error {
	for more := true; more && ctx.Err() == nil; {
		if _, err := l.Commit(ctx, now(), func(b *ledger.Batch) (err error) {
			more, err = Free(b, freeMost)
			return err
		}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Free deletes at most most of the sums of labels that are declared no more. It
// tells whether some may be left.
func Free(b *ledger.Batch, most int) (more bool, err error) {
	name, rec, err := firstRemoved(b.Tx)
	if rec == nil || err != nil {
		return false, err
	}
	for most > 0 && len(rec.Groups) > 0 {
		last := len(rec.Groups) - 1
		if most -= freeGroup(b, rec.Groups[last].Number, most); most > 0 {
			rec.Groups = rec.Groups[:last]
		}
	}
	if len(rec.Groups) == 0 {
		b.DeleteObject(kindLabel, name)
	} else {
		b.PutObject(kindLabel, name, envelope.Encode(rec))
	}
	return true, nil
}

// firstRemoved is the first label that is declared no more and has sums; nil
// where there is none.
func firstRemoved(tx *ledger.Tx) (string, *storev1.LabelRecord, error) {
	for name, raw := range tx.Objects(kindLabel, "") {
		if name == nextGroup {
			continue
		}
		rec, err := envelope.Decode[storev1.LabelRecord](raw)
		if err != nil || rec.Removed {
			return name, rec, err
		}
	}
	return "", nil, nil
}

func freeGroup(b *ledger.Batch, number uint32, most int) (n int) {
	for _, tag := range []byte{tagNewest, tagRules, tagVersions, tagBegun, tagHistory, tagRuleTime} {
		if n < most {
			n += b.DropSums(string(key(tag, number)), most-n)
		}
	}
	for _, kind := range []byte{rankScores, rankFailing, rankUnknown} {
		if n < most {
			n += b.DropRanks(kind, number, most-n)
		}
	}
	return n
}
