package assess

import (
	"slices"
	"sort"
	"strings"

	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Fixes are the failing rules, the most urgent first: by severity, then by the
// score that mending them gains, then in the checklist's order. Failures that
// a waiver accepts do not count.
func (e *Evaluation) Fixes() []*pb.Fix {
	var out []*pb.Fix
	for i, c := range e.Plan.checklist.rules {
		f := &pb.Fix{
			Rule: c.src.Id, Title: c.src.Title, Area: c.src.Area, Severity: e.Plan.rules[i].severity, Remediation: c.src.Remediation,
		}
		for n := e.ranges[i][0]; n < e.ranges[i][1]; n++ {
			r := &e.Results[n]
			if r.State == score.Fail && r.Waiver < 0 {
				f.Failing++
				f.Subjects = append(f.Subjects, e.SubjectID(r))
				f.Hosts = append(f.Hosts, e.hostsOf(r)...)
			}
		}
		if f.Failing > 0 {
			f.ScoreGain = e.ScoreGain(i)
			slices.Sort(f.Hosts)
			f.Hosts = slices.Compact(f.Hosts)
			out = append(out, f)
		}
	}
	sort.SliceStable(out, func(a, b int) bool {
		if x, y := SeverityRank(out[a].Severity), SeverityRank(out[b].Severity); x != y {
			return x > y
		}
		return out[a].ScoreGain > out[b].ScoreGain
	})
	return out
}

// hostsOf are the hosts that a result's subject stands on, those of both ends
// for a pair.
func (e *Evaluation) hostsOf(r *Result) (out []string) {
	if r.Subject < 0 {
		return nil
	}
	s := &e.Subjects[r.Subject]
	if h := s.Host(); h != "" {
		return []string{h}
	}
	if s.left == nil {
		return nil
	}
	for end := range strings.SplitSeq(s.text, "|") {
		if below, ok := strings.CutPrefix(end, "hosts/"); ok {
			id, _, _ := strings.Cut(below, "/")
			out = append(out, shape.KeyOfPath(id))
		}
	}
	return out
}
