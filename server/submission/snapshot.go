package submission

import (
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/merge/intake"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
)

// Join makes one view of a snapshot's parts and its closing message. The
// system itself may stand in one of them; hosts and facilities are joined.
func (it *Item) Join(parts []*storev1.SnapshotPart) error {
	whole := &pb.Inventory{}
	for _, part := range parts {
		if err := joinInto(whole, part.Request.Inventory, it.System); err != nil {
			return err
		}
	}
	own := proto.Clone(it.View).(*pb.Inventory)
	for _, h := range it.Hosts {
		host := proto.Clone(h.Host).(*pb.Host)
		if h.Unit != "" {
			host.Unit = proto.String(h.Unit)
		}
		own.Hosts = append(own.Hosts, host)
	}
	if err := joinInto(whole, own, it.System); err != nil {
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
