package leaf

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/plumbline/plumbline/store/ledger/layout"
)

// FuzzLeaf gives leaves any content, with the checksum that fits it: what is read
// is a leaf that is written the same, or an ErrCorrupt.
func FuzzLeaf(f *testing.F) {
	e := Entry{Stream: 7, Effective: 1_700_000_000_000_000, Addr: layout.Addr{Seq: 3, Slot: 4}}
	f.Add(Append(nil, []Entry{e}), false)
	later := Entry{Stream: 7, Effective: layout.MaxInstant, Addr: layout.Addr{Seq: 1, Slot: math.MaxUint16}, Confirmed: layout.MinInstant}
	f.Add(Append(nil, []Entry{e, later}), true)
	f.Fuzz(func(t *testing.T, content []byte, bounded bool) {
		key := append(StreamKey(nil, 7), LastBound...)
		if bounded {
			key = e.AppendKey(nil)
		}
		entries, err := Parse(nil, key, layout.Sealed(nil, key, content))
		if err != nil {
			if !errors.Is(err, layout.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := Parse(nil, key, layout.Sealed(nil, key, Append(nil, entries)))
		if err != nil || !reflect.DeepEqual(again, entries) {
			t.Fatalf("written again: %+v, %v, was %+v", again, err, entries)
		}
	})
}

// TestOrderOfEntries: keys sort entries the newest first, and the last bound
// behind all of them.
func TestOrderOfEntries(t *testing.T) {
	for _, a := range []int64{layout.MinInstant, -1, 0, 255, 1 << 48, layout.MaxInstant} {
		if bytes.Compare(layout.AppendInverted(nil, a), LastBound) >= 0 {
			t.Errorf("%d is beyond the last bound", a)
		}
	}
	for i := 1; i < 10; i++ {
		x := Entry{Effective: 5, Addr: layout.Addr{Seq: layout.Seq(i - 1), Slot: 7}}
		y := Entry{Effective: 5, Addr: layout.Addr{Seq: layout.Seq(i), Slot: 6}}
		z := Entry{Effective: 5, Addr: layout.Addr{Seq: layout.Seq(i), Slot: 7}}
		if !(bytes.Compare(z.AppendKey(nil), y.AppendKey(nil)) < 0 && bytes.Compare(y.AppendKey(nil), x.AppendKey(nil)) < 0) {
			t.Errorf("entries %+v %+v %+v do not sort the newest first", x, y, z)
		}
	}
}
