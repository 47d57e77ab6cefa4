package wire_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/inventorytest"
)

var deterministic = proto.MarshalOptions{Deterministic: true}

// TestAppend: the bytes are those of proto.Marshal with maps in order, behind
// what was there.
func TestAppend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := inventorytest.Config{Full: rapid.Bool().Draw(t, "full")}.Inventory().Draw(t, "inventory")
		want, err := deterministic.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if got := inventories.Append([]byte("x"), m); !bytes.Equal(got, append([]byte("x"), want...)) {
			t.Fatalf("got  %x\nwant %x", got, want)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	m := inventorytest.Config{Full: true}.Inventory().Example(3)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = inventories.Append(out[:0], m)
	}
	b.SetBytes(int64(len(out)))
}

func BenchmarkMarshal(b *testing.B) {
	m := inventorytest.Config{Full: true}.Inventory().Example(3)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out, _ = deterministic.MarshalAppend(out[:0], m)
	}
	b.SetBytes(int64(len(out)))
}
