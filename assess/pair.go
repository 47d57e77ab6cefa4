package assess

import (
	"slices"
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Pairs relate two lists' elements whose keys are equal: "no other role shares
// this host", "one database server serves two sites". The right elements are
// put into buckets by key, and each left element looks into one, so that the
// cost grows with the elements and the pairs found, never with their product.

// unknownPair is the subject of what a pair rule could not look at: an element
// whose key is not known, or that a list may still have.
const unknownPair = "pairs" + openSuffix

// pairs runs a pair rule.
func (r *run) pairs(i int, c *compiledRule) {
	start := len(r.e.Results)
	left, right := r.side(c, true), r.side(c, false)
	buckets := make(map[string][]unsafe.Pointer, len(right.elems))
	for _, x := range right.elems {
		buckets[x.key] = append(buckets[x.key], x.elem)
	}
	for _, l := range left.elems {
		for _, re := range buckets[l.key] {
			if l.elem == re {
				continue // nothing stands beside itself
			}
			at := r.pairSubject(l.elem, re)
			r.m.Pair(l.elem, re)
			state, exception := r.state(c)
			r.append(i, &r.e.Subjects[at], at, state, exception)
		}
	}
	switch all := rule.And(left.all, right.all); {
	case all != rule.True && !left.nobody() && !right.nobody():
		at := int32(len(r.e.Subjects))
		r.e.Subjects = append(r.e.Subjects, Subject{text: unknownPair})
		state := score.Unknown
		if all == rule.Error {
			state = score.Error
		}
		r.append(i, &r.e.Subjects[at], at, state, -1)
	case len(r.e.Results) == start:
		r.single(i, score.NotApplicable)
	}
	// Which pairs there are may change as long as the lists and the keys may.
	for n := start; n < len(r.e.Results); n++ {
		res := &r.e.Results[n]
		res.ValidUntil = min(res.ValidUntil, left.until, right.until)
	}
}

// side is one side of a pair rule: its elements that have a known key.
type side struct {
	elems []keyedElem
	all   rule.Tri // True: there are no others
	until int64    // until when that stays so
}

type keyedElem struct {
	key  string
	elem unsafe.Pointer
}

// nobody tells whether the side is known to be empty: then there are no pairs,
// whatever the other side has.
func (s side) nobody() bool { return len(s.elems) == 0 && s.all == rule.True }

// side finds one side's elements. The machine then holds what was missing.
func (r *run) side(c *compiledRule, left bool) side {
	r.m.Pair(nil, nil)
	list, key := c.pair.Right, c.pair.RightKey
	if left {
		list, key = c.pair.Left, c.pair.LeftKey
	}
	elems, all := list(r.m)
	s := side{all: all}
	var b []byte
	for _, e := range slices.Clone(elems) {
		var known rule.Tri
		b, known = key(r.m, e, b[:0])
		if known != rule.True {
			s.all = rule.And(s.all, known)
			continue
		}
		s.elems = append(s.elems, keyedElem{string(b), e})
	}
	s.until = r.m.Horizon()
	return s
}

// pairSubject adds a pair to the subjects.
func (r *run) pairSubject(left, right unsafe.Pointer) int32 {
	at := int32(len(r.e.Subjects))
	r.e.Subjects = append(r.e.Subjects, Subject{left: left, right: right, text: r.title(left) + "|" + r.title(right)})
	return at
}

// title is an element's path, as subjects are written.
func (r *run) title(elem unsafe.Pointer) string {
	if r.paths == nil {
		inv := r.e.in.Merged.Inventory
		sys := inv.System
		if sys == nil {
			sys = &pb.System{}
		}
		r.paths = fact.NewPaths(inv, sys)
	}
	path, ok := r.paths.Of(elem, nil)
	if !ok {
		return "?"
	}
	return path
}
