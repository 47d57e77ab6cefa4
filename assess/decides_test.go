package assess_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/rule/ruletest"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Information only decides: taking something away may turn results into
// unknown, and nothing else. So what is missing cannot make anybody compliant.

// known is what an evaluation found, kept apart from the inventory, which is
// changed afterwards.
type known struct {
	states   map[rowKey]score.State
	combined map[string]score.State
}

func knownOf(e *assess.Evaluation) known {
	k := known{map[rowKey]score.State{}, map[string]score.State{}}
	for key, r := range table(e) {
		k.states[key] = r.State
	}
	for _, r := range e.Plan.Checklist().Rules() {
		k.combined[r.Id], _ = e.RuleState(r.Id)
	}
	return k
}

// lessDecides holds what was found with less information against what was
// found with more. taken is the path of what the lesser inventory lacks; where
// it is "", more than one thing may have been taken.
func (more known) lessDecides(e *assess.Evaluation, taken string) error {
	if taken == "system" {
		taken = "" // the system's lists stand at the root
	}
	less, open := table(e), map[string]bool{}
	for key, r := range less {
		was, there := more.states[key]
		switch {
		case isOpen(key.subject):
			open[key.rule] = true
			if !undecided(r.State) && r.State != was {
				return fmt.Errorf("%s of %s is %s", key.rule, key.subject, r.State)
			}
		case !there:
			return fmt.Errorf("%s has a result for %q, which it has not with more information", key.rule, key.subject)
		case r.State != was && !undecided(r.State):
			return fmt.Errorf("%s of %q turned from %s to %s", key.rule, key.subject, was, r.State)
		case r.State != was && r.State == score.Unknown && taken != "":
			if err := misses(e.Finding(r), taken); err != nil {
				return err
			}
		}
	}
	for key := range more.states {
		if less[key] == nil && !open[key.rule] {
			return fmt.Errorf("%s of %q has no result any more, and nothing is unknown instead", key.rule, key.subject)
		}
	}
	for id, was := range more.combined {
		if now, _ := e.RuleState(id); now != was && !undecided(now) {
			return fmt.Errorf("%s turned from %s to %s", id, was, now)
		}
	}
	return nil
}

// misses tells whether a result that became unknown names what was taken, or
// a part of it, or the list that it is now missing from.
func misses(f *pb.Finding, taken string) error {
	for _, m := range f.MissingFacts {
		if m == taken || strings.HasPrefix(m, taken+"/") || strings.HasPrefix(taken, m+"/") {
			return nil
		}
	}
	return fmt.Errorf("%s of %q became unknown and misses %v", f.Rule, f.Subject, f.MissingFacts)
}

// tested counts, by rule, what has been seen decided and what of that became
// unknown, so that a test can tell that it has tested anything.
type tested map[string]map[score.State]int

func (s tested) note(more known, e *assess.Evaluation) {
	for key, r := range table(e) {
		was := more.states[key]
		if s[key.rule] == nil {
			s[key.rule] = map[score.State]int{}
		}
		s[key.rule][was]++
		if undecided(r.State) && !undecided(was) {
			s[key.rule][score.Unset]++
		}
	}
}

// sensible reports rules of which a test has said little: that it has not seen
// decided, or that nothing made unknown. Under the race detector too little is
// tried for that.
func (s tested) sensible(t *testing.T, c *assess.Checklist) {
	for _, r := range c.Rules() {
		if r.Check == "" || r.Role != "" || raceDetector {
			continue // it cannot pass and fail
		}
		n := s[r.Id]
		if n[score.Pass]+n[score.Fail] == 0 || n[score.Unset] == 0 {
			t.Errorf("%s: %d passed, %d failed, %d became unknown; the test says little about it", r.Id, n[score.Pass], n[score.Fail], n[score.Unset])
		}
	}
}

// exampleTime is when an example is evaluated that gives no instant.
var exampleTime = day(0)

// TestExamplesInformationOnlyDecides takes from every example of every rule
// everything that it says, one after the other.
func TestExamplesInformationOnlyDecides(t *testing.T) {
	eachShipped(t, func(t *testing.T, c *assess.Checklist) {
		seen := tested{}
		plans := map[string]*assess.Plan{}
		for _, r := range c.Rules() {
			for _, x := range r.Examples {
				if plans[x.Profile] == nil {
					plans[x.Profile] = wholePlan(t, c, x.Profile)
				}
				at := exampleTime
				if x.AsOf != nil {
					at = x.AsOf.AsTime().UnixMicro()
				}
				p := plans[x.Profile]
				inv := proto.CloneOf(x.Inventory)
				evaluate := func() *assess.Evaluation { return p.EvaluateInventory(inv, x.Claims, nil, at) }
				more := knownOf(evaluate())
				eachRemoval(inv, func(path string) {
					e := evaluate()
					seen.note(more, e)
					if err := more.lessDecides(e, path); err != nil {
						t.Errorf("%s, example %q, without %s: %v", r.Id, x.Name, path, err)
					}
				})
			}
		}
		seen.sensible(t, c)
	})
}

// TestRuleInformationOnlyDecides does the same for each rule with inventories
// that are made of its examples and the checklist's vocabulary.
func TestRuleInformationOnlyDecides(t *testing.T) {
	eachShipped(t, func(t *testing.T, c *assess.Checklist) {
		v, seen := vocabularyOf(c), tested{}
		for _, r := range c.Rules() {
			plans := alonePlans(t, c, r.Id)
			t.Run(r.Id, rapid.MakeCheck(func(t *rapid.T) {
				checkRemovals(t, pick(t, plans, "profile"), v, r.Examples, 6, seen)
			}))
		}
		seen.sensible(t, c)
	})
}

// TestMixedInformationOnlyDecides does it for all rules at once.
func TestMixedInformationOnlyDecides(t *testing.T) {
	eachShipped(t, func(t *testing.T, c *assess.Checklist) {
		v, p := vocabularyOf(c), wholePlan(t, c, "")
		rapid.Check(t, func(t *rapid.T) { checkRemovals(t, p, v, v.examples, 12, tested{}) })
	})
}

func checkRemovals(t *rapid.T, p *assess.Plan, v *vocabulary, examples []*pb.Example, changes int, seen tested) {
	inv, claims, at := v.inventory(t, examples, changes), v.claimed(t), v.at(t)
	evaluate := func() *assess.Evaluation { return p.EvaluateInventory(inv, claims, nil, at) }
	more := knownOf(evaluate())
	eachRemoval(inv, func(path string) {
		e := evaluate()
		seen.note(more, e)
		if err := more.lessDecides(e, path); err != nil {
			t.Fatalf("without %s: %v\n%s\nat %s under %s", path, err, prototext.Format(inv), when(at), p.Profile())
		}
	})
}

// alonePlans are plans of every profile under which one rule is selected alone.
func alonePlans(t *testing.T, c *assess.Checklist, rule string) (out []*assess.Plan) {
	alone := &pb.Tailoring{Id: "alone", Select: []string{rule}}
	for _, g := range c.Source().Groups {
		alone.Deselect = append(alone.Deselect, g.Id)
	}
	for _, prof := range c.Source().Profiles {
		p, err := c.Plan(prof.Id, alone)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// TestEngineInformationOnlyDecides does it with rules of every form and
// inventories of the whole model.
func TestEngineInformationOnlyDecides(t *testing.T) {
	p, seen := wholePlan(t, engine(t), ""), tested{}
	rapid.Check(t, func(t *rapid.T) {
		inv, claims, at := engineInventory(t, 3, 2), engineClaims(t), nearDay(t, "at")
		evaluate := func() *assess.Evaluation { return p.EvaluateInventory(inv, claims, nil, at) }
		more := knownOf(evaluate())
		eachRemoval(inv, func(path string) {
			e := evaluate()
			seen.note(more, e)
			if err := more.lessDecides(e, path); err != nil {
				t.Fatalf("without %s: %v\n%s\nat %s", path, err, prototext.Format(inv), when(at))
			}
		})
	})
	all := map[score.State]int{}
	for _, n := range seen {
		for s, count := range n {
			all[s] += count
		}
	}
	for _, s := range []score.State{score.Pass, score.Fail, score.Error, score.Unknown, score.NotApplicable, score.Unset} {
		if all[s] == 0 {
			t.Errorf("the test says little: %v", all)
		}
	}
}

// TestCompletionsKeepDecisions goes the other way, and many steps at once:
// what is decided stays so when all that was not known becomes known.
func TestCompletionsKeepDecisions(t *testing.T) {
	eachShipped(t, func(t *testing.T, c *assess.Checklist) {
		v, p := vocabularyOf(c), wholePlan(t, c, "")
		rapid.Check(t, func(t *rapid.T) {
			checkCompletion(t, p, v.inventory(t, v.examples, 8), v.claimed(t), v.at(t))
		})
	})
	p := wholePlan(t, engine(t), "")
	t.Run("engine", rapid.MakeCheck(func(t *rapid.T) {
		checkCompletion(t, p, engineInventory(t, 3, 2), engineClaims(t), nearDay(t, "at"))
	}))
}

func checkCompletion(t *rapid.T, p *assess.Plan, inv *pb.Inventory, claims []*pb.Claim, at int64) {
	r := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
	whole := ruletest.Complete(r, p.Checklist().Source(), inv)
	more := knownOf(p.EvaluateInventory(whole, claims, nil, at))
	if err := more.lessDecides(p.EvaluateInventory(inv, claims, nil, at), ""); err != nil {
		t.Fatalf("%v\n%s\nof\n%s", err, prototext.Format(inv), prototext.Format(whole))
	}
}
