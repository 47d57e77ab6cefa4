package block

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"runtime"
	"testing"

	"github.com/plumbline/plumbline/store/ledger/layout"
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
func content(records []Record) []byte {
	key := Key(nil, 5, max(0, len(records)-1))
	b := Append(nil, key, layout.Commit{Seq: 5, Recorded: 1_700_000_000_000_000}, records, &Scratch{})
	return b[:len(b)-layout.SumSize]
}

// FuzzBlock gives blocks any content, with the checksum that fits it: what is
// read is a block that is written the same, or an ErrCorrupt.
func FuzzBlock(f *testing.F) {
	f.Add(content(nil), uint16(0))
	f.Add(content([]Record{{Kind: 1, Stream: 7, Effective: layout.MinInstant, Payload: []byte("p")}}), uint16(0))
	many := make([]Record, 3)
	for i := range many {
		many[i] = Record{Kind: 2, Stream: math.MaxUint32, Payload: bytes.Repeat([]byte{1}, 100), Delta: &Delta{Base: layout.Addr{Seq: 4, Slot: 9}, Depth: 3, Sum: 77}}
	}
	many[2] = Record{Kind: KindAudit, Effective: layout.MaxInstant}
	f.Add(content(many), uint16(2))
	f.Fuzz(func(t *testing.T, content []byte, last uint16) {
		key := Key(nil, 5, int(last))
		b, err := Parse(key, layout.Sealed(nil, key, content))
		if err != nil {
			if !errors.Is(err, layout.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := Parse(key, Append(nil, key, b.Commit, b.Records, &Scratch{}))
		if err != nil {
			t.Fatal(err)
		}
		if len(again.Records) != len(b.Records) || len(b.Records) > 0 && !reflect.DeepEqual(again.Records, b.Records) {
			t.Fatalf("written again: %+v, was %+v", again.Records, b.Records)
		}
	})
}

// FuzzDelta applies any bytes as a delta.
func FuzzDelta(f *testing.F) {
	base := bytes.Repeat([]byte("some base "), 20)
	f.Add(patch.Encode(nil, base, append(base, "and more"...)), base)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, base)
	f.Fuzz(func(t *testing.T, payload, base []byte) {
		full, err := (&Delta{Sum: 1}).Apply(payload, base)
		if err == nil && len(full) > DeltaMax {
			t.Fatalf("%d bytes", len(full))
		}
	})
}

// TestLengthsThatCannotBe has values with good checksums which say that they
// are enormous: nothing is allocated for them.
func TestLengthsThatCannotBe(t *testing.T) {
	key := Key(nil, 5, 0)
	block := func(flags byte, count uint16, body []byte) func() error {
		b := append([]byte{format, flags}, make([]byte, 8)...)
		b = append(binary.BigEndian.AppendUint16(b, count), body...)
		return func() error { _, err := Parse(key, layout.Sealed(nil, key, b)); return err }
	}
	uvarint := func(v uint64) []byte { return binary.AppendUvarint(nil, v) }
	base := make([]byte, 100)
	cases := map[string]func() error{
		"a body of 4 GB":         block(flagPacked, 1, uvarint(math.MaxUint32)),
		"a body of 17 MB":        block(flagPacked, 1, uvarint(rawLimit+1)),
		"a payload of 2^63":      block(0, 1, append([]byte{1, 0, 0}, uvarint(1<<63)...)),
		"a payload of 16 MB":     block(0, 1, append([]byte{1, 0, 0}, uvarint(layout.MaxPayload)...)),
		"65535 records":          block(0, math.MaxUint16, nil),
		"more than it has slots": block(0, 2, []byte{1, 1, 0, 0, 0, 0, 0, 0}),
		"a varint without end":   block(0, 1, append([]byte{1}, bytes.Repeat([]byte{0xff}, 20)...)),
		"a delta of 4 GB":        func() error { _, err := (&Delta{}).Apply(uvarint(math.MaxUint32), base); return err },
		"a delta of 65537":       func() error { _, err := (&Delta{}).Apply(uvarint(DeltaMax+1), base); return err },
		"a delta without bytes":  func() error { _, err := (&Delta{}).Apply(nil, base); return err },
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
