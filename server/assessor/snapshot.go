package assessor

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/merge/intake"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
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

func partPrefix(it *item) string {
	return it.system + "/" + it.source + "/" + it.snapshotID + "/"
}

// snapshot keeps a part of a snapshot, or joins the parts into the closing
// item. done says that there is nothing more to do with the item.
func (p *plan) snapshot(d *planned) (done bool, err error) {
	it := d.it
	names, parts, err := p.storedParts(partPrefix(it))
	if err != nil {
		return false, err
	}
	if !it.closing {
		if len(parts) >= MaxParts {
			return true, fault.Exhausted(fault.ReasonTooMany, "snapshot %s spans %d messages already; close it and begin another", it.snapshotID, MaxParts)
		}
		p.parts = append(p.parts, partChange{
			name: fmt.Sprintf("%s%04d", partPrefix(it), len(parts)),
			part: &storev1.SnapshotPart{Schema: envelope.Schema, Request: it.part, Recorded: p.now},
		})
		d.outcome = outcomePending
		return true, nil
	}
	if err := it.join(parts); err != nil {
		return true, err
	}
	for _, n := range names {
		p.parts = append(p.parts, partChange{name: n})
	}
	return false, nil
}

// storedParts are the parts of a snapshot that came before, in their order,
// those of this plan included.
func (p *plan) storedParts(prefix string) (names []string, parts []*storev1.SnapshotPart, err error) {
	for name, b := range p.sys.tx.Objects(kindPart, prefix) {
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

// join makes one view of a snapshot's parts and its closing message. The
// system itself may stand in one of them; hosts and facilities are joined.
func (it *item) join(parts []*storev1.SnapshotPart) error {
	whole := &pb.Inventory{}
	for _, part := range parts {
		if err := joinInto(whole, part.Request.Inventory, it.system); err != nil {
			return err
		}
	}
	own := proto.Clone(it.view).(*pb.Inventory)
	for _, h := range it.hosts {
		host := proto.Clone(h.host).(*pb.Host)
		if h.unit != "" {
			host.Unit = proto.String(h.unit)
		}
		own.Hosts = append(own.Hosts, host)
	}
	if err := joinInto(whole, own, it.system); err != nil {
		return err
	}
	v := &violations{}
	if len(whole.Hosts) > MaxSnapshotHosts {
		v.add("inventory.hosts", "the snapshot has %d hosts; at most %d: send the rest by upserts", len(whole.Hosts), MaxSnapshotHosts)
	}
	for _, x := range intake.Validate(whole) {
		v.add("inventory."+x.Path, "%s, taking the snapshot's %d messages together", x.Message, len(parts)+1)
	}
	if err := v.err(); err != nil {
		return err
	}
	it.take(whole)
	return nil
}

func joinInto(whole, part *pb.Inventory, system string) error {
	if s := part.GetSystem(); s != nil && !proto.Equal(s, &pb.System{Id: s.Id}) {
		if whole.System != nil {
			return fault.InvalidField("inventory.system", "stands in two messages of one snapshot of systems/%s; send it in one", system)
		}
		whole.System = s
	}
	whole.Hosts = append(whole.Hosts, part.Hosts...)
	whole.Facilities = append(whole.Facilities, part.Facilities...)
	whole.Partial = append(whole.Partial, part.Partial...)
	for _, name := range part.ReportedEmpty {
		if name == "hosts" && len(whole.Hosts) > 0 || name == "facilities" && len(whole.Facilities) > 0 {
			continue
		}
		whole.ReportedEmpty = append(whole.ReportedEmpty, name)
	}
	return nil
}

// sweepParts deletes parts of snapshots that were never closed.
func sweepParts(b *ledger.Batch, now int64, most int) error {
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
