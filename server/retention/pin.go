package retention

import (
	"slices"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/statements"
	"github.com/plumbline/plumbline/store/ledger"
)

// Pin is an instant of a system, as known at another, that stays.
type Pin struct {
	At, KnownAt int64 // KnownAt is ledger.MaxInstant for all that is known
	known       ledger.Seq
}

// Pins are the instants of a system that stay: of its approved waivers when each
// was approved, began and ended, since that is what was accepted, and those of
// its holds.
func Pins(tx *ledger.Tx, system string) ([]Pin, error) {
	p := pinner{tx: tx}
	return p.of(system)
}

// pinner finds the pins of systems.
type pinner struct {
	tx      *ledger.Tx
	holds   map[string][]Pin // by system
	systems map[string][]Pin
}

func (p *pinner) of(system string) (out []Pin, err error) {
	if pins, ok := p.systems[system]; ok {
		return pins, nil
	}
	if p.holds == nil {
		if err := p.readHolds(); err != nil {
			return nil, err
		}
	}
	said, err := statements.Load(p.tx, system)
	if err != nil {
		return nil, err
	}
	for _, w := range said.Waivers(ledger.MaxInstant) {
		for _, t := range []int64{envelope.Instant(w.ApproveTime), envelope.Instant(w.StartTime), envelope.Instant(w.ExpireTime)} {
			out = append(out, Pin{At: t, KnownAt: ledger.MaxInstant, known: ledger.Latest})
		}
	}
	out = append(out, p.holds[system]...)
	p.systems[system] = out
	return out, nil
}

func (p *pinner) readHolds() error {
	p.holds, p.systems = map[string][]Pin{}, map[string][]Pin{}
	return envelope.Each(p.tx, kindHold, func(_ string, r *storev1.HoldRecord) error {
		at := Pin{At: envelope.Instant(r.Hold.AsOf), KnownAt: envelope.Instant(r.Hold.KnownAt)}
		at.known = p.tx.SeqAt(at.KnownAt)
		p.holds[r.Hold.System] = append(p.holds[r.Hold.System], at)
		return nil
	})
}

// all are the pins of several systems.
func (p *pinner) all(systems []string) (out []Pin, err error) {
	for _, s := range systems {
		pins, err := p.of(s)
		if err != nil {
			return nil, err
		}
		out = append(out, pins...)
	}
	return out, nil
}

// neighbours are the systems that share hosts with one, itself included: their
// hosts may rest on its views.
func neighbours(tx *ledger.Tx, number uint32, id string) ([]string, error) {
	out := []string{id}
	for n := range tx.Linked(envelope.EdgeHosts, number) {
		h, _, err := envelope.Head[storev1.HostHead](tx, envelope.SpaceHost, n)
		if err != nil {
			return nil, err
		}
		if len(h.GetSystems()) < 2 {
			continue
		}
		for _, s := range h.Systems {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out, nil
}
