package assess

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/question"
	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Questionnaire is what to ask people: the facts for want of which results are
// unknown, the claims for want of which exceptions are not in force, and the facts
// that would say whom such claims are about, what
// decides most results first. What no answer could mend, such as a key that a
// table of the checklist lacks, is no question, but keeps a result from being
// decided by another's answer.
//
// It runs each unknown result's rule once more, and each failing one's whose
// exceptions rest on claims once for each claim wanted.
func (e *Evaluation) Questionnaire() []*pb.Question {
	x := e.explainer()
	x.run.m.RecordWanted()
	q := &inquiry{x: x, book: question.NewBook(), byRef: map[rule.FactRef]*question.Item{}}
	for i := range e.Results {
		switch r := &e.Results[i]; {
		case r.State == score.Unknown && r.Subject >= 0:
			q.unknown(r)
		case r.State == score.Fail:
			q.failed(r)
		}
	}
	return q.book.Questions(func(i int32) string { return e.Plan.checklist.rules[i].src.Id })
}

// inquiry finds out what results want.
type inquiry struct {
	x     *explainer
	book  *question.Book
	byRef map[rule.FactRef]*question.Item
}

// unknown adds what one unknown result lacks.
func (q *inquiry) unknown(r *Result) {
	var own []*question.Item
	var groups []rule.FactRef
	seen := map[rule.FactRef]bool{}
	for _, ref := range q.x.lacks(r) {
		switch _, shared := ref.Shared(); {
		case seen[ref]:
		case shared:
			groups = append(groups, ref)
		default:
			own = append(own, q.ref(ref))
		}
		seen[ref] = true
	}
	if q.x.isOpenList(r) {
		own = append(own, q.fact(strings.TrimSuffix(q.x.e.SubjectID(r), openSuffix)))
	}
	q.book.Lack(r.Rule, own, q.together(groups))
}

// together is what groups of facts are lacked together; nil for no group.
func (q *inquiry) together(groups []rule.FactRef) *question.Shared {
	if len(groups) == 0 {
		return nil
	}
	slices.SortFunc(groups, func(a, b rule.FactRef) int { return cmp.Compare(uintptr(a.Base), uintptr(b.Base)) })
	var key []byte
	for _, g := range groups {
		key = binary.BigEndian.AppendUint64(key, uint64(uintptr(g.Base)))
	}
	return q.book.Shared(string(key), func() (all []*question.Item) {
		for _, g := range groups {
			refs, _ := g.Shared()
			for _, ref := range refs {
				all = append(all, q.ref(ref))
			}
		}
		return all
	})
}

// ref is what is wanted by the name of one missing fact.
func (q *inquiry) ref(ref rule.FactRef) *question.Item {
	it := q.byRef[ref]
	if it == nil {
		it = q.fact(q.x.run.m.Path(ref))
		q.byRef[ref] = it
	}
	return it
}

// fact is the item of the fact at a path.
func (q *inquiry) fact(path string) *question.Item {
	return q.book.Item(path, func() *pb.Question { return q.factQuestion(path) })
}

// factQuestion is the question for the fact at a path; nil where nobody can be
// asked.
func (q *inquiry) factQuestion(path string) *pb.Question {
	p, ok := attest.Locate(path)
	if !ok || p.Form == attest.Key {
		return nil
	}
	out := &pb.Question{Kind: "fact", Subject: p.Subject, Fact: p.Fact, Type: p.Type(), State: "missing"}
	switch p.Form {
	case attest.Declared:
		d := q.x.e.Plan.checklist.declared(path)
		out.Question, out.Type = d.GetQuestion(), d.GetType()
	case attest.Scalar, attest.Texts, attest.Entry:
		out.Question = question.Of(p)
		if merge.Atomic(p.Field.Parent) && q.known(path) {
			out.Kind, out.Question = "list", question.Whole(p)
		}
	default:
		out.Kind, out.Question = "list", question.Of(p)
	}
	if o, ok := q.x.stale(path); ok {
		out.State, out.StaleSource, out.StaleConfirmedTime = "stale", o.Source, timestamp(o.Confirmed)
	}
	out.Sources = q.x.reporters(p.Pattern)
	return out
}

// known tells whether the message is reported that the path's last step is in.
func (q *inquiry) known(path string) bool {
	_, ok := q.x.e.in.Merged.Source(path[:max(0, strings.LastIndexByte(path, '/'))])
	return ok
}

// unnamed adds the facts that say whom the claims are about that a failing
// result wants. They decide nothing by themselves: without the claim it fails.
func (q *inquiry) unnamed(r *Result, refs []rule.FactRef) {
	asked := map[*question.Item]bool{}
	for _, ref := range refs {
		all := []rule.FactRef{ref}
		if together, shared := ref.Shared(); shared {
			all = together
		}
		for _, one := range all {
			if it := q.ref(one); !asked[it] {
				asked[it] = true
				it.Count(r.Rule, 1, 0)
			}
		}
	}
}

// mostClaims is for how many claims that one result wants it is tried whether
// they alone would make it pass.
const mostClaims = 16

// failed adds the claims that the exceptions of a failing result want.
func (q *inquiry) failed(r *Result) {
	c := q.x.e.Plan.checklist.rules[r.Rule]
	if r.Subject < 0 || !slices.ContainsFunc(c.exceptions, func(x exception) bool { return x.claims }) {
		return
	}
	m := q.x.run.m
	q.x.replay(r)
	q.unnamed(r, m.Unnamed())
	for i, claim := range m.Wanted() {
		if claim.Subject == "" {
			continue // the fact that says whom it is about comes first
		}
		it := q.book.Item("\x00"+claim.ID+"\x00"+claim.Subject, func() *pb.Question {
			return &pb.Question{
				Kind: "claim", Subject: claim.Subject, Claim: claim.ID, State: "missing",
				Question: q.x.e.Plan.checklist.claims[claim.ID].GetQuestion(),
			}
		})
		decides := int32(0)
		if i < mostClaims {
			m.Suppose(claim)
			if q.x.replay(r) == score.Pass {
				decides = 1
			}
		}
		it.Count(r.Rule, 1, decides)
	}
	m.Suppose(rule.WantedClaim{})
}
