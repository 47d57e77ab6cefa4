package assessor

import (
	"context"

	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// Host is a host as a resource: merged of all sources, whichever systems they
// reported it in.
func (a *Archive) Host(ctx context.Context, id string) (out *pb.HostRecord, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		n, ok := tx.Number(envelope.NameHost, id)
		if !ok {
			return fault.NotFound("hosts/"+id, "list what is there with ListHosts")
		}
		s := loose(tx)
		h := &hostState{id: id, head: &storev1.HostHead{}}
		if err := s.openHost(h, n); err != nil {
			return err
		}
		out, err = a.hostRecord(s, h)
		if err != nil {
			return err
		}
		now := a.nowIn(tx)
		in := merge.Input{Policy: a.History().At(now).Policy, At: now}
		for _, system := range h.head.Systems {
			s.id = system
			before := len(in.Hosts)
			if err := s.hostViews(h, in.At, &in); err != nil {
				return err
			}
			if len(in.Hosts) > before {
				break // views are the same through every system
			}
		}
		for _, host := range merge.Merge(in).Inventory.Hosts {
			host.Unit = nil
			out.Host = host
		}
		return nil
	})
	return out, err
}

func (a *Archive) hostRecord(s *system, h *hostState) (*pb.HostRecord, error) {
	out := &pb.HostRecord{Name: "hosts/" + h.id, State: "retired", Systems: h.head.Systems, Etag: etagOfHead(h.raw)}
	now := a.nowIn(s.tx)
	policy := a.History().At(now).Policy
	for i, src := range h.head.Sources {
		if !src.Retired {
			out.State = "active"
		}
		v := h.tracks[i].newest()
		if v == nil {
			continue
		}
		confirmed, err := s.hostConfirmed(src.Source, v, &storev1.HostView{ViaSystem: src.ViaSystem}, now)
		if err != nil {
			return nil, err
		}
		hs := &pb.HostSource{Source: src.Source, State: "reported", ConfirmedTime: envelope.Timestamp(confirmed)}
		stale := policy.HostStale(src.Source, confirmed)
		hs.StaleTime = envelope.Timestamp(stale)
		switch {
		case stale <= now:
			hs.State = "stale"
		case src.LeftOut:
			hs.State = "not-reported"
		}
		out.Sources = append(out.Sources, hs)
	}
	return out, nil
}

// loose is a system of no name, through which hosts are read by themselves.
func loose(tx *ledger.Tx) *system {
	return &system{tx: tx, arena: new(wire.Arena), known: ledger.Latest, head: &storev1.SystemHead{}, hosts: map[string]*hostState{}}
}

// Hosts lists hosts after an id, at most n, in the order of their ids.
func (a *Archive) Hosts(ctx context.Context, after string, n int) (out []*pb.HostRecord, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		s := loose(tx)
		for id, number := range tx.Names(envelope.NameHost, after) {
			h := &hostState{id: id, head: &storev1.HostHead{}}
			if err := s.openHost(h, number); err != nil {
				return err
			}
			r, err := a.hostRecord(s, h)
			if err != nil {
				return err
			}
			if out = append(out, r); len(out) == n {
				break
			}
		}
		return nil
	})
	return out, err
}

// HostsOf is Hosts for the hosts of one system.
func (a *Archive) HostsOf(ctx context.Context, id, after string, n int) (out []*pb.HostRecord, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		s, err := storedSystem(tx, id, ledger.Latest)
		if err != nil {
			return err
		}
		hosts, err := s.allHosts()
		if err != nil {
			return err
		}
		for _, h := range hosts {
			if h.id <= after || len(out) == n {
				continue
			}
			r, err := a.hostRecord(s, h)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// Facility is a facility as a resource: as the systems that name it say.
func (a *Archive) Facility(ctx context.Context, id string) (out *pb.FacilityRecord, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		n, ok := tx.Number(nameFacility, id)
		if !ok {
			return fault.NotFound("facilities/"+id, "list what is there with ListFacilities")
		}
		out, err = a.facilityRecord(tx, id, n)
		return err
	})
	return out, err
}

func (a *Archive) facilityRecord(tx *ledger.Tx, id string, n uint32) (*pb.FacilityRecord, error) {
	out := &pb.FacilityRecord{Name: "facilities/" + id}
	now := a.nowIn(tx)
	in := merge.Input{Policy: a.History().At(now).Policy, At: now}
	for number := range tx.Linked(edgeFacility, n) {
		name, ok := tx.Name(envelope.NameSystem, number)
		if !ok {
			continue
		}
		out.Systems = append(out.Systems, name)
		s, err := openSystem(tx, name, ledger.Latest)
		if err != nil {
			return nil, err
		}
		views, err := s.systemViews(now)
		if err != nil {
			return nil, err
		}
		in.System = append(in.System, views...)
	}
	for _, f := range merge.Merge(in).Inventory.Facilities {
		if f.Id == id {
			out.Facility = f
		}
	}
	return out, nil
}

// Facilities lists facilities after an id, at most n, in the order of their ids.
func (a *Archive) Facilities(ctx context.Context, after string, n int) (out []*pb.FacilityRecord, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		for id, number := range tx.Names(nameFacility, after) {
			r, err := a.facilityRecord(tx, id, number)
			if err != nil {
				return err
			}
			if out = append(out, r); len(out) == n {
				break
			}
		}
		return nil
	})
	return out, err
}
