package assess

import (
	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Summary is an evaluation in numbers.
type Summary struct {
	Raw, Effective score.Result
	Counts         [score.NumStates]int32 // raw, a result each
	Waived         int32                  // failures that a waiver accepts
	Decided        int32                  // results that pass or fail
	Applicable     int32                  // results that count
	groups         []score.Score          // raw, the root first, then as Checklist.groups
}

// Coverage is decided ÷ applicable results; false where none is applicable.
func (s *Summary) Coverage() (float64, bool) {
	if s.Applicable == 0 {
		return 0, false
	}
	return float64(s.Decided) / float64(s.Applicable), true
}

// Summary scores the evaluation by XCCDF's four models, raw and effective.
func (e *Evaluation) Summary() *Summary {
	s := &Summary{}
	for i := range e.Results {
		r := &e.Results[i]
		s.Counts[r.State]++
		if r.Waiver >= 0 {
			s.Waived++
		}
		if r.State.Counted() {
			s.Applicable++
			if r.State == score.Pass || r.State == score.Fail {
				s.Decided++
			}
		}
	}
	tallies := make([]score.Tally, len(e.ranges))
	for i := range e.ranges {
		tallies[i] = e.tally(i, false)
	}
	s.groups = make([]score.Score, len(e.Plan.tree.Groups()))
	s.Raw = e.Plan.tree.Score(tallies, s.groups)
	s.Effective = s.Raw
	if s.Waived > 0 {
		for i := range e.ranges {
			tallies[i] = e.tally(i, true)
		}
		s.Effective = e.Plan.tree.Score(tallies, nil)
	}
	return s
}

// tally counts a rule's results: each by itself where the rule says multiple,
// else combined into one. Effective leaves waived failures out before that.
func (e *Evaluation) tally(rule int, effective bool) score.Tally {
	var t score.Tally
	combined, some := score.State(0), false
	multiple := e.Plan.checklist.rules[rule].src.Multiple
	for _, r := range e.Results[e.ranges[rule][0]:e.ranges[rule][1]] {
		switch {
		case effective && r.Waiver >= 0:
		case multiple:
			t.Add(r.State)
		case some:
			combined = score.And(combined, r.State)
		default:
			combined, some = r.State, true
		}
	}
	if some {
		t.Add(combined)
	}
	return t
}

// CountsOf puts counts by state into a message.
func CountsOf(c [score.NumStates]int32) *pb.Counts {
	return &pb.Counts{
		Pass: c[score.Pass] + c[score.Fixed], Fail: c[score.Fail], Error: c[score.Error], Unknown: c[score.Unknown],
		Notapplicable: c[score.NotApplicable], Notchecked: c[score.NotChecked],
		Notselected: c[score.NotSelected], Informational: c[score.Informational],
	}
}

// Assessment puts the evaluation into a message. The fields that belong to a
// series (name, recorded time, cause, digests of policy and claims) are left
// to the caller.
func (e *Evaluation) Assessment() *pb.Assessment {
	s, c := e.Summary(), e.Plan.checklist
	a := &pb.Assessment{
		Checklist: c.src.Id, ChecklistVersion: c.src.Version, ChecklistDigest: c.digest.String(),
		Profile: e.Plan.profile, Tailoring: e.Plan.tailoring.Id, TailoringDigest: e.Plan.digest.String(),
		InventoryDigest: e.InventoryDigest().String(), EngineVersion: EngineVersion, Digest: e.Digest().String(),
		EffectiveTime: timestamp(e.At), ValidUntil: timestamp(e.ValidUntil),
		Raw: scoresOf(s.Raw, s.Counts), Warnings: intake.Warnings(e.in.Merged.Inventory),
	}
	effective := s.Counts
	effective[score.Fail] -= s.Waived
	a.Effective = scoresOf(s.Effective, effective)
	if cov, ok := s.Coverage(); ok {
		a.Coverage = &cov
	}
	ids := e.Plan.tree.Groups()
	for i, g := range s.groups[1:] {
		a.Groups = append(a.Groups, e.groupScore(ids[i+1], g))
	}
	for i := range c.rules {
		a.Rules = append(a.Rules, e.ruleResult(i))
	}
	return a
}

func scoresOf(r score.Result, counts [score.NumStates]int32) *pb.Scores {
	out := &pb.Scores{Counts: CountsOf(counts)}
	for _, m := range []struct {
		urn   string
		score score.Score
	}{
		{score.ModelDefault, r.Default}, {score.ModelFlat, r.Flat},
		{score.ModelFlatUnweighted, r.FlatUnweighted}, {score.ModelAbsolute, r.Absolute},
	} {
		p := &pb.Score{Model: m.urn}
		if m.score.OK {
			p.Value, p.Maximum = &m.score.Value, &m.score.Maximum
		}
		out.Scores = append(out.Scores, p)
	}
	return out
}

func (e *Evaluation) groupScore(id string, g score.Score) *pb.GroupScore {
	out := &pb.GroupScore{Group: id, Weight: 1}
	for _, gi := range e.Plan.checklist.groups {
		if gi.src.Id == id {
			out.Title, out.Depth = gi.src.Title, int32(gi.depth)
			if gi.src.Weight != nil {
				out.Weight = *gi.src.Weight
			}
		}
	}
	if g.OK {
		out.Score = &g.Value
	}
	return out
}

func (e *Evaluation) ruleResult(i int) *pb.RuleResult {
	r, pr := e.Plan.checklist.rules[i].src, e.Plan.rules[i]
	out := &pb.RuleResult{
		Rule: r.Id, Title: r.Title, Area: r.Area, Severity: pr.severity, Weight: pr.weight,
		State: e.combined(i).String(),
	}
	var counts [score.NumStates]int32
	for _, res := range e.Results[e.ranges[i][0]:e.ranges[i][1]] {
		counts[res.State]++
		if res.Waiver >= 0 {
			out.Waived++
		}
	}
	out.Counts = CountsOf(counts)
	return out
}

// ScoreGain is by how much the default model's raw score rises if all failing
// results of one rule pass; 0 where there is no score.
func (e *Evaluation) ScoreGain(rule int) float64 {
	tallies := make([]score.Tally, len(e.ranges))
	for i := range e.ranges {
		tallies[i] = e.tally(i, false)
	}
	before := e.Plan.tree.Score(tallies, nil)
	rg := e.ranges[rule]
	saved := append([]Result(nil), e.Results[rg[0]:rg[1]]...)
	mended := &Evaluation{Plan: e.Plan, Results: saved, ranges: make([][2]int32, len(e.ranges))}
	mended.ranges[rule] = [2]int32{0, int32(len(saved))}
	for i := range saved {
		if saved[i].State == score.Fail {
			saved[i].State = score.Pass
		}
	}
	tallies[rule] = mended.tally(rule, false)
	after := e.Plan.tree.Score(tallies, nil)
	if !before.Default.OK || !after.Default.OK {
		return 0
	}
	return after.Default.Value - before.Default.Value
}
