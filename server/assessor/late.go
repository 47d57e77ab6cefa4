package assessor

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
)

// Late data: a source says what it observed before something that it has said
// already. The view takes its place in the timeline. Where the version around
// it was confirmed after that, it comes back at the confirmation: the
// confirmations between are not kept, so the late view holds until the first
// one that is known.

// lateSystemView puts a late view of the system into its place.
func (p *plan) lateSystemView(it *item, st *sourceState) error {
	around, err := st.track.at(p.sys.tx, it.observed)
	if err != nil {
		return err
	}
	var was *storev1.SystemView
	if around != nil {
		m, err := st.track.load(p.sys.tx, around)
		if err != nil {
			return err
		}
		was = m.(*storev1.SystemView)
		d := digest.Of(was.Inventory)
		if d == it.viewDigest && was.HostsPresence == uint32(it.hostsPresence) && !p.unheard(st.track, around, it.observed) {
			return nil // it was so then, as is known
		}
	}
	if err := st.track.loadAll(p.sys.tx); err != nil {
		return err
	}
	p.hear(it.source)
	msg := &storev1.SystemView{Schema: envelope.Schema, Inventory: it.view, HostsPresence: uint32(it.hostsPresence)}
	if err := p.stage(st.track, st.head.Base, it.observed, msg); err != nil {
		return err
	}
	if back := p.comesBack(st.track, around, around.lastConfirmed(), it.observed); back != 0 {
		if err := p.stage(st.track, st.head.Base, back, proto.Clone(was)); err != nil {
			return err
		}
		if st.track.newest().effective == back {
			st.head.Effective = back
			st.track.newest().confirmed = st.head.Confirmed
		}
	}
	return nil
}

// unheard tells whether a late word that says what the version around it says
// comes from a silence in which that had become stale: then it is news.
func (p *plan) unheard(t *track, around *version, late int64) bool {
	if late <= around.confirmed {
		return false
	}
	next := p.now
	for _, v := range t.versions {
		if v.effective > late {
			next = v.effective
		}
	}
	return p.silent(around.confirmed, next)
}

// leftOutBetween marks a host that a late whole view of the system left out,
// and that a later one has: from the one to the other it is not reported.
func (p *plan) leftOutBetween(it *item, h *hostState, src *storev1.HostSourceHead, t *track) error {
	p.tellOthers(h, it.observed)
	around, err := t.at(p.sys.tx, it.observed)
	if err != nil || around == nil || around.effective == it.observed {
		return err
	}
	m, err := t.load(p.sys.tx, around)
	if err != nil {
		return err
	}
	was := m.(*storev1.HostView)
	if was.LeftOut || was.Retired || was.ViaSystem != p.sys.id {
		return nil
	}
	if err := t.loadAll(p.sys.tx); err != nil {
		return err
	}
	back, err := p.nextWhole(p.sys.source(it.source, false).track, it.observed)
	if err != nil {
		return err
	}
	if around.confirmed > it.observed {
		back = min(back, around.confirmed)
	}
	own := false
	for _, v := range t.versions {
		own = own || v.effective > it.observed && v.effective <= back
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
	if err := p.stageHost(h, src, t, it.observed, view); err != nil || own {
		return err
	}
	again := proto.Clone(was).(*storev1.HostView)
	again.Host.Unit = nil
	if err := p.stageHost(h, src, t, back, again); err != nil {
		return err
	}
	if t.newest().effective == back {
		src.Effective = back
		t.newest().confirmed = max(src.Confirmed, back)
	}
	return nil
}

// nextWhole is the first instant after another at which a whole view of the
// system is known to have held, or assess.Forever.
func (p *plan) nextWhole(t *track, after int64) (int64, error) {
	if err := t.loadAll(p.sys.tx); err != nil {
		return 0, err
	}
	next := int64(assess.Forever)
	for _, v := range t.versions {
		m, err := t.load(p.sys.tx, v)
		if err != nil {
			return 0, err
		}
		switch {
		case !isWhole(m.(*storev1.SystemView).HostsPresence):
		case v.effective > after:
			next = v.effective
			continue
		case v.confirmed > after:
			next = min(next, v.confirmed)
		}
		if v.effective <= after {
			break
		}
	}
	return next, nil
}

// comesBack is the instant at which the version around a late view holds
// again; 0 where it does not.
func (p *plan) comesBack(t *track, around *version, confirmed, late int64) int64 {
	if around == nil || confirmed <= late {
		return 0
	}
	for _, v := range t.versions {
		if v != around && v.effective > late && v.effective <= confirmed {
			return 0 // another version holds by then
		}
	}
	return confirmed
}

func (v *version) lastConfirmed() int64 {
	if v == nil {
		return 0
	}
	return v.confirmed
}

// lateHost puts a late view of a host into its place; confirmed is when the
// source last confirmed its newest view of the host.
func (p *plan) lateHost(it *item, hi *hostItem, h *hostState, src *storev1.HostSourceHead, t *track, confirmed int64) error {
	around, err := t.at(p.sys.tx, it.observed)
	if err != nil {
		return err
	}
	members := withMember(src.Members, p.sys.id, hi.unit)
	var was *storev1.HostView
	if around != nil {
		m, err := t.load(p.sys.tx, around)
		if err != nil {
			return err
		}
		was = m.(*storev1.HostView)
		if sameHost(was, hi) && !was.Retired && sameMembers(was.Members, members) && (was.ViaSystem == p.sys.id || !p.unheard(t, around, it.observed)) {
			if p.heard[it.source] {
				p.tellOthers(h, it.observed)
			}
			return nil
		}
	}
	newest := t.newest()
	if err := t.loadAll(p.sys.tx); err != nil {
		return err
	}
	if around != newest {
		confirmed = around.lastConfirmed()
	}
	p.walk = true // over what another system's views said of the host since
	if err := p.stageHost(h, src, t, it.observed, &storev1.HostView{Schema: envelope.Schema, Host: hi.host, Members: members}); err != nil {
		return err
	}
	back := p.comesBack(t, around, confirmed, it.observed)
	if back == 0 {
		return nil
	}
	again := proto.Clone(was).(*storev1.HostView)
	again.Host.Unit = nil
	if err := p.stageHost(h, src, t, back, again); err != nil {
		return err
	}
	if t.newest().effective == back {
		src.Effective = back
		t.newest().confirmed = max(src.Confirmed, back)
	}
	return nil
}

func sameHost(was *storev1.HostView, hi *hostItem) bool {
	h := proto.Clone(was.Host).(*pb.Host)
	h.Unit = nil
	d := digest.Of(h)
	return bytes.Equal(d[:], hi.digest[:])
}
