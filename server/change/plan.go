package change

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/assess/shape"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/replay"
	"github.com/plumbline/plumbline/server/retention"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/server/submission"
	"github.com/plumbline/plumbline/store/ledger"
)

// Plan is what a group of items does to one system: made in a View, carried
// out in an Update if the heads it was made of still stand.
type Plan struct {
	planner *Planner
	sys     *estate.System
	now     int64

	line *retention.Line // before which nothing is written

	Results  []*Planned    // one an item
	Receipts []*pb.Receipt // one an item, filled when the plan is made
	audits   []*storev1.AuditRecord
	parts    []partChange
	links    []*pb.HostLink // made by match rules

	touched   map[int64]uint32 // instants at which the series must be evaluated → why
	from      int64            // the least of them; 0 where there is none
	walk      bool             // instants between may matter that no item names
	heard     map[string]bool  // sources whose whole views confirm what had been silent
	changed   bool             // a view changed
	confirmed bool             // a view was confirmed: the head is to be written
	others    map[string]int64 // other systems of changed hosts → from when they are due
	stirred   map[string]bool  // other systems of hosts that were confirmed
	Replay    *replay.Walk
	cache     *replay.Cache
	idle      bool     // nothing asks for it but that the system be evaluated anew
	latest    int64    // SystemHead.latest before that
	CaughtUp  bool     // another engine had evaluated it last
	raw       []byte   // the system's head as it was written
	undo      []func() // what apply changed in the heads
}

// Planned is an item with what came of it.
type Planned struct {
	it       *submission.Item
	Err      error
	outcome  string
	repeated *pb.Receipt // the receipt of an earlier request with the same id
}

// partChange stores or deletes a part of a snapshot.
type partChange struct {
	name string
	part *storev1.SnapshotPart // nil: delete
}

// Make applies items, in their order, to a system as a View shows it, and
// evaluates what must be evaluated. With no items it reassesses what is due, or,
// with full, whether or not it is due. line is what Line was before the View began.
func (x *Planner) Make(tx *ledger.Tx, line *retention.Line, id string, items []*submission.Item, now int64, full bool) (*Plan, error) {
	sys, kept, err := x.open(tx, id, len(items) == 0)
	if err != nil {
		return nil, err
	}
	p := &Plan{planner: x, sys: sys, cache: kept, now: now, line: line, others: map[string]int64{}, touched: map[int64]uint32{}}
	seen := map[string]*Planned{}
	for _, it := range items {
		d := &Planned{it: it}
		p.Results = append(p.Results, d)
		if err := p.item(d, seen); err != nil {
			var known *fault.Error
			if !asFault(err, &known) {
				return nil, err
			}
			d.Err, d.outcome = err, submission.Rejected
		}
	}
	p.due()
	if full {
		p.anew()
	}
	if p.from != 0 {
		if err := p.evaluate(); err != nil {
			return nil, err
		}
	}
	if full {
		p.settleAnew()
	}
	return p, nil
}

// item applies one item.
func (p *Plan) item(d *Planned, seen map[string]*Planned) error {
	it := d.it
	if it.RequestID != "" {
		if done, err := p.repeated(d, seen); done || err != nil {
			return err
		}
		seen[it.RequestID] = d
	}
	if it.SnapshotID != "" {
		if done, err := p.snapshot(d); done || err != nil {
			return err
		}
	}
	if err := p.line.Refuse("observed_time", it.Observed); err != nil {
		return err
	}
	isNew := p.sys.IsNew() && len(p.sys.Head.Sources) == 0
	if p.sys.Head.Retired != 0 && it.Observed <= p.sys.Head.Retired {
		return fault.FailedPrecondition("", "systems/%s was retired after %s was observed; submit what was observed since, and it comes back", p.sys.ID, it.System)
	}
	if h := p.sys.Head; h.Retired != 0 {
		h.Retirements = append(h.Retirements, h.Retired, it.Observed)
		h.Retired = 0
		p.touch(it.Observed, states.CauseInventory)
	}
	was := p.changed
	p.changed = false
	if err := p.views(it); err != nil {
		return err
	}
	d.outcome = submission.Unchanged
	switch {
	case isNew:
		d.outcome = submission.Inserted
	case p.changed:
		d.outcome = submission.Updated
	}
	p.changed = p.changed || was
	p.audits = append(p.audits, &storev1.AuditRecord{
		Actor: it.Actor, Method: it.Method, Resource: "systems/" + it.System, Source: it.Source,
		Outcome: d.outcome, RequestId: it.RequestID, Observed: it.Observed,
	})
	return nil
}

// repeated recognizes a request id that was seen in the last 24 hours.
func (p *Plan) repeated(d *Planned, seen map[string]*Planned) (bool, error) {
	it := d.it
	other := func(body [16]byte) error {
		if body == it.Body {
			return nil
		}
		return fault.InvalidField("request_id", "%q came before with other content; use a new id for a new request", it.RequestID)
	}
	if first, ok := seen[it.RequestID]; ok {
		if err := other(first.it.Body); err != nil {
			return true, err
		}
		d.outcome = first.outcome
		d.repeated = &pb.Receipt{} // filled from the first one's receipt
		return true, first.Err
	}
	r, ok := p.sys.Tx.Request(it.System, it.RequestID, p.now)
	if !ok {
		return false, nil
	}
	if err := other(r.BodyHash); err != nil {
		return true, err
	}
	d.repeated = &pb.Receipt{}
	return true, proto.Unmarshal(r.Payload, d.repeated)
}

// views takes the item's views into the system's tracks.
func (p *Plan) views(it *submission.Item) error {
	if it.Upsert {
		p.sys.Source(it.Source, true)
		for _, hi := range it.Hosts {
			if err := p.host(it, hi, false); err != nil {
				return err
			}
		}
		return nil
	}
	st := p.sys.Source(it.Source, true)
	whole := it.HostsPresence == shape.Whole || it.HostsPresence == shape.Empty
	if err := p.systemView(it, st); err != nil {
		return err
	}
	for _, hi := range it.Hosts {
		if err := p.host(it, hi, whole); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	sum := hostsDigest(it.Hosts)
	if !bytes.Equal(sum, st.Head.HostsDigest) {
		if err := p.leaveOut(it); err != nil {
			return err
		}
		if v := st.Track.Newest(); v == nil || it.Observed >= v.Effective {
			st.Head.HostsDigest, st.Head.Hosts = sum, int32(len(it.Hosts))
		}
	}
	return nil
}

func hostsDigest(hosts []*submission.Host) []byte {
	h := sha256.New()
	for _, hi := range hosts {
		h.Write([]byte(hi.Host.Id))
		h.Write([]byte{0})
	}
	return h.Sum(nil)[:16]
}

// systemView takes in the source's view of the system, hosts apart.
func (p *Plan) systemView(it *submission.Item, st *estate.Source) error {
	digest := it.ViewDigest[:16]
	presence := uint32(it.HostsPresence)
	newest := st.Track.Newest()
	if newest != nil && it.Observed < newest.Confirmed {
		return p.lateSystemView(it, st)
	}
	if newest != nil && bytes.Equal(digest, st.Head.Digest) && presence == st.Head.HostsPresence && !p.gap(newest.Confirmed, it.Observed) {
		p.moveStaleness(it, st, newest.Confirmed)
		newest.Confirmed, st.Head.Confirmed = it.Observed, it.Observed
		p.confirmed = true
		return nil
	}
	if newest != nil && p.gap(newest.Confirmed, it.Observed) {
		p.hear(it.Source)
	}
	msg := &storev1.SystemView{Schema: envelope.Schema, Inventory: it.View, HostsPresence: presence}
	if err := p.stage(st.Track, st.Head.Base, it.Observed, msg); err != nil {
		return err
	}
	st.Head.Effective, st.Head.Confirmed = it.Observed, it.Observed
	st.Head.Digest, st.Head.HostsPresence = digest, presence
	return nil
}

// moveStaleness follows a confirmation: where one source's whole view is all
// there is, everything becomes stale that much later; otherwise the bound that
// stands stays right, since a confirmation only moves it away. What was stale
// is known again, so it must be evaluated.
func (p *Plan) moveStaleness(it *submission.Item, st *estate.Source, before int64) {
	h := p.sys.Head
	if h.SomeStale {
		p.touch(it.Observed, states.CauseInventory)
		return
	}
	whole := shape.Presence(st.Head.HostsPresence)
	alone := !h.Attested && len(h.Sources) == 1 && st.Head.Hosts == h.HostCount && (whole == shape.Whole || whole == shape.Empty)
	if alone && h.StaleUntil < ledger.MaxInstant {
		h.StaleUntil += it.Observed - before
	}
}

// stage adds a version to a track and makes the system due from when it holds.
// base is the address of the full record to which it may be a difference.
func (p *Plan) stage(t *estate.Track, base *storev1.Address, at int64, msg proto.Message) error {
	v := &estate.Version{Effective: at, Confirmed: at, Msg: msg, Payload: estate.EncodeView(msg), Staged: true}
	if base != nil {
		r, err := p.sys.Tx.Load(estate.AddrOf(base))
		if err != nil {
			return err
		}
		v.Delta = &ledger.Base{Addr: r.Addr, Payload: r.Payload, Depth: r.Depth}
	}
	t.Insert(v)
	p.touch(at, states.CauseInventory)
	p.changed = true
	return nil
}

// touch makes the series be evaluated at an instant, or from the wall on.
func (p *Plan) touch(at int64, cause uint32) {
	at = max(at, p.line.Before)
	if was, ok := p.touched[at]; !ok || was == states.CauseDerived || was == states.CauseTime || cause == states.CauseInventory {
		p.touched[at] = cause
	}
	if p.from == 0 || at < p.from {
		p.from = at
	}
}

// late tells whether series were evaluated at or after the instant from which
// they must be evaluated now.
func (p *Plan) late() bool {
	return p.walk || p.from <= p.sys.Head.Latest && p.sys.Head.Latest != 0
}

// gap tells whether a source was silent so long before an instant that what it
// said may have been found stale: then the same word again is a new version, so
// that the time between stays unknown in history, or is known to have been
// unknown before the word came, late. A policy that held in between counts too.
func (p *Plan) gap(confirmed, observed int64) bool {
	if observed <= confirmed {
		return false
	}
	return p.silent(confirmed, max(observed, p.now, p.sys.Head.Latest))
}

// silent tells whether what a source confirmed at an instant may have become
// stale until another, under any policy that held between.
func (p *Plan) silent(from, to int64) bool {
	h := p.planner.History()
	shortest := h.At(from).Shortest
	for t := h.Next(from); t <= to; t = h.Next(t) {
		shortest = min(shortest, h.At(t).Shortest)
	}
	return to-from >= shortest
}

// hear marks a source whose whole view of the system may confirm hosts that had
// been stale: for other systems, in which they stand too, that is a change.
func (p *Plan) hear(source string) {
	if p.heard == nil {
		p.heard = map[string]bool{}
	}
	p.heard[source] = true
}

// host takes in the source's view of one host. via tells that whole views of
// the system confirm it from now on.
func (p *Plan) host(it *submission.Item, hi *submission.Host, via bool) error {
	id, err := p.resolve(it.Source, hi.Host)
	if err != nil {
		return err
	}
	hi.Host.Id = id
	h, err := p.sys.Host(id)
	if err != nil {
		return err
	}
	src, t := h.Source(p.sys, it.Source, true)
	newest := t.Newest()
	if newest != nil {
		confirmed, err := p.hostConfirmed(h, src, newest)
		if err != nil {
			return err
		}
		if it.Observed < confirmed {
			return p.lateHost(it, hi, h, src, t, confirmed)
		}
	}
	// One system's whole views confirm a host by themselves. Where it stands in
	// several systems of a source, the others' views confirm it one by one.
	via = via && (src.ViaSystem == "" || src.ViaSystem == p.sys.ID)
	viaSystem := src.ViaSystem
	if via {
		viaSystem = p.sys.ID
	}
	members := withMember(src.Members, p.sys.ID, hi.Unit)
	same := newest != nil && bytes.Equal(hi.Digest[:16], src.Digest) && !src.LeftOut && !src.Retired &&
		viaSystem == src.ViaSystem && sameMembers(members, src.Members)
	if same && (via || !p.gap(newest.Confirmed, it.Observed)) {
		if !via {
			newest.Confirmed, src.Confirmed = max(newest.Confirmed, it.Observed), max(src.Confirmed, it.Observed)
			h.Changed, p.confirmed = true, true
			if p.sys.Head.SomeStale {
				p.touch(it.Observed, states.CauseInventory)
			}
		} else if p.heard[it.Source] {
			p.tellOthers(h, it.Observed)
		}
		p.stir(h)
		return nil
	}
	src.Effective, src.Confirmed, src.Digest = it.Observed, it.Observed, slices.Clone(hi.Digest[:16])
	src.ViaSystem, src.Members, src.LeftOut, src.Retired = viaSystem, members, false, false
	return p.stageHost(h, src, t, it.Observed, &storev1.HostView{
		Schema: envelope.Schema, Host: hi.Host, Members: members, ViaSystem: viaSystem,
	})
}

// hostConfirmed is when a source last confirmed its newest view of a host.
func (p *Plan) hostConfirmed(h *estate.Host, src *storev1.HostSourceHead, newest *estate.Version) (int64, error) {
	view := &storev1.HostView{ViaSystem: src.ViaSystem}
	c, err := p.sys.HostConfirmed(src.Source, newest, view, ledger.MaxInstant)
	return max(c, newest.Effective), err
}

// stageHost adds a version to a host's track, and makes the host's other
// systems due.
func (p *Plan) stageHost(h *estate.Host, src *storev1.HostSourceHead, t *estate.Track, at int64, view *storev1.HostView) error {
	if err := p.stage(t, src.Base, at, view); err != nil {
		return err
	}
	h.Changed = true
	if !slices.Contains(h.Head.Systems, p.sys.ID) {
		h.Head.Systems = append(h.Head.Systems, p.sys.ID)
		h.Joins = true
	}
	p.tellOthers(h, at)
	return nil
}

// stir has the heads of a host's other systems written anew: what is in memory
// of them, or planned, does not know that the host was confirmed.
func (p *Plan) stir(h *estate.Host) {
	for _, other := range h.Head.Systems {
		if other != p.sys.ID {
			if p.stirred == nil {
				p.stirred = map[string]bool{}
			}
			p.stirred[other] = true
		}
	}
}

// tellOthers makes a host's other systems due.
func (p *Plan) tellOthers(h *estate.Host, at int64) {
	for _, other := range h.Head.Systems {
		if other == p.sys.ID {
			continue
		}
		if from, ok := p.others[other]; !ok || at < from {
			p.others[other] = at
		}
	}
}

func withMember(members []*storev1.Membership, system, unit string) []*storev1.Membership {
	out := make([]*storev1.Membership, 0, len(members)+1)
	for _, m := range members {
		if m.System != system {
			out = append(out, m)
		}
	}
	return append(out, &storev1.Membership{System: system, Unit: unit})
}

func sameMembers(a, b []*storev1.Membership) bool {
	if len(a) != len(b) {
		return false
	}
	for _, m := range a {
		if n := estate.MemberOf(b, m.System); n == nil || n.Unit != m.Unit {
			return false
		}
	}
	return true
}

// leaveOut marks the hosts that the source's whole view had and no longer has.
// They stay: what the source said of them holds until it is stale.
func (p *Plan) leaveOut(it *submission.Item) error {
	hosts, err := p.sys.AllHosts()
	if err != nil {
		return err
	}
	sent := map[string]bool{}
	for _, hi := range it.Hosts {
		sent[hi.Host.Id] = true
	}
	left := 0
	for _, h := range hosts {
		src, t := h.Source(p.sys, it.Source, false)
		if src == nil || sent[h.ID] || src.LeftOut || src.ViaSystem != p.sys.ID {
			continue
		}
		newest := t.Newest()
		if newest == nil {
			continue
		}
		if confirmed, err := p.hostConfirmed(h, src, newest); err != nil {
			return err
		} else if it.Observed < confirmed {
			// A later view has it.
			if err := p.leftOutBetween(it, h, src, t); err != nil {
				return err
			}
			continue
		}
		if left++; left > submission.MaxLeftOut {
			return fault.Exhausted(fault.ReasonTooMany, "the view leaves out more than %d hosts that %s had before; retire what is gone, or send it in parts by upserts", submission.MaxLeftOut, it.Source)
		}
		m, err := t.Load(p.sys.Tx, newest)
		if err != nil {
			return err
		}
		view := proto.Clone(m).(*storev1.HostView)
		view.LeftOut, view.ViaSystem = true, ""
		// It was last confirmed by the view before this one.
		confirmed := max(newest.Effective, p.previousConfirmation(it.Source, it.Observed))
		if err := p.stageHost(h, src, t, it.Observed, view); err != nil {
			return err
		}
		t.Find(it.Observed).Confirmed = confirmed
		src.Effective, src.Confirmed, src.LeftOut, src.ViaSystem = it.Observed, confirmed, true, ""
	}
	return nil
}

// previousConfirmation is when a source's whole view was last confirmed before
// an instant.
func (p *Plan) previousConfirmation(source string, before int64) int64 {
	st := p.sys.Source(source, false)
	if st == nil {
		return 0
	}
	if v := st.Track.Find(before - 1); v != nil {
		return min(v.Confirmed, before-1)
	}
	return 0
}

// due adds what makes the system due without an item: the horizon passed, new
// guidance or policy, a claim, a shared host that changed.
func (p *Plan) due() {
	h := p.sys.Head
	if p.sys.IsNew() && len(h.Sources) == 0 {
		return
	}
	if h.Due != 0 && h.Due <= p.now {
		p.confirmed = true // the due index had it too early: it is moved
	}
	if h.ReplayFrom != 0 {
		p.touch(h.ReplayFrom, h.ReplayCause)
		p.walk = true
	}
	if until := estate.ValidUntil(h); until <= p.now {
		p.touch(max(until, 1), states.CauseDerived) // time alone, or a statement that begins or ends
	}
	if t := p.planner.History().After(h.ConfigEpoch); t <= p.now && !p.sys.IsNew() {
		p.touch(t, states.CauseDerived)
	}
}

// evaluate replays the series from where something changed.
func (p *Plan) evaluate() error {
	h := p.sys.Head
	r := &replay.Walk{Keeper: p.planner.Keeper, Metrics: p.planner.metrics, Engine: p.planner.engine, System: p.sys, Cache: p.cache, Now: p.now, Late: p.late(), Causes: p.touched}
	r.Since = replay.Since{TimeAlone: p.timeAlone() && !r.Late, SameEngine: !estate.LagsBehind(h, p.planner.engine), Seen: h.Latest, Stale: h.StaleUntil}
	if r.Since.Stale == 0 {
		r.Since.Stale = ledger.MaxInstant
	}
	if err := r.Run(p.from); err != nil {
		return err
	}
	r.Summarize()
	if err := r.Tell(); err != nil {
		return err
	}
	p.Replay = r
	p.evaluated()
	h.Latest = max(h.Latest, r.Last)
	h.ConfigEpoch = r.Guides.At(p.now).Epoch // not of what came into force meanwhile
	h.ReplayFrom, h.ReplayCause, h.MadeDue = 0, 0, 0
	h.StaleUntil, h.Attested = min(r.Merged.ValidUntil, r.Until), r.Said.HasAttestations()
	h.SomeStale = len(r.Merged.Stale()) > 0
	h.HostCount = int32(len(r.Merged.Inventory.Hosts))
	if !r.Since.Moved {
		return nil // the same inventory
	}
	h.Warnings = intake.Warnings(r.Merged.Inventory)
	if d := past.InventoryDigest(r.Merged); !bytes.Equal(h.InventoryDigest, d[:]) {
		h.InventoryDigest = d[:]
		h.Revision++
		h.Updated = p.now
	}
	return nil
}

// Empty tells whether the plan writes nothing at all.
func (p *Plan) Empty() bool {
	return !p.changed && !p.confirmed && p.from == 0 && len(p.audits) == 0 && len(p.parts) == 0
}

// timeAlone tells whether nothing but time has passed, or guidance changed,
// since the system was last evaluated.
func (p *Plan) timeAlone() bool {
	h := p.sys.Head
	if len(p.Results) > 0 || p.changed || h.ReplayFrom != 0 || h.Attested || h.Latest == 0 || len(h.InventoryDigest) == 0 {
		return false
	}
	for _, cause := range p.touched {
		if cause != states.CauseDerived {
			return false
		}
	}
	return true
}
