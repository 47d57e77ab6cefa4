package assessor

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
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/retention"
	"github.com/plumbline/plumbline/store/ledger"
)

// plan is what a group of items does to one system: made in a View, carried
// out in an Update if the heads it was made of still stand.
type plan struct {
	planner *planner
	sys     *system
	now     int64

	line *retention.Line // before which nothing is written

	results  []*planned    // one an item
	receipts []*pb.Receipt // one an item, filled when the plan is made
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
	replay    *replay
	cache     *replayCache
	idle      bool     // nothing asks for it but that the system be evaluated anew
	latest    int64    // SystemHead.latest before that
	caughtUp  bool     // another engine had evaluated it last
	raw       []byte   // the system's head as it was written
	undo      []func() // what apply changed in the heads
}

// planned is an item with what came of it.
type planned struct {
	it       *item
	err      error
	outcome  string
	repeated *pb.Receipt // the receipt of an earlier request with the same id
}

// partChange stores or deletes a part of a snapshot.
type partChange struct {
	name string
	part *storev1.SnapshotPart // nil: delete
}

// Outcomes of a submission.
const (
	outcomeInserted  = "inserted"
	outcomeUpdated   = "updated"
	outcomeUnchanged = "unchanged"
	outcomePending   = "pending"
	outcomeRejected  = "rejected"
)

// makePlan applies items, in their order, to a system as a View shows it, and
// evaluates what must be evaluated. With no items it reassesses what is due, or,
// with full, whether or not it is due.
func (x *planner) makePlan(tx *ledger.Tx, id string, items []*item, now int64, full bool) (*plan, error) {
	sys, kept, err := x.open(tx, id, len(items) == 0)
	if err != nil {
		return nil, err
	}
	p := &plan{planner: x, sys: sys, cache: kept, now: now, line: x.wall.Line(), others: map[string]int64{}, touched: map[int64]uint32{}}
	seen := map[string]*planned{}
	for _, it := range items {
		d := &planned{it: it}
		p.results = append(p.results, d)
		if err := p.item(d, seen); err != nil {
			var known *fault.Error
			if !asFault(err, &known) {
				return nil, err
			}
			d.err, d.outcome = err, outcomeRejected
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
func (p *plan) item(d *planned, seen map[string]*planned) error {
	it := d.it
	if it.requestID != "" {
		if done, err := p.repeated(d, seen); done || err != nil {
			return err
		}
		seen[it.requestID] = d
	}
	if it.snapshotID != "" {
		if done, err := p.snapshot(d); done || err != nil {
			return err
		}
	}
	if err := p.line.Refuse("observed_time", it.observed); err != nil {
		return err
	}
	isNew := p.sys.isNew() && len(p.sys.head.Sources) == 0
	if p.sys.head.Retired != 0 && it.observed <= p.sys.head.Retired {
		return fault.FailedPrecondition("", "systems/%s was retired after %s was observed; submit what was observed since, and it comes back", p.sys.id, it.system)
	}
	if h := p.sys.head; h.Retired != 0 {
		h.Retirements = append(h.Retirements, h.Retired, it.observed)
		h.Retired = 0
		p.touch(it.observed, causeInventory)
	}
	was := p.changed
	p.changed = false
	if err := p.views(it); err != nil {
		return err
	}
	d.outcome = outcomeUnchanged
	switch {
	case isNew:
		d.outcome = outcomeInserted
	case p.changed:
		d.outcome = outcomeUpdated
	}
	p.changed = p.changed || was
	p.audits = append(p.audits, &storev1.AuditRecord{
		Actor: it.actor, Method: it.method, Resource: "systems/" + it.system, Source: it.source,
		Outcome: d.outcome, RequestId: it.requestID, Observed: it.observed,
	})
	return nil
}

// repeated recognizes a request id that was seen in the last 24 hours.
func (p *plan) repeated(d *planned, seen map[string]*planned) (bool, error) {
	it := d.it
	other := func(body [16]byte) error {
		if body == it.body {
			return nil
		}
		return fault.InvalidField("request_id", "%q came before with other content; use a new id for a new request", it.requestID)
	}
	if first, ok := seen[it.requestID]; ok {
		if err := other(first.it.body); err != nil {
			return true, err
		}
		d.outcome = first.outcome
		d.repeated = &pb.Receipt{} // filled from the first one's receipt
		return true, first.err
	}
	r, ok := p.sys.tx.Request(it.system, it.requestID, p.now)
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
func (p *plan) views(it *item) error {
	if it.upsert {
		p.sys.source(it.source, true)
		for _, hi := range it.hosts {
			if err := p.host(it, hi, false); err != nil {
				return err
			}
		}
		return nil
	}
	st := p.sys.source(it.source, true)
	whole := it.hostsPresence == shape.Whole || it.hostsPresence == shape.Empty
	if err := p.systemView(it, st); err != nil {
		return err
	}
	for _, hi := range it.hosts {
		if err := p.host(it, hi, whole); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	sum := hostsDigest(it.hosts)
	if !bytes.Equal(sum, st.head.HostsDigest) {
		if err := p.leaveOut(it); err != nil {
			return err
		}
		if v := st.track.newest(); v == nil || it.observed >= v.effective {
			st.head.HostsDigest, st.head.Hosts = sum, int32(len(it.hosts))
		}
	}
	return nil
}

func hostsDigest(hosts []*hostItem) []byte {
	h := sha256.New()
	for _, hi := range hosts {
		h.Write([]byte(hi.host.Id))
		h.Write([]byte{0})
	}
	return h.Sum(nil)[:16]
}

// systemView takes in the source's view of the system, hosts apart.
func (p *plan) systemView(it *item, st *sourceState) error {
	digest := it.viewDigest[:16]
	presence := uint32(it.hostsPresence)
	newest := st.track.newest()
	if newest != nil && it.observed < newest.confirmed {
		return p.lateSystemView(it, st)
	}
	if newest != nil && bytes.Equal(digest, st.head.Digest) && presence == st.head.HostsPresence && !p.gap(newest.confirmed, it.observed) {
		p.moveStaleness(it, st, newest.confirmed)
		newest.confirmed, st.head.Confirmed = it.observed, it.observed
		p.confirmed = true
		return nil
	}
	if newest != nil && p.gap(newest.confirmed, it.observed) {
		p.hear(it.source)
	}
	msg := &storev1.SystemView{Schema: envelope.Schema, Inventory: it.view, HostsPresence: presence}
	if err := p.stage(st.track, st.head.Base, it.observed, msg); err != nil {
		return err
	}
	st.head.Effective, st.head.Confirmed = it.observed, it.observed
	st.head.Digest, st.head.HostsPresence = digest, presence
	return nil
}

// moveStaleness follows a confirmation: where one source's whole view is all
// there is, everything becomes stale that much later; otherwise the bound that
// stands stays right, since a confirmation only moves it away. What was stale
// is known again, so it must be evaluated.
func (p *plan) moveStaleness(it *item, st *sourceState, before int64) {
	h := p.sys.head
	if h.SomeStale {
		p.touch(it.observed, causeInventory)
		return
	}
	whole := shape.Presence(st.head.HostsPresence)
	alone := !h.Attested && len(h.Sources) == 1 && st.head.Hosts == h.HostCount && (whole == shape.Whole || whole == shape.Empty)
	if alone && h.StaleUntil < ledger.MaxInstant {
		h.StaleUntil += it.observed - before
	}
}

// stage adds a version to a track and makes the system due from when it holds.
// base is the address of the full record to which it may be a difference.
func (p *plan) stage(t *track, base *storev1.Address, at int64, msg proto.Message) error {
	v := &version{effective: at, confirmed: at, msg: msg, payload: encodeView(msg), staged: true}
	if base != nil {
		r, err := p.sys.tx.Load(addrOf(base))
		if err != nil {
			return err
		}
		v.delta = &ledger.Base{Addr: r.Addr, Payload: r.Payload, Depth: r.Depth}
	}
	t.insert(v)
	p.touch(at, causeInventory)
	p.changed = true
	return nil
}

// late tells whether series were evaluated at or after the instant from which
// they must be evaluated now.
func (p *plan) late() bool {
	return p.walk || p.from <= p.sys.head.Latest && p.sys.head.Latest != 0
}

// gap tells whether a source was silent so long before an instant that what it
// said may have been found stale: then the same word again is a new version, so
// that the time between stays unknown in history, or is known to have been
// unknown before the word came, late. A policy that held in between counts too.
func (p *plan) gap(confirmed, observed int64) bool {
	if observed <= confirmed {
		return false
	}
	return p.silent(confirmed, max(observed, p.now, p.sys.head.Latest))
}

// silent tells whether what a source confirmed at an instant may have become
// stale until another, under any policy that held between.
func (p *plan) silent(from, to int64) bool {
	h := p.planner.History()
	shortest := h.At(from).Shortest
	for t := h.Next(from); t <= to; t = h.Next(t) {
		shortest = min(shortest, h.At(t).Shortest)
	}
	return to-from >= shortest
}

// hear marks a source whose whole view of the system may confirm hosts that had
// been stale: for other systems, in which they stand too, that is a change.
func (p *plan) hear(source string) {
	if p.heard == nil {
		p.heard = map[string]bool{}
	}
	p.heard[source] = true
}

// host takes in the source's view of one host. via tells that whole views of
// the system confirm it from now on.
func (p *plan) host(it *item, hi *hostItem, via bool) error {
	id, err := p.resolve(it.source, hi.host)
	if err != nil {
		return err
	}
	hi.host.Id = id
	h, err := p.sys.host(id)
	if err != nil {
		return err
	}
	src, t := h.source(p.sys, it.source, true)
	newest := t.newest()
	if newest != nil {
		confirmed, err := p.hostConfirmed(h, src, newest)
		if err != nil {
			return err
		}
		if it.observed < confirmed {
			return p.lateHost(it, hi, h, src, t, confirmed)
		}
	}
	// One system's whole views confirm a host by themselves. Where it stands in
	// several systems of a source, the others' views confirm it one by one.
	via = via && (src.ViaSystem == "" || src.ViaSystem == p.sys.id)
	viaSystem := src.ViaSystem
	if via {
		viaSystem = p.sys.id
	}
	members := withMember(src.Members, p.sys.id, hi.unit)
	same := newest != nil && bytes.Equal(hi.digest[:16], src.Digest) && !src.LeftOut && !src.Retired &&
		viaSystem == src.ViaSystem && sameMembers(members, src.Members)
	if same && (via || !p.gap(newest.confirmed, it.observed)) {
		if !via {
			newest.confirmed, src.Confirmed = max(newest.confirmed, it.observed), max(src.Confirmed, it.observed)
			h.changed, p.confirmed = true, true
			if p.sys.head.SomeStale {
				p.touch(it.observed, causeInventory)
			}
		} else if p.heard[it.source] {
			p.tellOthers(h, it.observed)
		}
		p.stir(h)
		return nil
	}
	src.Effective, src.Confirmed, src.Digest = it.observed, it.observed, slices.Clone(hi.digest[:16])
	src.ViaSystem, src.Members, src.LeftOut, src.Retired = viaSystem, members, false, false
	return p.stageHost(h, src, t, it.observed, &storev1.HostView{
		Schema: envelope.Schema, Host: hi.host, Members: members, ViaSystem: viaSystem,
	})
}

// hostConfirmed is when a source last confirmed its newest view of a host.
func (p *plan) hostConfirmed(h *hostState, src *storev1.HostSourceHead, newest *version) (int64, error) {
	view := &storev1.HostView{ViaSystem: src.ViaSystem}
	c, err := p.sys.hostConfirmed(src.Source, newest, view, ledger.MaxInstant)
	return max(c, newest.effective), err
}

// stageHost adds a version to a host's track, and makes the host's other
// systems due.
func (p *plan) stageHost(h *hostState, src *storev1.HostSourceHead, t *track, at int64, view *storev1.HostView) error {
	if err := p.stage(t, src.Base, at, view); err != nil {
		return err
	}
	h.changed = true
	if !slices.Contains(h.head.Systems, p.sys.id) {
		h.head.Systems = append(h.head.Systems, p.sys.id)
		h.joins = true
	}
	p.tellOthers(h, at)
	return nil
}

// stir has the heads of a host's other systems written anew: what is in memory
// of them, or planned, does not know that the host was confirmed.
func (p *plan) stir(h *hostState) {
	for _, other := range h.head.Systems {
		if other != p.sys.id {
			if p.stirred == nil {
				p.stirred = map[string]bool{}
			}
			p.stirred[other] = true
		}
	}
}

// tellOthers makes a host's other systems due.
func (p *plan) tellOthers(h *hostState, at int64) {
	for _, other := range h.head.Systems {
		if other == p.sys.id {
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
		if n := memberOf(b, m.System); n == nil || n.Unit != m.Unit {
			return false
		}
	}
	return true
}

// leaveOut marks the hosts that the source's whole view had and no longer has.
// They stay: what the source said of them holds until it is stale.
func (p *plan) leaveOut(it *item) error {
	hosts, err := p.sys.allHosts()
	if err != nil {
		return err
	}
	sent := map[string]bool{}
	for _, hi := range it.hosts {
		sent[hi.host.Id] = true
	}
	left := 0
	for _, h := range hosts {
		src, t := h.source(p.sys, it.source, false)
		if src == nil || sent[h.id] || src.LeftOut || src.ViaSystem != p.sys.id {
			continue
		}
		newest := t.newest()
		if newest == nil {
			continue
		}
		if confirmed, err := p.hostConfirmed(h, src, newest); err != nil {
			return err
		} else if it.observed < confirmed {
			// A later view has it.
			if err := p.leftOutBetween(it, h, src, t); err != nil {
				return err
			}
			continue
		}
		if left++; left > MaxLeftOut {
			return fault.Exhausted(fault.ReasonTooMany, "the view leaves out more than %d hosts that %s had before; retire what is gone, or send it in parts by upserts", MaxLeftOut, it.source)
		}
		m, err := t.load(p.sys.tx, newest)
		if err != nil {
			return err
		}
		view := proto.Clone(m).(*storev1.HostView)
		view.LeftOut, view.ViaSystem = true, ""
		// It was last confirmed by the view before this one.
		confirmed := max(newest.effective, p.previousConfirmation(it.source, it.observed))
		if err := p.stageHost(h, src, t, it.observed, view); err != nil {
			return err
		}
		t.find(it.observed).confirmed = confirmed
		src.Effective, src.Confirmed, src.LeftOut, src.ViaSystem = it.observed, confirmed, true, ""
	}
	return nil
}

// previousConfirmation is when a source's whole view was last confirmed before
// an instant.
func (p *plan) previousConfirmation(source string, before int64) int64 {
	st := p.sys.source(source, false)
	if st == nil {
		return 0
	}
	if v := st.track.find(before - 1); v != nil {
		return min(v.confirmed, before-1)
	}
	return 0
}

// due adds what makes the system due without an item: the horizon passed, new
// guidance or policy, a claim, a shared host that changed.
func (p *plan) due() {
	h := p.sys.head
	if p.sys.isNew() && len(h.Sources) == 0 {
		return
	}
	if h.Due != 0 && h.Due <= p.now {
		p.confirmed = true // the due index had it too early: it is moved
	}
	if h.ReplayFrom != 0 {
		p.touch(h.ReplayFrom, h.ReplayCause)
		p.walk = true
	}
	if until := validUntil(h); until <= p.now {
		p.touch(max(until, 1), causeDerived) // time alone, or a statement that begins or ends
	}
	if t := p.planner.History().After(h.ConfigEpoch); t <= p.now && !p.sys.isNew() {
		p.touch(t, causeDerived)
	}
}

// validUntil is the instant until which the states of a system hold.
func validUntil(h *storev1.SystemHead) int64 {
	until := h.StaleUntil
	if until == 0 {
		until = ledger.MaxInstant
	}
	for _, e := range h.Series {
		if e.Assignment != "" {
			until = min(until, e.HoldsUntil)
		}
	}
	return until
}

// evaluate replays the series from where something changed.
func (p *plan) evaluate() error {
	h := p.sys.head
	r := &replay{keeper: p.planner.Keeper, metrics: p.planner.metrics, engine: p.planner.engine, sys: p.sys, cache: p.cache, now: p.now, late: p.late(), causes: p.touched}
	r.since = since{timeAlone: p.timeAlone() && !r.late, sameEngine: !lagsBehind(h, p.planner.engine), seen: h.Latest, stale: h.StaleUntil}
	if r.since.stale == 0 {
		r.since.stale = ledger.MaxInstant
	}
	if err := r.run(p.from); err != nil {
		return err
	}
	r.summarize()
	if err := r.tell(); err != nil {
		return err
	}
	p.replay = r
	p.evaluated()
	h.Latest = max(h.Latest, r.last)
	h.ConfigEpoch = r.guides.At(p.now).Epoch // not of what came into force meanwhile
	h.ReplayFrom, h.ReplayCause, h.MadeDue = 0, 0, 0
	h.StaleUntil, h.Attested = min(r.merged.ValidUntil, r.until), r.said.HasAttestations()
	h.SomeStale = len(r.merged.Stale()) > 0
	h.HostCount = int32(len(r.merged.Inventory.Hosts))
	if !r.since.moved {
		return nil // the same inventory
	}
	h.Warnings = intake.Warnings(r.merged.Inventory)
	if d := InventoryDigest(r.merged); !bytes.Equal(h.InventoryDigest, d[:]) {
		h.InventoryDigest = d[:]
		h.Revision++
		h.Updated = p.now
	}
	return nil
}

// empty tells whether the plan writes nothing at all.
func (p *plan) empty() bool {
	return !p.changed && !p.confirmed && p.from == 0 && len(p.audits) == 0 && len(p.parts) == 0
}
