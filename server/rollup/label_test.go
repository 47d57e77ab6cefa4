package rollup

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestPackedLabels: what is packed is read again, and compared whatever its order.
func TestPackedLabels(t *testing.T) {
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"tier", "site", "a b", "cost-center", "x"}), 0, MaxLabels, rapid.ID)
	values := rapid.OneOf(rapid.String(), rapid.Just(Other), rapid.Just(strings.Repeat("x", MaxValue)), rapid.Just(strings.Repeat("x", MaxValue+1)))
	rapid.Check(t, func(t *rapid.T) {
		sys := &pb.System{Labels: rapid.MapOf(rapid.SampledFrom([]string{"tier", "site", "a b", "x"}), values).Draw(t, "labels")}
		var labels []Label
		for i, k := range keys.Draw(t, "keys") {
			labels = append(labels, Label{ID: uint32(i * 1_000_000), Key: k})
		}
		packed := PackLabels(labels, sys)
		i := 0
		ok := eachLabel(packed, func(x packedLabel) {
			v, there := sys.Labels[labels[i].Key]
			want := packedValue
			if !there {
				want = packedAbsent
			} else if v == Other || len(v) > MaxValue {
				want = packedOther
			}
			if x.id != labels[i].ID || x.form != want || want == packedValue && string(x.value) != v {
				t.Fatalf("label %d is %+v, of %q", i, x, v)
			}
			i++
		})
		if !ok || i != len(labels) {
			t.Fatalf("%d of %d labels, %v", i, len(labels), ok)
		}
		turned := slices.Clone(labels)
		slices.Reverse(turned)
		if !SameLabels(packed, PackLabels(turned, sys)) || !SameLabels(nil, packed) || SameLabels(packed, nil) != (len(labels) == 0) {
			t.Fatalf("%q is not the same in another order", packed)
		}
	})
}

// FuzzLabels: no bytes are taken for more than they hold.
func FuzzLabels(f *testing.F) {
	f.Add([]byte{}, []byte{1, 0})
	f.Add([]byte{1, 2, 7, 6, 'p', 'r', 'o', 'd'}, []byte{1, 1})
	f.Add([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, []byte{128})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		n := 0
		if eachLabel(a, func(x packedLabel) { n += 2 + len(x.value) }) && n > len(a) {
			t.Fatalf("%d bytes of %d", n, len(a))
		}
		if whole := eachLabel(a, func(packedLabel) {}); whole && !SameLabels(a, bytes.Clone(a)) {
			t.Fatal("not the same as itself")
		}
		SameLabels(a, b)
	})
}
