package assess

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/assess/shape"
	"github.com/plumbline/plumbline/assess/waive"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// waivedRules are the indexes of the rules that a waiver covers, and of those
// that it would cover if they still asked what they asked when it was approved.
func (c *Checklist) waivedRules(w *pb.Waiver) (covered, outdated []int32) {
	if w.Checklist != "" && w.Checklist != c.src.Id || w.Rule == "" && w.Area == "" {
		return nil, nil
	}
	asks := make(map[string]string, len(w.Asks))
	for _, a := range w.Asks {
		asks[a.Rule] = a.Digest
	}
	for i, r := range c.rules {
		if w.Rule != "" && w.Rule != r.src.Id || w.Area != "" && w.Area != r.src.Area {
			continue
		}
		switch asked, listed := asks[r.src.Id]; {
		case len(asks) == 0, asked == r.ask.String():
			covered = append(covered, int32(i))
		case listed, w.Rule != "":
			outdated = append(outdated, int32(i))
		}
	}
	return covered, outdated
}

// waive finds the waiver in force for a failure, the one that was filed to last
// longest, or -1; and the instant until which that holds, which is at most until.
func (r *run) waive(rule int, s *Subject, until int64) (int32, int64) {
	if len(r.e.in.Waivers) == 0 {
		return -1, until
	}
	if r.waived == nil {
		r.waived = waive.NewIndex(r.e.in.Waivers, r.e.At, func(w *pb.Waiver) []int32 {
			covered, _ := r.e.Plan.checklist.waivedRules(w)
			return covered
		})
	}
	return r.waived.Find(int32(rule), waivable{r, s}, r.e.At, until)
}

// WaiverOf is the waiver that accepts a result; nil where none does. It is read
// only.
func (e *Evaluation) WaiverOf(r *Result) *pb.Waiver {
	if r.Waiver < 0 {
		return nil
	}
	return e.in.Waivers[r.Waiver]
}

// waivable is a subject as waivers look at it.
type waivable struct {
	run *run
	*Subject
}

// Labelled tells whether the subject stands on a host that has all the labels.
// A pair does if one of its ends does.
func (s waivable) Labelled(labels map[string]string) bool {
	if s.left == nil {
		return labelled(s.host, labels)
	}
	return labelled(s.run.hostOf(s.left), labels) || labelled(s.run.hostOf(s.right), labels)
}

func labelled(host unsafe.Pointer, labels map[string]string) bool {
	if host == nil {
		return false
	}
	own := shape.As[pb.Host](host).Labels
	for k, v := range labels {
		if got, ok := own[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// hostOf is the host on which an element of the inventory stands, or nil.
func (r *run) hostOf(elem unsafe.Pointer) unsafe.Pointer {
	below, ok := strings.CutPrefix(r.title(elem), hostsField.Name+"/")
	if !ok {
		return nil
	}
	if r.hosts == nil {
		r.hosts = map[string]unsafe.Pointer{}
		for _, h := range hostsField.Elems(shape.Ptr(r.e.in.Merged.Inventory)) {
			r.hosts[pathKey(hostShape, h)] = h
		}
	}
	step, _, _ := strings.Cut(below, "/")
	return r.hosts[step]
}

// WaiverUse is what a waiver does in an evaluation, in numbers.
type WaiverUse struct {
	Failures int // results that fail and that it covers
	Passes   int // results that pass, and that it would cover if they failed
	Others   int // results in another state that it would cover
	Outdated int // rules that it is about and that ask something else by now
}

// Review says what a waiver covers of the evaluation's results, whether or not
// it is in force, and whether or not another one covers the same. Results of
// rules that were not run on subjects, such as those not selected, do not
// count. It looks at the results of the waiver's rules alone.
func (e *Evaluation) Review(w *pb.Waiver) WaiverUse {
	covered, outdated := e.Plan.checklist.waivedRules(w)
	use := WaiverUse{Outdated: len(outdated)}
	r := &run{e: e}
	index := waive.Always(w, covered)
	for _, i := range covered {
		for n := e.ranges[i][0]; n < e.ranges[i][1]; n++ {
			res := &e.Results[n]
			if res.Subject < 0 {
				continue
			}
			if found, _ := index.Find(i, waivable{r, &e.Subjects[res.Subject]}, e.At, Forever); found < 0 {
				continue
			}
			switch res.State {
			case score.Fail:
				use.Failures++
			case score.Pass, score.Fixed:
				use.Passes++
			default:
				use.Others++
			}
		}
	}
	return use
}

// RulesOf are the ids of the rules that a waiver is about, whether or not they
// ask what they asked when it was approved, in the checklist's order.
func (c *Checklist) RulesOf(w *pb.Waiver) []string {
	covered, outdated := c.waivedRules(w)
	all := slices.Concat(covered, outdated)
	slices.Sort(all)
	out := make([]string, len(all))
	for n, i := range all {
		out[n] = c.rules[i].src.Id
	}
	return out
}
