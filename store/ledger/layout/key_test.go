package layout

import (
	"bytes"
	"math"
	"testing"
)

// TestOrderOfKeys: bytewise order is the order of instants and addresses.
func TestOrderOfKeys(t *testing.T) {
	instants := []int64{MinInstant, MinInstant + 1, -1, 0, 1, 255, 256, 1 << 48, MaxInstant - 1, MaxInstant}
	for i, a := range instants {
		if got := Instant(AppendInstant(nil, a)); got != a {
			t.Errorf("%d is read as %d", a, got)
		}
		if got := inverted(AppendInverted(nil, a)); got != a {
			t.Errorf("%d inverted is read as %d", a, got)
		}
		if i == 0 {
			continue
		}
		before := instants[i-1]
		if bytes.Compare(AppendInstant(nil, before), AppendInstant(nil, a)) >= 0 {
			t.Errorf("%d does not sort before %d", before, a)
		}
		if bytes.Compare(AppendInverted(nil, before), AppendInverted(nil, a)) <= 0 {
			t.Errorf("%d does not sort after %d, inverted", before, a)
		}
	}
	if Instant(AppendInstant(nil, math.MinInt64)) != MinInstant || Instant(AppendInstant(nil, math.MaxInt64)) != MaxInstant {
		t.Error("instants are not clamped")
	}
}
