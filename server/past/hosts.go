package past

import (
	"context"

	"github.com/plumbline/plumbline/assess/merge"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
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
		s := estate.Loose(tx)
		h := &estate.Host{ID: id, Head: &storev1.HostHead{}}
		if err := s.OpenHost(h, n); err != nil {
			return err
		}
		out, err = a.hostRecord(s, h)
		if err != nil {
			return err
		}
		now := a.NowIn(tx)
		in := merge.Input{Policy: a.History().At(now).Policy, At: now}
		for _, system := range h.Head.Systems {
			s.ID = system
			before := len(in.Hosts)
			if err := s.HostViews(h, in.At, &in); err != nil {
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

func (a *Archive) hostRecord(s *estate.System, h *estate.Host) (*pb.HostRecord, error) {
	out := &pb.HostRecord{Name: "hosts/" + h.ID, State: "retired", Systems: h.Head.Systems, Etag: estate.Etag(h.Raw)}
	now := a.NowIn(s.Tx)
	policy := a.History().At(now).Policy
	for i, src := range h.Head.Sources {
		if !src.Retired {
			out.State = "active"
		}
		v := h.Tracks[i].Newest()
		if v == nil {
			continue
		}
		confirmed, err := s.HostConfirmed(src.Source, v, &storev1.HostView{ViaSystem: src.ViaSystem}, now)
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

// Hosts lists hosts after an id, at most n, in the order of their ids.
func (a *Archive) Hosts(ctx context.Context, after string, n int) (out []*pb.HostRecord, err error) {
	err = a.ledger.View(ctx, func(tx *ledger.Tx) error {
		out = nil
		s := estate.Loose(tx)
		for id, number := range tx.Names(envelope.NameHost, after) {
			h := &estate.Host{ID: id, Head: &storev1.HostHead{}}
			if err := s.OpenHost(h, number); err != nil {
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
		s, err := estate.Stored(tx, id, ledger.Latest)
		if err != nil {
			return err
		}
		hosts, err := s.AllHosts()
		if err != nil {
			return err
		}
		for _, h := range hosts {
			if h.ID <= after || len(out) == n {
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
		n, ok := tx.Number(estate.NameFacility, id)
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
	now := a.NowIn(tx)
	in := merge.Input{Policy: a.History().At(now).Policy, At: now}
	for number := range tx.Linked(estate.EdgeFacility, n) {
		name, ok := tx.Name(envelope.NameSystem, number)
		if !ok {
			continue
		}
		out.Systems = append(out.Systems, name)
		s, err := estate.Open(tx, name, ledger.Latest)
		if err != nil {
			return nil, err
		}
		views, err := s.SystemViews(now)
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
		for id, number := range tx.Names(estate.NameFacility, after) {
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
