// Package rules is the workload: sixty rules about one host, compiled by the
// engine. The same sixty stand by hand in package byhand, for cel-go in celgo
// and in Rego in rego; the tests of the module see to it that they agree.
package rules

import (
	_ "embed"
	"fmt"
	"unsafe"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/assess/shape"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

//go:embed rules.yaml
var source []byte

// Count is how many rules there are.
const Count = 60

// Load reads and compiles the checklist.
func Load() (*assess.Checklist, error) {
	_, k, found := guidance.Load("rules.yaml", source)
	for _, d := range found {
		if d.Severity == guidance.Error {
			return nil, fmt.Errorf("%v", d)
		}
	}
	if n := len(k.Rules()); n != Count {
		return nil, fmt.Errorf("rules.yaml has %d rules, not %d", n, Count)
	}
	return k, nil
}

// IDs are the rules' ids, in their order.
func IDs(k *assess.Checklist) []string {
	var ids []string
	for _, r := range k.Rules() {
		ids = append(ids, r.Id)
	}
	return ids
}

// Programs are the rules compiled one by one, as package assess does it: what
// is left of an evaluation when finding subjects and scoring are left out.
type Programs struct {
	env     *rule.Env
	values  *rule.Values
	applies []*rule.Program // nil: always
	checks  []*rule.Program
}

// Compile compiles the rules of a checklist.
func Compile(k *assess.Checklist) (*Programs, error) {
	env, issues := rule.NewEnv(k.Source())
	if len(issues) > 0 {
		return nil, fmt.Errorf("%v", issues)
	}
	p := &Programs{env: env}
	if p.values, issues = rule.NewValues(env, nil, nil); len(issues) > 0 {
		return nil, fmt.Errorf("%v", issues)
	}
	compile := func(src string) (*rule.Program, error) {
		out, issues := env.Compile(src, "host", rule.WantBool)
		if len(issues) > 0 {
			return nil, fmt.Errorf("%s: %v", src, issues)
		}
		return out, nil
	}
	for _, r := range k.Rules() {
		check, err := compile(r.Check)
		if err != nil {
			return nil, err
		}
		var applies *rule.Program
		if r.Applies != "" {
			if applies, err = compile(r.Applies); err != nil {
				return nil, err
			}
		}
		p.checks, p.applies = append(p.checks, check), append(p.applies, applies)
	}
	return p, nil
}

// Row is what a rule comes to: its state, until when that holds, and where the
// facts that it read lie.
type Row struct {
	Rule       int32
	Subject    int32
	State      score.State
	ValidUntil int64
	From, To   int32
}

// Run evaluates the rules on one host with a machine, and appends a row each.
func (p *Programs) Run(m *rule.Machine, inv *pb.Inventory, at int64, rows []Row) []Row {
	m.Reset(rule.Context{Inventory: inv, Values: p.values, At: at})
	host := unsafe.Pointer(inv.Hosts[0])
	for i := range p.checks {
		rows = append(rows, p.row(m, i, host))
	}
	return rows
}

// One evaluates one rule on one host; the machine then holds what it read and
// what it missed.
func (p *Programs) One(m *rule.Machine, i int, inv *pb.Inventory, at int64) Row {
	m.Reset(rule.Context{Inventory: inv, Values: p.values, At: at})
	return p.row(m, i, unsafe.Pointer(inv.Hosts[0]))
}

func (p *Programs) row(m *rule.Machine, i int, host unsafe.Pointer) Row {
	m.Subject(host, host)
	s := score.Unset
	if a := p.applies[i]; a != nil {
		s = unless(a.Bool(m))
	}
	if s == score.Unset {
		if s = State(p.checks[i].Bool(m)); s <= score.Fail {
			m.DropMissing()
		}
	}
	from, to := m.FactRange()
	return Row{Rule: int32(i), State: s, ValidUntil: m.Horizon(), From: from, To: to}
}

// unless is the state of a rule that does not apply, or of which that is not
// known; Unset where it applies.
func unless(applies rule.Tri) score.State {
	switch applies {
	case rule.True:
		return score.Unset
	case rule.False:
		return score.NotApplicable
	case rule.Error:
		return score.Error
	}
	return score.Unknown
}

// State is the state that a check's truth value comes to.
func State(t rule.Tri) score.State {
	switch t {
	case rule.True:
		return score.Pass
	case rule.False:
		return score.Fail
	case rule.Error:
		return score.Error
	}
	return score.Unknown
}

// NewMachine makes a machine for Run.
func (p *Programs) NewMachine(inv *pb.Inventory, at int64) *rule.Machine {
	return rule.NewMachine(rule.Context{Inventory: inv, Values: p.values, At: at})
}

// Inventory puts hosts into the inventory of one system.
func Inventory(hosts ...*pb.Host) *pb.Inventory {
	return &pb.Inventory{System: &pb.System{Id: "bench"}, Hosts: hosts}
}

// Merged is an inventory as one source's whole word.
func Merged(inv *pb.Inventory, at int64) *merge.Merged {
	in := merge.Input{At: at, System: []merge.SystemView{{
		Source: "cmdb", Inventory: &pb.Inventory{System: inv.System}, Hosts: shape.Whole, Confirmed: at,
	}}}
	for _, h := range inv.Hosts {
		in.Hosts = append(in.Hosts, merge.HostView{Source: "cmdb", Host: h, Confirmed: at, Reported: true})
	}
	return merge.Merge(in)
}
