package wire_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/assess/shape/wire"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var inventories = wire.For[pb.Inventory]()

// encoded is an inventory's bytes; its lists may be full or empty.
func encoded(t *rapid.T) []byte {
	c := inventorytest.Config{Full: rapid.Bool().Draw(t, "full")}
	b, err := proto.Marshal(c.Inventory().Draw(t, "inventory"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDecode: what is decoded equals what proto.Unmarshal makes of the same
// bytes, also in an arena that was used before, and stays so.
func TestDecode(t *testing.T) {
	var used wire.Arena
	rapid.Check(t, func(t *rapid.T) {
		var fresh wire.Arena
		for range 2 {
			b := encoded(t)
			want := new(pb.Inventory)
			if err := proto.Unmarshal(b, want); err != nil {
				t.Fatal(err)
			}
			for _, a := range []*wire.Arena{&fresh, &used} {
				got, err := inventories.Decode(a, b)
				if err != nil {
					t.Fatal(err)
				}
				again, err := inventories.Decode(a, b)
				if err != nil {
					t.Fatal(err)
				}
				if !proto.Equal(got, want) || !proto.Equal(again, want) {
					t.Fatalf("got %v\nthen %v\nwant %v", got, again, want)
				}
			}
		}
		used.Reset()
	})
}

// TestReset: what was decoded is empty afterwards, so that who holds on to it
// shows, and what was written into it does not show in what comes next.
func TestReset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a wire.Arena
		var held []*pb.Inventory
		for range rapid.IntRange(1, 3).Draw(t, "messages") {
			m, err := inventories.Decode(&a, encoded(t))
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, m)
		}
		a.Reset()
		for _, m := range held {
			if !proto.Equal(m, &pb.Inventory{}) {
				t.Fatalf("%v is left", m)
			}
		}
	})
}

// TestLeave: what was decoded strictly before stays as it is, whatever is decoded
// afterwards.
func TestLeave(t *testing.T) {
	var a wire.Arena
	rapid.Check(t, func(t *rapid.T) {
		var got, want []*pb.Inventory
		for range rapid.IntRange(1, 3).Draw(t, "messages") {
			b := encoded(t)
			m, w := new(pb.Inventory), new(pb.Inventory)
			if err := inventories.DecodeStrictly(&a, m, b); err != nil {
				t.Fatal(err)
			}
			if err := proto.Unmarshal(b, w); err != nil {
				t.Fatal(err)
			}
			a.Leave()
			got, want = append(got, m), append(want, w)
		}
		a.Reset()
		for i := range got {
			if !proto.Equal(got[i], want[i]) {
				t.Fatalf("got %v\nwant %v", got[i], want[i])
			}
		}
	})
}

// TestStrictly: a field of another wire type than the message has is refused, one
// that the message does not have is kept.
func TestStrictly(t *testing.T) {
	for _, c := range []struct {
		b    []byte
		fine bool
	}{
		{[]byte{0x0a, 0x00}, true},              // system
		{[]byte{0x08, 0x01}, false},             // system, as a number
		{[]byte{0x0a, 0x02, 0x08, 0x01}, false}, // system.id, as a number
		{[]byte{0xa8, 0x7d, 0x01}, true},        // field 2005, of a later version
	} {
		if err := inventories.DecodeStrictly(new(wire.Arena), new(pb.Inventory), c.b); (err == nil) != c.fine {
			t.Errorf("%x: %v", c.b, err)
		}
	}
}

// TestCopy: copies do not share memory with each other.
func TestCopy(t *testing.T) {
	var a wire.Arena
	var want, got [][]byte
	for i := range 400 {
		b := bytes.Repeat([]byte{byte(i)}, i)
		want, got = append(want, b), append(got, a.Copy(b))
		if len(got[i]) != cap(got[i]) {
			t.Fatalf("the copy of %d bytes has room for %d", len(got[i]), cap(got[i]))
		}
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("%d: %v", i, got[i])
		}
	}
}

// TestAllocations: in an arena that was used before, decoding allocates nothing.
func TestAllocations(t *testing.T) {
	b, err := proto.Marshal((inventorytest.Config{Full: true}).Inventory().Example(1))
	if err != nil {
		t.Fatal(err)
	}
	var a wire.Arena
	decode := func() {
		if _, err := inventories.Decode(&a, b); err != nil {
			t.Fatal(err)
		}
		a.Reset()
	}
	decode()
	// Clearing a slab through reflection allocates the header that it takes.
	if n, most := testing.AllocsPerRun(20, decode), 80.0; n > most {
		t.Errorf("%v allocations for %d bytes; at most %v", n, len(b), most)
	}
}

// FuzzDecode: whatever proto.Unmarshal takes is decoded to the same message, and
// whatever it refuses does no harm.
func FuzzDecode(f *testing.F) {
	for i := range 8 {
		b, err := proto.Marshal((inventorytest.Config{Full: i%2 == 0}).Inventory().Example(i))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0x0a, 0x02, 0xf8, 0x3f, 0x12, 0x03, 0x0b, 0x0c, 0x08})
	f.Fuzz(func(t *testing.T, b []byte) {
		want := new(pb.Inventory)
		refused := proto.Unmarshal(b, want)
		var a wire.Arena
		got, err := inventories.Decode(&a, bytes.Clone(b))
		switch {
		case refused != nil:
		case err != nil:
			t.Fatalf("%x: %v", b, err)
		case !proto.Equal(got, want):
			t.Fatalf("%x\ngot  %v\nwant %v", b, got, want)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	h := &pb.Inventory{Hosts: []*pb.Host{(inventorytest.Config{Full: true}).Host().Example(3)}}
	raw, err := proto.Marshal(h)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := new(pb.Inventory).UnmarshalVT(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("arena", func(b *testing.B) {
		var a wire.Arena
		b.ReportAllocs()
		for b.Loop() {
			if _, err := inventories.Decode(&a, raw); err != nil {
				b.Fatal(err)
			}
			a.Reset()
		}
	})
	b.Run("fresh", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := inventories.Decode(new(wire.Arena), raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(len(raw)), "bytes")
}
