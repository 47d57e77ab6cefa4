package assessor

import (
	"bytes"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape"
	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/store/ledger"
)

// system is one system as a transaction sees it, with what a plan adds. Its
// parts are read when they are asked for: a submission that changes nothing
// needs the heads alone.
type system struct {
	tx      *ledger.Tx
	known   ledger.Seq
	knownAt int64 // the instant of known; 0 where everything is known

	arena *wire.Arena // what is decoded of views and hosts' heads

	id     string
	number uint32 // 0 for a system that is not stored yet
	head   *storev1.SystemHead
	raw    []byte // the head as it was read; nil for a new system

	sources    []*sourceState // in the order of SystemHead.sources
	hosts      map[string]*hostState
	listed     bool               // all stored hosts are in hosts
	statements *statements.Set    // once read
	foreign    map[string]*system // others, whose views confirm hosts of this one
}

// sourceState is one source's views of the system.
type sourceState struct {
	head  *storev1.SourceHead
	track *track
}

// hostState is one host with its sources' views.
type hostState struct {
	id      string
	number  uint32
	head    *storev1.HostHead
	raw     []byte
	written []byte   // the head as this plan wrote it
	tracks  []*track // in the order of head.Sources
	changed bool     // the head is to be written
	joins   bool     // it is new in the system
}

// openSystem reads a system's head; a system that is not there is new.
func openSystem(tx *ledger.Tx, id string, known ledger.Seq) (*system, error) {
	return openSystemIn(new(wire.Arena), tx, id, known)
}

// openSystemIn is openSystem with the memory that its views are decoded into.
func openSystemIn(arena *wire.Arena, tx *ledger.Tx, id string, known ledger.Seq) (*system, error) {
	s := &system{tx: tx, arena: arena, id: id, known: known, hosts: map[string]*hostState{}}
	n, ok := tx.Number(envelope.NameSystem, id)
	if ok {
		s.number = n
		h, raw, err := envelope.Head[storev1.SystemHead](tx, envelope.SpaceSystem, n)
		if err != nil {
			return nil, err
		}
		s.head, s.raw = h, bytes.Clone(raw) // a plan outlives its transaction
	}
	if s.head == nil {
		s.head = &storev1.SystemHead{Schema: envelope.Schema}
	}
	for _, h := range s.head.Sources {
		s.sources = append(s.sources, s.sourceState(h))
	}
	return s, nil
}

func (s *system) sourceState(h *storev1.SourceHead) *sourceState {
	st := &sourceState{head: h, track: s.newTrack(&h.Stream, envelope.RecordSystemView)}
	if h.Stream != 0 {
		st.track.versions = []*version{{
			entry:     ledger.Entry{Stream: h.Stream, Effective: h.Effective, Addr: addrOf(h.Address)},
			effective: h.Effective, confirmed: h.Confirmed, depth: int(h.Address.GetDepth()),
		}}
	}
	return st
}

// isNew tells whether the system has never been stored.
func (s *system) isNew() bool { return s.raw == nil }

// source is a source's state, made where it is new and add is true.
func (s *system) source(name string, add bool) *sourceState {
	for _, st := range s.sources {
		if st.head.Source == name {
			return st
		}
	}
	if !add {
		return nil
	}
	h := &storev1.SourceHead{Source: name}
	s.head.Sources = append(s.head.Sources, h)
	st := s.sourceState(h)
	st.track.complete = true
	s.sources = append(s.sources, st)
	return st
}

// host is a host's state, from the store or new.
func (s *system) host(id string) (*hostState, error) {
	if h, ok := s.hosts[id]; ok {
		return h, nil
	}
	h := &hostState{id: id, head: &storev1.HostHead{Schema: envelope.Schema}}
	if n, ok := s.tx.Number(envelope.NameHost, id); ok {
		if err := s.openHost(h, n); err != nil {
			return nil, err
		}
	}
	s.hosts[id] = h
	return h, nil
}

func (s *system) openHost(h *hostState, n uint32) error {
	h.number = n
	raw, err := s.tx.Head(envelope.SpaceHost, n)
	if err != nil || raw == nil {
		return err
	}
	return s.adoptHostHead(h, raw)
}

func (s *system) adoptHostHead(h *hostState, raw []byte) error {
	raw = s.arena.Copy(raw)
	stored, err := envelope.DecodeIn(s.arena, hostHeadType, raw)
	if err != nil {
		return err
	}
	h.head, h.raw = stored, raw
	for _, src := range stored.Sources {
		h.tracks = append(h.tracks, s.hostTrack(src))
	}
	return nil
}

func (s *system) hostTrack(h *storev1.HostSourceHead) *track {
	t := s.newTrack(&h.Stream, envelope.RecordHostView)
	if h.Stream == 0 {
		t.complete = true
		return t
	}
	first := &struct { // one allocation: there are as many as hosts
		v    version
		list [1]*version
	}{v: version{
		entry:     ledger.Entry{Stream: h.Stream, Effective: h.Effective, Addr: addrOf(h.Address)},
		effective: h.Effective, confirmed: h.Confirmed, depth: int(h.Address.GetDepth()),
	}}
	first.list[0] = &first.v
	t.versions = first.list[:]
	return t
}

// source is a source's head and track on a host, made where add is true.
func (h *hostState) source(s *system, name string, add bool) (*storev1.HostSourceHead, *track) {
	for i, src := range h.head.Sources {
		if src.Source == name {
			return src, h.tracks[i]
		}
	}
	if !add {
		return nil, nil
	}
	src := &storev1.HostSourceHead{Source: name}
	h.head.Sources = append(h.head.Sources, src)
	h.tracks = append(h.tracks, s.hostTrack(src))
	return src, h.tracks[len(h.tracks)-1]
}

// allHosts reads every host that the system ever had, in the order of their ids.
func (s *system) allHosts() ([]*hostState, error) {
	if !s.listed && s.number != 0 {
		if err := s.openAll(slices.Collect(s.tx.Linked(envelope.EdgeHosts, s.number))); err != nil {
			return nil, err
		}
	}
	s.listed = true
	out := make([]*hostState, 0, len(s.hosts))
	for _, h := range s.hosts {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b *hostState) int { return strings.Compare(a.id, b.id) })
	return out, nil
}

// openAll reads hosts by their numbers, which ascend. Those of one submission
// follow each other, as do their names and heads.
func (s *system) openAll(numbers []uint32) error {
	fresh := make([]hostState, len(numbers))
	byNumber := make(map[uint32]*hostState, len(numbers))
	for n, id := range s.tx.NamesOf(envelope.NameHost, numbers) {
		if s.hosts[id] == nil {
			h := &fresh[len(byNumber)]
			h.id, h.number, h.head = id, n, &storev1.HostHead{Schema: envelope.Schema}
			s.hosts[id], byNumber[n] = h, h
		}
	}
	for n, raw := range s.tx.HeadsOf(envelope.SpaceHost, numbers) {
		if h := byNumber[n]; h != nil {
			if err := s.adoptHostHead(h, raw); err != nil {
				return err
			}
		}
	}
	return nil
}

// confirmedAt is when a source had last confirmed a version, as of an instant.
// Confirmations between the first and the last of a version are not kept; a
// gap longer than the source's freshness makes a new version, so that between
// them the version was never stale.
func (s *system) confirmedAt(v *version, instant int64) int64 {
	if s.knownAt != 0 {
		instant = min(instant, s.knownAt)
	}
	return max(v.effective, min(v.confirmed, instant))
}

// views are what the sources said at an instant, for the merge, attestations
// left out.
func (s *system) views(policy *merge.Policy, instant int64) (in merge.Input, err error) {
	in = merge.Input{Policy: policy, At: instant}
	if in.System, err = s.systemViews(instant); err != nil {
		return in, err
	}
	hosts, err := s.allHosts()
	if err != nil {
		return in, err
	}
	for _, h := range hosts {
		if err := s.hostViews(h, instant, &in); err != nil {
			return in, err
		}
	}
	return in, nil
}

// merge makes one inventory of views. Who the system is is known, also where
// hosts alone were reported.
func (s *system) merge(in merge.Input) *merge.Merged { return mergeOf(s.id, in) }

func mergeOf(system string, in merge.Input) *merge.Merged {
	m := merge.Merge(in)
	if m.Inventory.System == nil {
		m.Inventory.System = &pb.System{Id: system}
	}
	return m
}

// systemViews are what the sources said of the system at an instant, hosts apart.
func (s *system) systemViews(instant int64) (out []merge.SystemView, err error) {
	for _, st := range s.sources {
		v, err := st.track.at(s.tx, instant)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		m, err := st.track.load(s.tx, v)
		if err != nil {
			return nil, err
		}
		view := m.(*storev1.SystemView)
		out = append(out, merge.SystemView{
			Source: st.head.Source, Inventory: view.Inventory, Confirmed: s.confirmedAt(v, instant),
			Hosts: shape.Presence(view.HostsPresence),
		})
	}
	return out, nil
}

// hostViews appends what the sources said of one host at an instant.
func (s *system) hostViews(h *hostState, instant int64, in *merge.Input) error {
	for i, t := range h.tracks {
		v, err := t.at(s.tx, instant)
		if err != nil {
			return err
		}
		if v == nil {
			continue
		}
		m, err := t.load(s.tx, v)
		if err != nil {
			return err
		}
		view := m.(*storev1.HostView)
		member := memberOf(view.Members, s.id)
		if member == nil || view.Retired {
			continue
		}
		confirmed, err := s.hostConfirmed(h.head.Sources[i].Source, v, view, instant)
		if err != nil {
			return err
		}
		in.Hosts = append(in.Hosts, merge.HostView{
			Source: h.head.Sources[i].Source, Host: withUnit(view.Host, member.Unit), Confirmed: confirmed, Reported: !view.LeftOut,
		})
	}
	return nil
}

// withUnit sets a host's unit in this system. The message was decoded for this
// system alone, and its envelope's bytes are kept apart, so it is set in place.
func withUnit(h *pb.Host, unit string) *pb.Host {
	if h.GetUnit() != unit {
		h.Unit = nil
		if unit != "" {
			h.Unit = proto.String(unit)
		}
	}
	return h
}

func memberOf(members []*storev1.Membership, system string) *storev1.Membership {
	for _, m := range members {
		if m.System == system {
			return m
		}
	}
	return nil
}

// hostConfirmed is when a source had last confirmed a view of a host, by
// itself or by a whole view of a system.
func (s *system) hostConfirmed(source string, v *version, view *storev1.HostView, instant int64) (int64, error) {
	own := s.confirmedAt(v, instant)
	switch view.ViaSystem {
	case "":
		return own, nil
	case s.id:
		st := s.source(source, false)
		if st == nil {
			return own, nil
		}
		whole, err := s.wholeViewAt(st, instant)
		if err != nil || whole == nil {
			return own, err
		}
		return max(own, s.confirmedAt(whole, instant)), nil
	}
	other, err := s.other(view.ViaSystem)
	if err != nil || other == nil {
		return own, err
	}
	st := other.source(source, false)
	if st == nil {
		return own, nil
	}
	whole, err := other.wholeViewAt(st, instant)
	if err != nil || whole == nil {
		return own, err
	}
	return max(own, other.confirmedAt(whole, instant)), nil
}

// wholeViewAt is the newest view of a source, as of an instant, that had a
// whole list of hosts: only such a view confirms hosts that it does not name
// anew.
func (s *system) wholeViewAt(st *sourceState, instant int64) (*version, error) {
	for {
		v, err := st.track.at(s.tx, instant)
		if err != nil || v == nil {
			return nil, err
		}
		presence := st.head.HostsPresence // the newest one's, at hand
		if v != st.track.newest() || s.known != ledger.Latest {
			m, err := st.track.load(s.tx, v)
			if err != nil {
				return nil, err
			}
			presence = m.(*storev1.SystemView).HostsPresence
		}
		if isWhole(presence) {
			return v, nil
		}
		instant = v.effective - 1
	}
}

func isWhole(presence uint32) bool {
	p := shape.Presence(presence)
	return p == shape.Whole || p == shape.Empty
}

// other is another system, as known as this one is; nil where it is not stored.
func (s *system) other(id string) (*system, error) {
	if o, ok := s.foreign[id]; ok {
		return o, nil
	}
	o, err := openSystemIn(s.arena, s.tx, id, s.known)
	if err != nil {
		return nil, err
	}
	if o.isNew() {
		o = nil
	} else if err := o.asKnown(s.known, s.knownAt); err != nil {
		return nil, err
	}
	if s.foreign == nil {
		s.foreign = map[string]*system{}
	}
	s.foreign[id] = o
	return o, nil
}

// asKnown makes the sources' views of the system those that were known at a
// commit.
func (s *system) asKnown(known ledger.Seq, knownAt int64) error {
	s.knownAt = knownAt
	if known == ledger.Latest {
		return nil
	}
	for _, st := range s.sources {
		st.track.complete, st.track.known = false, known
		if err := st.track.loadAll(s.tx); err != nil {
			return err
		}
	}
	return nil
}
