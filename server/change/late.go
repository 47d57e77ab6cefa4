package change

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/submission"
)

// Late data: a source says what it observed before something that it has said
// already. The view takes its place in the timeline. Where the version around
// it was confirmed after that, it comes back at the confirmation: the
// confirmations between are not kept, so the late view holds until the first
// one that is known.

// lateSystemView puts a late view of the system into its place.
func (p *Plan) lateSystemView(it *submission.Item, st *estate.Source) error {
	around, err := st.Track.At(p.sys.Tx, it.Observed)
	if err != nil {
		return err
	}
	var was *storev1.SystemView
	if around != nil {
		m, err := st.Track.Load(p.sys.Tx, around)
		if err != nil {
			return err
		}
		was = m.(*storev1.SystemView)
		d := digest.Of(was.Inventory)
		if d == it.ViewDigest && was.HostsPresence == uint32(it.HostsPresence) && !p.unheard(st.Track, around, it.Observed) {
			return nil // it was so then, as is known
		}
	}
	if err := st.Track.LoadAll(p.sys.Tx); err != nil {
		return err
	}
	p.hear(it.Source)
	msg := &storev1.SystemView{Schema: envelope.Schema, Inventory: it.View, HostsPresence: uint32(it.HostsPresence)}
	if err := p.stage(st.Track, st.Head.Base, it.Observed, msg); err != nil {
		return err
	}
	if back := p.comesBack(st.Track, around, around.LastConfirmed(), it.Observed); back != 0 {
		if err := p.stage(st.Track, st.Head.Base, back, proto.Clone(was)); err != nil {
			return err
		}
		if st.Track.Newest().Effective == back {
			st.Head.Effective = back
			st.Track.Newest().Confirmed = st.Head.Confirmed
		}
	}
	return nil
}

// unheard tells whether a late word that says what the version around it says
// comes from a silence in which that had become stale: then it is news.
func (p *Plan) unheard(t *estate.Track, around *estate.Version, late int64) bool {
	if late <= around.Confirmed {
		return false
	}
	next := p.now
	for _, v := range t.Versions {
		if v.Effective > late {
			next = v.Effective
		}
	}
	return p.silent(around.Confirmed, next)
}

// leftOutBetween marks a host that a late whole view of the system left out,
// and that a later one has: from the one to the other it is not reported.
func (p *Plan) leftOutBetween(it *submission.Item, h *estate.Host, src *storev1.HostSourceHead, t *estate.Track) error {
	p.tellOthers(h, it.Observed)
	around, err := t.At(p.sys.Tx, it.Observed)
	if err != nil || around == nil || around.Effective == it.Observed {
		return err
	}
	m, err := t.Load(p.sys.Tx, around)
	if err != nil {
		return err
	}
	was := m.(*storev1.HostView)
	if was.LeftOut || was.Retired || was.ViaSystem != p.sys.ID {
		return nil
	}
	if err := t.LoadAll(p.sys.Tx); err != nil {
		return err
	}
	back, err := p.nextWhole(p.sys.Source(it.Source, false).Track, it.Observed)
	if err != nil {
		return err
	}
	if around.Confirmed > it.Observed {
		back = min(back, around.Confirmed)
	}
	own := false
	for _, v := range t.Versions {
		own = own || v.Effective > it.Observed && v.Effective <= back
	}
	if !own && back == assess.Forever {
		return nil
	}
	view := proto.Clone(was).(*storev1.HostView)
	view.LeftOut, view.ViaSystem = true, ""
	if view.Host != nil {
		view.Host.Unit = nil
	}
	p.walk = true
	if err := p.stageHost(h, src, t, it.Observed, view); err != nil || own {
		return err
	}
	again := proto.Clone(was).(*storev1.HostView)
	again.Host.Unit = nil
	if err := p.stageHost(h, src, t, back, again); err != nil {
		return err
	}
	if t.Newest().Effective == back {
		src.Effective = back
		t.Newest().Confirmed = max(src.Confirmed, back)
	}
	return nil
}

// nextWhole is the first instant after another at which a whole view of the
// system is known to have held, or assess.Forever.
func (p *Plan) nextWhole(t *estate.Track, after int64) (int64, error) {
	if err := t.LoadAll(p.sys.Tx); err != nil {
		return 0, err
	}
	next := int64(assess.Forever)
	for _, v := range t.Versions {
		m, err := t.Load(p.sys.Tx, v)
		if err != nil {
			return 0, err
		}
		switch {
		case !estate.IsWhole(m.(*storev1.SystemView).HostsPresence):
		case v.Effective > after:
			next = v.Effective
			continue
		case v.Confirmed > after:
			next = min(next, v.Confirmed)
		}
		if v.Effective <= after {
			break
		}
	}
	return next, nil
}

// comesBack is the instant at which the version around a late view holds
// again; 0 where it does not.
func (p *Plan) comesBack(t *estate.Track, around *estate.Version, confirmed, late int64) int64 {
	if around == nil || confirmed <= late {
		return 0
	}
	for _, v := range t.Versions {
		if v != around && v.Effective > late && v.Effective <= confirmed {
			return 0 // another version holds by then
		}
	}
	return confirmed
}

// lateHost puts a late view of a host into its place; confirmed is when the
// source last confirmed its newest view of the host.
func (p *Plan) lateHost(it *submission.Item, hi *submission.Host, h *estate.Host, src *storev1.HostSourceHead, t *estate.Track, confirmed int64) error {
	around, err := t.At(p.sys.Tx, it.Observed)
	if err != nil {
		return err
	}
	members := withMember(src.Members, p.sys.ID, hi.Unit)
	var was *storev1.HostView
	if around != nil {
		m, err := t.Load(p.sys.Tx, around)
		if err != nil {
			return err
		}
		was = m.(*storev1.HostView)
		if sameHost(was, hi) && !was.Retired && sameMembers(was.Members, members) && (was.ViaSystem == p.sys.ID || !p.unheard(t, around, it.Observed)) {
			if p.heard[it.Source] {
				p.tellOthers(h, it.Observed)
			}
			return nil
		}
	}
	newest := t.Newest()
	if err := t.LoadAll(p.sys.Tx); err != nil {
		return err
	}
	if around != newest {
		confirmed = around.LastConfirmed()
	}
	p.walk = true // over what another system's views said of the host since
	if err := p.stageHost(h, src, t, it.Observed, &storev1.HostView{Schema: envelope.Schema, Host: hi.Host, Members: members}); err != nil {
		return err
	}
	back := p.comesBack(t, around, confirmed, it.Observed)
	if back == 0 {
		return nil
	}
	again := proto.Clone(was).(*storev1.HostView)
	again.Host.Unit = nil
	if err := p.stageHost(h, src, t, back, again); err != nil {
		return err
	}
	if t.Newest().Effective == back {
		src.Effective = back
		t.Newest().Confirmed = max(src.Confirmed, back)
	}
	return nil
}

func sameHost(was *storev1.HostView, hi *submission.Host) bool {
	h := proto.Clone(was.Host).(*pb.Host)
	h.Unit = nil
	d := digest.Of(h)
	return bytes.Equal(d[:], hi.Digest[:])
}
