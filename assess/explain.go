package assess

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// ErrNoResult says that an evaluation has no result for a rule and subject.
type ErrNoResult struct {
	Rule, Subject string
	Subjects      []string // the rule's subjects, where the rule is there
}

func (e *ErrNoResult) Error() string {
	if e.Subjects == nil {
		return fmt.Sprintf("no rule %q", e.Rule)
	}
	return fmt.Sprintf("rule %s has no result for subject %q; it has %s", e.Rule, e.Subject, strings.Join(e.Subjects, ", "))
}

// Find returns the result of a rule for a subject. An empty subject stands
// for the only one.
func (e *Evaluation) Find(ruleID, subject string) (*Result, error) {
	i, ok := e.Plan.checklist.byID[ruleID]
	if !ok {
		return nil, &ErrNoResult{Rule: ruleID, Subject: subject}
	}
	results := e.Results[e.ranges[i][0]:e.ranges[i][1]]
	missing := &ErrNoResult{Rule: ruleID, Subject: subject, Subjects: []string{}}
	for n := range results {
		id := e.SubjectID(&results[n])
		if id == subject || subject == "" && len(results) == 1 {
			return &results[n], nil
		}
		missing.Subjects = append(missing.Subjects, id)
	}
	return nil, missing
}

// Explain says why one result is what it is: the rule's text, the facts it
// read with source and time, what is missing, and by which exception or claim
// it passes. An *ErrNoResult says that there is no such result.
func (e *Evaluation) Explain(ruleID, subject string) (*pb.Explanation, error) {
	r, err := e.Find(ruleID, subject)
	if err != nil {
		return nil, err
	}
	x := e.explainer()
	cr := e.Plan.checklist.rules[r.Rule]
	out := &pb.Explanation{
		Finding: x.finding(r), ChecklistDigest: e.Plan.checklist.digest.String(),
		Applies: cr.src.Applies, Check: cr.src.Check,
		Rationale: cr.src.Rationale, Remediation: cr.src.Remediation,
	}
	for _, ref := range cr.src.References {
		out.References = append(out.References, strings.TrimSpace(ref.Document+" "+ref.Section))
	}
	out.Missing = x.missingFacts(x.missing(r))
	if !x.onSubject(r) {
		return out, nil
	}
	if x.replay(r) == score.Error {
		out.Error = x.run.m.Err().Error()
	}
	x.facts(out)
	x.values(out, cr, r)
	return out, nil
}

// facts lists what the replayed rule read.
func (x *explainer) facts(out *pb.Explanation) {
	m, merged := x.run.m, x.e.in.Merged
	seen := map[string]bool{}
	for _, ref := range m.Facts() {
		path := m.Path(ref)
		if seen[path] {
			continue
		}
		seen[path] = true
		value, ok := ref.Value()
		if !ok {
			continue
		}
		read := &pb.FactRead{Path: path, Value: value}
		if o, ok := merged.Source(path); ok {
			read.Source, read.ConfirmedTime = o.Source, timestamp(o.Confirmed)
		}
		out.Facts = append(out.Facts, read)
	}
	sort.Slice(out.Facts, func(a, b int) bool { return out.Facts[a].Path < out.Facts[b].Path })
}

// missingFacts says of what is missing whom to ask, or who has fallen silent.
func (x *explainer) missingFacts(paths []string) (out []*pb.MissingFact) {
	for _, path := range paths {
		mf := &pb.MissingFact{Path: path, Question: x.e.Plan.checklist.question(path)}
		if o, ok := x.stale(path); ok {
			mf.StaleSource, mf.StaleConfirmedTime = o.Source, timestamp(o.Confirmed)
		}
		out = append(out, mf)
	}
	return out
}

// stale is who said something at the path that does not hold any more.
func (x *explainer) stale(path string) (merge.Origin, bool) {
	if x.lost == nil {
		x.lost = map[string][]merge.Origin{}
		for _, s := range x.e.in.Merged.Stale() {
			x.lost[s.Path] = append(x.lost[s.Path], s.Origin)
		}
	}
	var lost []merge.Origin
	for i := range len(path) + 1 {
		if i == len(path) || path[i] == '/' {
			lost = append(lost, x.lost[path[:i]]...)
		}
	}
	if len(lost) == 0 {
		return merge.Origin{}, false
	}
	said := x.e.in.Merged.Said(path)
	if i := slices.IndexFunc(lost, func(o merge.Origin) bool { return slices.Contains(said, o) }); i >= 0 {
		return lost[i], true
	}
	return merge.Origin{}, false
}

// reporters are the sources that report the same of other elements; none where
// the pattern stands for one place alone.
func (x *explainer) reporters(pattern string) []string {
	if !strings.Contains(pattern, "*") {
		return nil
	}
	if x.sources == nil {
		x.sources = map[string][]string{}
	}
	out, ok := x.sources[pattern]
	if !ok {
		out = x.e.in.Merged.Reporters(pattern)
		x.sources[pattern] = out
	}
	return out
}

// values says how applies and check came out, and by which claim a rule passes.
func (x *explainer) values(out *pb.Explanation, cr *compiledRule, r *Result) {
	s := &x.e.Subjects[r.Subject]
	value := func(p *rule.Program) string {
		if p == nil {
			return ""
		}
		x.bind(cr, s)
		return p.Bool(x.run.m).String()
	}
	out.AppliesValue, out.CheckValue = value(cr.applies), value(cr.check)
	if cr.applies == nil {
		out.AppliesValue = "true"
	}
	if r.Exception >= 0 {
		x.bind(cr, s)
		cr.exceptions[r.Exception].when.Bool(x.run.m)
		out.Claim = x.run.m.ClaimUsed()
	}
}
