package guidance

import (
	"fmt"
	"slices"
	"time"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Report says how the examples of a checklist's rules came out.
type Report struct {
	Checklist string // id@version
	Rules     []RuleReport
	Passed    int // examples that came out as expected
	Failed    int // examples that did not
}

// RuleReport says how one rule's examples came out.
type RuleReport struct {
	Rule     string
	Examples []ExampleReport
	Missing  []string // of "pass", "fail" and "unknown": those that no example expects
}

// ExampleReport says how one example came out.
type ExampleReport struct {
	Name   string
	Expect string
	Got    string // the rule's combined state; empty where it could not be evaluated
	// Wrong says what came out otherwise than expected; empty where all is well.
	Wrong string
}

// OK tells whether every example came out as expected and every rule has one
// of each kind.
func (r Report) OK() bool {
	return r.Failed == 0 && !slices.ContainsFunc(r.Rules, func(r RuleReport) bool { return len(r.Missing) > 0 })
}

// Test evaluates the examples of all rules of a checklist.
func Test(c *assess.Checklist) Report {
	src := c.Source()
	out := Report{Checklist: src.Id + "@" + src.Version}
	plans := map[string]*assess.Plan{}
	for _, r := range c.Rules() {
		rr := RuleReport{Rule: r.Id, Missing: missingKinds(r)}
		for i, x := range r.Examples {
			er := runExample(c, plans, r, x)
			if er.Name == "" {
				er.Name = fmt.Sprintf("examples[%d]", i)
			}
			if er.Wrong == "" {
				out.Passed++
			} else {
				out.Failed++
			}
			rr.Examples = append(rr.Examples, er)
		}
		out.Rules = append(out.Rules, rr)
	}
	return out
}

// exampleTime is when an example is evaluated that gives no instant.
var exampleTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func runExample(c *assess.Checklist, plans map[string]*assess.Plan, r *pb.Rule, x *pb.Example) ExampleReport {
	er := ExampleReport{Name: x.Name, Expect: x.Expect}
	plan := plans[x.Profile]
	if plan == nil {
		var err error
		if plan, err = c.Plan(x.Profile, nil); err != nil {
			er.Wrong = err.Error()
			return er
		}
		plans[x.Profile] = plan
	}
	at := exampleTime
	if x.AsOf != nil {
		at = x.AsOf.AsTime()
	}
	e := plan.EvaluateInventory(x.Inventory, x.Claims, nil, at.UnixMicro())
	state, _ := e.RuleState(r.Id)
	er.Got = state.String()
	er.Wrong = compare(x, er.Got, e, r.Id)
	return er
}

// ruleFindings are the findings of one rule by subject.
func ruleFindings(e *assess.Evaluation, rule string) map[string]*pb.Finding {
	out := map[string]*pb.Finding{}
	for _, f := range e.Findings() {
		if f.Rule == rule {
			out[f.Subject] = f
		}
	}
	return out
}

// compare says what came out otherwise than the example expects. Findings are
// made where they are to be told of: most examples come out as they say.
func compare(x *pb.Example, got string, e *assess.Evaluation, rule string) string {
	if got != x.Expect {
		wrong := fmt.Sprintf("the rule is %s, not %s", got, x.Expect)
		findings := ruleFindings(e, rule)
		for _, subject := range sortedKeys(findings) {
			f := findings[subject]
			wrong += fmt.Sprintf("; %s is %s", subject, f.State)
			if len(f.MissingFacts) > 0 {
				wrong += fmt.Sprintf(" (missing: %v)", f.MissingFacts)
			}
		}
		return wrong
	}
	for _, subject := range x.Subjects {
		switch r, err := e.Find(rule, subject); {
		case err != nil:
			return fmt.Sprintf("there is no result for %s; there are results for %v", subject, sortedKeys(ruleFindings(e, rule)))
		case r.State.String() != x.Expect:
			return fmt.Sprintf("%s is %s, not %s", subject, r.State, x.Expect)
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
