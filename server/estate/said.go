package estate

import (
	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/merge/intake"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/statements"
)

// Said reads what people said of the system.
func (s *System) Said() (*statements.Set, error) {
	if s.statements != nil {
		return s.statements, nil
	}
	var err error
	s.statements, err = statements.Load(s.Tx, s.ID)
	return s.statements, err
}

// Attested adds what people attested to the views of an instant, as known at
// another, and returns the next instant at which another attestation holds.
func (s *System) Attested(in *merge.Input, knownAt int64) (next int64, err error) {
	set, err := s.Said()
	if err != nil || !set.HasAttestations() {
		return assess.Forever, err
	}
	list, next := set.Attested(in.At, knownAt)
	AddAttested(s.ID, in, list)
	return next, nil
}

// AddAttested adds attestations to the views of a system. What is attested of
// something that no source reports is left out: a person states facts about
// things, not that there are such things.
func AddAttested(system string, in *merge.Input, list []statements.Attested) {
	if len(list) == 0 {
		return
	}
	reported := MergeOf(system, *in).Inventory
	for _, t := range list {
		if !attest.Has(reported, t.Subject) {
			continue
		}
		inv := &pb.Inventory{}
		if err := attest.SetFact(inv, t.Subject, t.Fact, t.Value); err != nil {
			continue // it was checked when it was filed, against an older model
		}
		intake.Normalize(inv)
		for _, h := range inv.Hosts {
			in.Hosts = append(in.Hosts, merge.HostView{Source: merge.Attestation, Host: h, Confirmed: t.From, Until: t.Until, Reported: true})
		}
		if inv.System != nil || len(inv.Facilities) > 0 {
			inv.Hosts = nil
			if inv.System != nil {
				inv.System.Id = system
			}
			in.System = append(in.System, merge.SystemView{Source: merge.Attestation, Inventory: inv, Confirmed: t.From, Until: t.Until})
		}
	}
}
