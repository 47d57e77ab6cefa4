package block

import (
	"fmt"

	"github.com/plumbline/plumbline/store/ledger/layout"
	"github.com/plumbline/plumbline/store/ledger/patch"
)

// KindAudit is the kind of an audit entry; those of records are from 1 up to
// what DeltaBit leaves.
const KindAudit = 0

// MaxDepth is how many deltas may follow each other before a full record.
const MaxDepth = 16

// Sizes between which a delta is tried: below, its overhead eats the gain;
// above, applying it costs too much for a read. A shorter base has little to give.
const (
	DeltaMin = 64
	DeltaMax = patch.MaxSize
	BaseMin  = 16
)

// Depth is the number of deltas between r and a full record.
func (r Record) Depth() int {
	if r.Delta == nil {
		return 0
	}
	return r.Delta.Depth
}

// Apply applies a delta to the payload of its base.
func (d *Delta) Apply(payload, base []byte) ([]byte, error) {
	if len(base) < BaseMin || len(base) > DeltaMax {
		return nil, fmt.Errorf("its base %v cannot be one", d.Base)
	}
	full, err := patch.Decode(base, payload)
	if err != nil {
		return nil, fmt.Errorf("it does not fit its base %v", d.Base)
	}
	// The base that Append was given may not have been what stands at its
	// address: a block's checksum cannot tell, this one does.
	if layout.Checksum(nil, full) != d.Sum {
		return nil, fmt.Errorf("the checksum of what it makes of its base %v differs", d.Base)
	}
	return full, nil
}
