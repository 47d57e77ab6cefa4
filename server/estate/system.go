package estate

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

// System is one system as a transaction sees it, with what a plan adds. Its
// parts are read when they are asked for: a submission that changes nothing
// needs the heads alone.
type System struct {
	Tx      *ledger.Tx
	Known   ledger.Seq
	knownAt int64 // the instant of known; 0 where everything is known

	Arena *wire.Arena // what is decoded of views
	Heads *wire.Arena // what is decoded of hosts' heads; Arena where it is nil

	ID     string
	Number uint32 // 0 for a system that is not stored yet
	Head   *storev1.SystemHead
	Raw    []byte // the head as it was read; nil for a new system

	Sources    []*Source // in the order of SystemHead.sources
	Hosts      map[string]*Host
	listed     bool               // all stored hosts are in hosts
	statements *statements.Set    // once read
	Foreign    map[string]*System // others, whose views confirm hosts of this one
}

// Source is one source's views of the system.
type Source struct {
	Head  *storev1.SourceHead
	Track *Track
}

// Host is one host with its sources' views.
type Host struct {
	ID      string
	Number  uint32
	Head    *storev1.HostHead
	Raw     []byte
	Written []byte   // the head as this plan wrote it
	Tracks  []*Track // in the order of head.Sources
	Changed bool     // the head is to be written
	Joins   bool     // it is new in the system
}

// Open reads a system's head; a system that is not there is new.
func Open(tx *ledger.Tx, id string, known ledger.Seq) (*System, error) {
	return OpenIn(new(wire.Arena), tx, id, known)
}

// OpenIn is Open with the memory that its views are decoded into.
func OpenIn(arena *wire.Arena, tx *ledger.Tx, id string, known ledger.Seq) (*System, error) {
	s := &System{Tx: tx, Arena: arena, ID: id, Known: known, Hosts: map[string]*Host{}}
	n, ok := tx.Number(envelope.NameSystem, id)
	if ok {
		s.Number = n
		h, raw, err := envelope.Head[storev1.SystemHead](tx, envelope.SpaceSystem, n)
		if err != nil {
			return nil, err
		}
		s.Head, s.Raw = h, bytes.Clone(raw) // a plan outlives its transaction
	}
	if s.Head == nil {
		s.Head = &storev1.SystemHead{Schema: envelope.Schema}
	}
	for _, h := range s.Head.Sources {
		s.Sources = append(s.Sources, s.sourceState(h))
	}
	return s, nil
}

func (s *System) sourceState(h *storev1.SourceHead) *Source {
	st := &Source{Head: h, Track: s.NewTrack(&h.Stream, envelope.RecordSystemView)}
	if h.Stream != 0 {
		st.Track.Versions = []*Version{{
			Entry:     ledger.Entry{Stream: h.Stream, Effective: h.Effective, Addr: AddrOf(h.Address)},
			Effective: h.Effective, Confirmed: h.Confirmed, Depth: int(h.Address.GetDepth()),
		}}
	}
	return st
}

// IsNew tells whether the system has never been stored.
func (s *System) IsNew() bool { return s.Raw == nil }

// Source is a source's state, made where it is new and add is true.
func (s *System) Source(name string, add bool) *Source {
	for _, st := range s.Sources {
		if st.Head.Source == name {
			return st
		}
	}
	if !add {
		return nil
	}
	h := &storev1.SourceHead{Source: name}
	s.Head.Sources = append(s.Head.Sources, h)
	st := s.sourceState(h)
	st.Track.Complete = true
	s.Sources = append(s.Sources, st)
	return st
}

// Host is a host's state, from the store or new.
func (s *System) Host(id string) (*Host, error) {
	if h, ok := s.Hosts[id]; ok {
		return h, nil
	}
	h := &Host{ID: id, Head: &storev1.HostHead{Schema: envelope.Schema}}
	if n, ok := s.Tx.Number(envelope.NameHost, id); ok {
		if err := s.OpenHost(h, n); err != nil {
			return nil, err
		}
	}
	s.Hosts[id] = h
	return h, nil
}

// OpenHost reads a host's head, by its number.
func (s *System) OpenHost(h *Host, n uint32) error {
	h.Number = n
	raw, err := s.Tx.Head(envelope.SpaceHost, n)
	if err != nil || raw == nil {
		return err
	}
	return s.adoptHostHead(h, raw)
}

func (s *System) adoptHostHead(h *Host, raw []byte) error {
	arena := s.Heads
	if arena == nil {
		arena = s.Arena
	}
	raw = arena.Copy(raw)
	stored, err := envelope.DecodeIn(arena, hostHeadType, raw)
	if err != nil {
		return err
	}
	h.Head, h.Raw = stored, raw
	for _, src := range stored.Sources {
		h.Tracks = append(h.Tracks, s.hostTrack(src))
	}
	return nil
}

func (s *System) hostTrack(h *storev1.HostSourceHead) *Track {
	t := s.NewTrack(&h.Stream, envelope.RecordHostView)
	if h.Stream == 0 {
		t.Complete = true
		return t
	}
	first := &struct { // one allocation: there are as many as hosts
		v    Version
		list [1]*Version
	}{v: Version{
		Entry:     ledger.Entry{Stream: h.Stream, Effective: h.Effective, Addr: AddrOf(h.Address)},
		Effective: h.Effective, Confirmed: h.Confirmed, Depth: int(h.Address.GetDepth()),
	}}
	first.list[0] = &first.v
	t.Versions = first.list[:]
	return t
}

// Source is a source's head and track on a host, made where add is true.
func (h *Host) Source(s *System, name string, add bool) (*storev1.HostSourceHead, *Track) {
	for i, src := range h.Head.Sources {
		if src.Source == name {
			return src, h.Tracks[i]
		}
	}
	if !add {
		return nil, nil
	}
	src := &storev1.HostSourceHead{Source: name}
	h.Head.Sources = append(h.Head.Sources, src)
	h.Tracks = append(h.Tracks, s.hostTrack(src))
	return src, h.Tracks[len(h.Tracks)-1]
}

// AllHosts reads every host that the system ever had, in the order of their ids.
func (s *System) AllHosts() ([]*Host, error) {
	if !s.listed && s.Number != 0 {
		if err := s.openAll(slices.Collect(s.Tx.Linked(envelope.EdgeHosts, s.Number))); err != nil {
			return nil, err
		}
	}
	s.listed = true
	out := make([]*Host, 0, len(s.Hosts))
	for _, h := range s.Hosts {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b *Host) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// openAll reads hosts by their numbers, which ascend. Those of one submission
// follow each other, as do their names and heads.
func (s *System) openAll(numbers []uint32) error {
	fresh := make([]Host, len(numbers))
	byNumber := make(map[uint32]*Host, len(numbers))
	for n, id := range s.Tx.NamesOf(envelope.NameHost, numbers) {
		if s.Hosts[id] == nil {
			h := &fresh[len(byNumber)]
			h.ID, h.Number, h.Head = id, n, &storev1.HostHead{Schema: envelope.Schema}
			s.Hosts[id], byNumber[n] = h, h
		}
	}
	for n, raw := range s.Tx.HeadsOf(envelope.SpaceHost, numbers) {
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
func (s *System) confirmedAt(v *Version, instant int64) int64 {
	if s.knownAt != 0 {
		instant = min(instant, s.knownAt)
	}
	return max(v.Effective, min(v.Confirmed, instant))
}

// Views are what the sources said at an instant, for the merge, attestations
// left out.
func (s *System) Views(policy *merge.Policy, instant int64) (in merge.Input, err error) {
	in = merge.Input{Policy: policy, At: instant}
	if in.System, err = s.SystemViews(instant); err != nil {
		return in, err
	}
	hosts, err := s.AllHosts()
	if err != nil {
		return in, err
	}
	for _, h := range hosts {
		if err := s.HostViews(h, instant, &in); err != nil {
			return in, err
		}
	}
	return in, nil
}

// Merge makes one inventory of views. Who the system is is known, also where
// hosts alone were reported.
func (s *System) Merge(in merge.Input) *merge.Merged { return MergeOf(s.ID, in) }

// MergeOf is System.Merge by the system's id.
func MergeOf(system string, in merge.Input) *merge.Merged {
	m := merge.Merge(in)
	if m.Inventory.System == nil {
		m.Inventory.System = &pb.System{Id: system}
	}
	return m
}

// SystemViews are what the sources said of the system at an instant, hosts apart.
func (s *System) SystemViews(instant int64) (out []merge.SystemView, err error) {
	for _, st := range s.Sources {
		v, err := st.Track.At(s.Tx, instant)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		m, err := st.Track.Load(s.Tx, v)
		if err != nil {
			return nil, err
		}
		view := m.(*storev1.SystemView)
		out = append(out, merge.SystemView{
			Source: st.Head.Source, Inventory: view.Inventory, Confirmed: s.confirmedAt(v, instant),
			Hosts: shape.Presence(view.HostsPresence),
		})
	}
	return out, nil
}

// HostViews appends what the sources said of one host at an instant.
func (s *System) HostViews(h *Host, instant int64, in *merge.Input) error {
	for i, t := range h.Tracks {
		v, err := t.At(s.Tx, instant)
		if err != nil {
			return err
		}
		if v == nil {
			continue
		}
		m, err := t.Load(s.Tx, v)
		if err != nil {
			return err
		}
		view := m.(*storev1.HostView)
		member := MemberOf(view.Members, s.ID)
		if member == nil || view.Retired {
			continue
		}
		confirmed, err := s.HostConfirmed(h.Head.Sources[i].Source, v, view, instant)
		if err != nil {
			return err
		}
		in.Hosts = append(in.Hosts, merge.HostView{
			Source: h.Head.Sources[i].Source, Host: withUnit(view.Host, member.Unit), Confirmed: confirmed, Reported: !view.LeftOut,
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

// MemberOf is a host's membership in a system; nil where it is not in it.
func MemberOf(members []*storev1.Membership, system string) *storev1.Membership {
	for _, m := range members {
		if m.System == system {
			return m
		}
	}
	return nil
}

// HostConfirmed is when a source had last confirmed a view of a host, by
// itself or by a whole view of a system.
func (s *System) HostConfirmed(source string, v *Version, view *storev1.HostView, instant int64) (int64, error) {
	own := s.confirmedAt(v, instant)
	switch view.ViaSystem {
	case "":
		return own, nil
	case s.ID:
		st := s.Source(source, false)
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
	st := other.Source(source, false)
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
func (s *System) wholeViewAt(st *Source, instant int64) (*Version, error) {
	for {
		v, err := st.Track.At(s.Tx, instant)
		if err != nil || v == nil {
			return nil, err
		}
		presence := st.Head.HostsPresence // the newest one's, at hand
		if v != st.Track.Newest() || s.Known != ledger.Latest {
			m, err := st.Track.Load(s.Tx, v)
			if err != nil {
				return nil, err
			}
			presence = m.(*storev1.SystemView).HostsPresence
		}
		if IsWhole(presence) {
			return v, nil
		}
		instant = v.Effective - 1
	}
}

// IsWhole tells whether a list of hosts of such a presence was whole: a shape.Presence
// as a view stores it.
func IsWhole(presence uint32) bool {
	p := shape.Presence(presence)
	return p == shape.Whole || p == shape.Empty
}

// other is another system, as known as this one is; nil where it is not stored.
func (s *System) other(id string) (*System, error) {
	if o, ok := s.Foreign[id]; ok {
		return o, nil
	}
	o, err := OpenIn(s.Arena, s.Tx, id, s.Known)
	if err != nil {
		return nil, err
	}
	if o.IsNew() {
		o = nil
	} else if err := o.asKnown(s.Known, s.knownAt); err != nil {
		return nil, err
	}
	if s.Foreign == nil {
		s.Foreign = map[string]*System{}
	}
	s.Foreign[id] = o
	return o, nil
}

// asKnown makes the sources' views of the system those that were known at a
// commit.
func (s *System) asKnown(known ledger.Seq, knownAt int64) error {
	s.knownAt = knownAt
	if known == ledger.Latest {
		return nil
	}
	for _, st := range s.Sources {
		st.Track.Complete, st.Track.known = false, known
		if err := st.Track.LoadAll(s.Tx); err != nil {
			return err
		}
	}
	return nil
}
