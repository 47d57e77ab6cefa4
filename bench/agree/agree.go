// Package agree asks all five implementations of the sixty rules about the same
// hosts and says where they differ. Figures of evaluators that do not do the
// same work would compare nothing.
package agree

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/bench/byhand"
	"github.com/plumbline/plumbline/bench/celgo"
	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/rego"
	"github.com/plumbline/plumbline/bench/rules"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Panel is the five, ready for a number of hosts.
type Panel struct {
	Checklist *assess.Checklist
	Plan      *assess.Plan
	IDs       []string
	Programs  *rules.Programs
	Cel       *celgo.Evaluator
	Rego      *rego.Evaluator

	Hosts       []*pb.Host
	Inventories []*pb.Inventory // of one host each
	Inputs      []ast.Value     // the hosts as OPA's parsed input
	At          int64
}

// New prepares the five for the hosts.
func New(ctx context.Context, hosts []*pb.Host) (*Panel, error) {
	k, err := rules.Load()
	if err != nil {
		return nil, err
	}
	p := &Panel{Checklist: k, IDs: rules.IDs(k), Hosts: hosts, At: estate.Now.UnixMicro()}
	if p.Plan, err = k.Plan("", nil); err != nil {
		return nil, err
	}
	if p.Programs, err = rules.Compile(k); err != nil {
		return nil, err
	}
	if p.Cel, err = celgo.New(k.Source()); err != nil {
		return nil, fmt.Errorf("cel-go: %w", err)
	}
	if p.Rego, err = rego.New(ctx, p.IDs); err != nil {
		return nil, fmt.Errorf("OPA: %w", err)
	}
	for _, h := range hosts {
		document, err := estate.Document(h)
		if err != nil {
			return nil, err
		}
		input, err := rego.Parse(document)
		if err != nil {
			return nil, err
		}
		p.Inputs = append(p.Inputs, input)
		p.Inventories = append(p.Inventories, rules.Inventory(h))
	}
	return p, nil
}

// Differences are the results in which the others differ from the plan of
// package assess, and those that are neither pass, fail nor notapplicable.
func (p *Panel) Differences(ctx context.Context) ([]string, error) {
	var out []string
	var m byhand.Machine
	for i, h := range p.Hosts {
		want := make([]score.State, 0, rules.Count)
		merged := rules.Merged(p.Inventories[i], p.At)
		for _, r := range p.Plan.Evaluate(assess.Input{Merged: merged, At: p.At}).Results {
			want = append(want, r.State)
		}
		fromRego, err := p.Rego.Run(ctx, p.Inputs[i], nil)
		if err != nil {
			return nil, err
		}
		for _, o := range []struct {
			who    string
			states []score.State
		}{
			{"the engine's programs", states(p.Programs.Run(p.Programs.NewMachine(p.Inventories[i], p.At), p.Inventories[i], p.At, nil))},
			{"Go by hand", states(m.Run(h, p.At, nil))},
			{"plain Go", byhand.Plain(h, p.At, nil)},
			{"cel-go", p.Cel.Run(h, p.At, nil)},
			{"OPA", fromRego},
		} {
			out = append(out, p.compare(o.who, h.Id, o.states, want)...)
		}
	}
	return out, nil
}

func (p *Panel) compare(who, host string, got, want []score.State) (out []string) {
	if len(got) != len(want) {
		return []string{fmt.Sprintf("%s: %s has %d results, the plan %d", host, who, len(got), len(want))}
	}
	for r := range want {
		decided := want[r] == score.Pass || want[r] == score.Fail || want[r] == score.NotApplicable
		if got[r] != want[r] || !decided {
			out = append(out, fmt.Sprintf("%s: rule %s: %s says %s, the plan %s", host, p.IDs[r], who, got[r], want[r]))
		}
	}
	return out
}

func states(rows []rules.Row) []score.State {
	out := make([]score.State, len(rows))
	for i, r := range rows {
		out[i] = r.State
	}
	return out
}
