package ledger

import (
	"errors"
	"reflect"
	"testing"
)

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
