package change

import (
	"fmt"
	"strings"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/submission"
	"github.com/plumbline/plumbline/store/ledger"
)

// kindPart is the kind of the objects in the ledger that are parts of
// snapshots, "{system}/{source}/{snapshot}/{n}" → SnapshotPart. It is part of
// the format.
const kindPart byte = 's'

// MaxParts is how many messages one snapshot may span.
const MaxParts = 1000

// keepParts is how long a snapshot that is not closed is kept, in microseconds.
const keepParts = 24 * 3600 * 1e6

func partPrefix(it *submission.Item) string {
	return it.System + "/" + it.Source + "/" + it.SnapshotID + "/"
}

// snapshot keeps a part of a snapshot, or joins the parts into the closing
// item. done says that there is nothing more to do with the item.
func (p *Plan) snapshot(d *Planned) (done bool, err error) {
	it := d.it
	names, parts, err := p.storedParts(partPrefix(it))
	if err != nil {
		return false, err
	}
	if !it.Closing {
		if len(parts) >= MaxParts {
			return true, fault.Exhausted(fault.ReasonTooMany, "snapshot %s spans %d messages already; close it and begin another", it.SnapshotID, MaxParts)
		}
		p.parts = append(p.parts, partChange{
			name: fmt.Sprintf("%s%04d", partPrefix(it), len(parts)),
			part: &storev1.SnapshotPart{Schema: envelope.Schema, Request: it.Part, Recorded: p.now},
		})
		d.outcome = submission.Pending
		return true, nil
	}
	if err := it.Join(parts); err != nil {
		return true, err
	}
	for _, n := range names {
		p.parts = append(p.parts, partChange{name: n})
	}
	return false, nil
}

// storedParts are the parts of a snapshot that came before, in their order,
// those of this plan included.
func (p *Plan) storedParts(prefix string) (names []string, parts []*storev1.SnapshotPart, err error) {
	for name, b := range p.sys.Tx.Objects(kindPart, prefix) {
		if !strings.HasPrefix(name, prefix) {
			break
		}
		part, err := envelope.Decode[storev1.SnapshotPart](b)
		if err != nil {
			return nil, nil, err
		}
		names, parts = append(names, name), append(parts, part)
	}
	for _, c := range p.parts {
		if c.part != nil && strings.HasPrefix(c.name, prefix) {
			names, parts = append(names, c.name), append(parts, c.part)
		}
	}
	return names, parts, nil
}

// SweepParts deletes parts of snapshots that were never closed.
func SweepParts(b *ledger.Batch, now int64, most int) error {
	var old []string
	for name, raw := range b.Objects(kindPart, "") {
		part, err := envelope.Decode[storev1.SnapshotPart](raw)
		if err != nil {
			return err
		}
		if part.Recorded+keepParts <= now {
			if old = append(old, name); len(old) == most {
				break
			}
		}
	}
	for _, name := range old {
		b.DeleteObject(kindPart, name)
	}
	return b.Err()
}
