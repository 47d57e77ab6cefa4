package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"runtime"
	"testing"

	"github.com/plumbline/plumbline/store/ledger/patch"
)

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// content takes checksum off and returns what FuzzBlock begins with.
func blockContent(records []stored) []byte {
	key := blockKey(nil, 5, max(0, len(records)-1))
	b := appendBlock(nil, key, Commit{Seq: 5, Recorded: 1_700_000_000_000_000}, records, &scratch{})
	return b[:len(b)-sumSize]
}

// FuzzBlock gives blocks any content, with the checksum that fits it: what is
// read is a block that is written the same, or an ErrCorrupt.
func FuzzBlock(f *testing.F) {
	f.Add(blockContent(nil), uint16(0))
	f.Add(blockContent([]stored{{kind: 1, stream: 7, effective: MinInstant, payload: []byte("p")}}), uint16(0))
	many := make([]stored, 3)
	for i := range many {
		many[i] = stored{kind: 2, stream: math.MaxUint32, payload: bytes.Repeat([]byte{1}, 100), delta: &delta{base: Addr{Seq: 4, Slot: 9}, depth: 3, sum: 77}}
	}
	many[2] = stored{kind: kindAudit, effective: MaxInstant}
	f.Add(blockContent(many), uint16(2))
	f.Fuzz(func(t *testing.T, content []byte, last uint16) {
		key := blockKey(nil, 5, int(last))
		b, err := parseBlock(key, sealed(nil, key, content))
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := parseBlock(key, appendBlock(nil, key, b.Commit, b.records, &scratch{}))
		if err != nil {
			t.Fatal(err)
		}
		if len(again.records) != len(b.records) || len(b.records) > 0 && !reflect.DeepEqual(again.records, b.records) {
			t.Fatalf("written again: %+v, was %+v", again.records, b.records)
		}
	})
}

// FuzzLeaf does the same with parts of timelines.
func FuzzLeaf(f *testing.F) {
	e := Entry{Stream: 7, Effective: 1_700_000_000_000_000, Addr: Addr{Seq: 3, Slot: 4}}
	f.Add(appendLeaf(nil, []Entry{e}), false)
	later := Entry{Stream: 7, Effective: MaxInstant, Addr: Addr{Seq: 1, Slot: math.MaxUint16}, Confirmed: MinInstant}
	f.Add(appendLeaf(nil, []Entry{e, later}), true)
	f.Fuzz(func(t *testing.T, content []byte, bounded bool) {
		key := append(streamKey(nil, 7), lastBound...)
		if bounded {
			key = e.key(nil)
		}
		entries, err := parseLeaf(nil, key, sealed(nil, key, content))
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := parseLeaf(nil, key, sealed(nil, key, appendLeaf(nil, entries)))
		if err != nil || !reflect.DeepEqual(again, entries) {
			t.Fatalf("written again: %+v, %v, was %+v", again, err, entries)
		}
	})
}

// FuzzDelta applies any bytes as a delta.
func FuzzDelta(f *testing.F) {
	base := bytes.Repeat([]byte("some base "), 20)
	f.Add(patch.Encode(nil, base, append(base, "and more"...)), base)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, base)
	f.Fuzz(func(t *testing.T, payload, base []byte) {
		full, err := undelta(&delta{sum: 1}, payload, base)
		if err == nil && len(full) > deltaMax {
			t.Fatalf("%d bytes", len(full))
		}
	})
}

// FuzzPack reads any bytes as events, and writes them again.
func FuzzPack(f *testing.F) {
	f.Add(pack{recorded: 5, payloads: [][]byte{[]byte("one"), nil}}.append(nil), uint32(1))
	f.Fuzz(func(t *testing.T, content []byte, last uint32) {
		key := eventKey(nil, EventID{Seq: 3, N: last})
		k, err := parsePack(key, content)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := parsePack(key, k.append(nil))
		if err != nil || !reflect.DeepEqual(again, k) {
			t.Fatalf("written again: %+v, %v, was %+v", again, err, k)
		}
	})
}

// FuzzSum reads any bytes as counters.
func FuzzSum(f *testing.F) {
	f.Add([]byte{0, 2, 0xd7, 4})
	f.Fuzz(func(t *testing.T, content []byte) {
		total, err := parseSum([]byte("ua"), content)
		if err == nil && len(total) > len(content) {
			t.Fatalf("%v of %x", total, content)
		}
	})
}

// TestLengthsThatCannotBe has values with good checksums which say that they
// are enormous: nothing is allocated for them.
func TestLengthsThatCannotBe(t *testing.T) {
	key := blockKey(nil, 5, 0)
	block := func(flags byte, count uint16, body []byte) func() error {
		b := append([]byte{blockFormat, flags}, make([]byte, 8)...)
		b = append(binary.BigEndian.AppendUint16(b, count), body...)
		return func() error { _, err := parseBlock(key, sealed(nil, key, b)); return err }
	}
	uvarint := func(v uint64) []byte { return binary.AppendUvarint(nil, v) }
	base := make([]byte, 100)
	cases := map[string]func() error{
		"a body of 4 GB":         block(flagPacked, 1, uvarint(math.MaxUint32)),
		"a body of 17 MB":        block(flagPacked, 1, uvarint(rawLimit+1)),
		"a payload of 2^63":      block(0, 1, append([]byte{1, 0, 0}, uvarint(1<<63)...)),
		"a payload of 16 MB":     block(0, 1, append([]byte{1, 0, 0}, uvarint(MaxPayload)...)),
		"65535 records":          block(0, math.MaxUint16, nil),
		"more than it has slots": block(0, 2, []byte{1, 1, 0, 0, 0, 0, 0, 0}),
		"a varint without end":   block(0, 1, append([]byte{1}, bytes.Repeat([]byte{0xff}, 20)...)),
		"a delta of 4 GB":        func() error { _, err := undelta(&delta{}, uvarint(math.MaxUint32), base); return err },
		"a delta of 65537":       func() error { _, err := undelta(&delta{}, uvarint(deltaMax+1), base); return err },
		"a delta without bytes":  func() error { _, err := undelta(&delta{}, nil, base); return err },
	}
	for name, f := range cases {
		var err error
		if n := allocated(func() { err = f() }); n > 1<<20 {
			t.Errorf("%s: %d bytes were allocated", name, n)
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestOrderOfKeys: bytewise order is the order of instants and addresses.
func TestOrderOfKeys(t *testing.T) {
	instants := []int64{MinInstant, MinInstant + 1, -1, 0, 1, 255, 256, 1 << 48, MaxInstant - 1, MaxInstant}
	for i, a := range instants {
		if got := instant(appendInstant(nil, a)); got != a {
			t.Errorf("%d is read as %d", a, got)
		}
		if got := inverted(appendInverted(nil, a)); got != a {
			t.Errorf("%d inverted is read as %d", a, got)
		}
		if bytes.Compare(appendInverted(nil, a), lastBound) >= 0 {
			t.Errorf("%d is beyond the last bound", a)
		}
		if i == 0 {
			continue
		}
		before := instants[i-1]
		if bytes.Compare(appendInstant(nil, before), appendInstant(nil, a)) >= 0 {
			t.Errorf("%d does not sort before %d", before, a)
		}
		if bytes.Compare(appendInverted(nil, before), appendInverted(nil, a)) <= 0 {
			t.Errorf("%d does not sort after %d, inverted", before, a)
		}
		x := Entry{Effective: 5, Addr: Addr{Seq: Seq(i - 1), Slot: 7}}
		y := Entry{Effective: 5, Addr: Addr{Seq: Seq(i), Slot: 6}}
		z := Entry{Effective: 5, Addr: Addr{Seq: Seq(i), Slot: 7}}
		if !(bytes.Compare(z.key(nil), y.key(nil)) < 0 && bytes.Compare(y.key(nil), x.key(nil)) < 0) {
			t.Errorf("entries %+v %+v %+v do not sort the newest first", x, y, z)
		}
	}
	if instant(appendInstant(nil, math.MinInt64)) != MinInstant || instant(appendInstant(nil, math.MaxInt64)) != MaxInstant {
		t.Error("instants are not clamped")
	}
}
