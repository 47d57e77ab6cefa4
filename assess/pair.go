package assess

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/score"
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
	left, open := r.keyed(c, true)
	right, openRight := r.keyed(c, false)
	buckets := make(map[string][]unsafe.Pointer, len(right))
	for _, x := range right {
		buckets[x.key] = append(buckets[x.key], x.elem)
	}
	for _, l := range left {
		for _, re := range buckets[l.key] {
			if l.elem == re {
				continue // nothing stands beside itself
			}
			at := r.pairSubject(l.elem, re)
			r.m.Pair(l.elem, re)
			state, exception := r.state(c)
			r.append(i, c, &r.e.Subjects[at], at, state, exception)
		}
	}
	// A list that may have more can make more pairs, unless the other is whole
	// and empty.
	nobody := len(left) == 0 && open == rule.True || len(right) == 0 && openRight == rule.True
	switch {
	case (open != rule.True || openRight != rule.True) && !nobody:
		at := int32(len(r.e.Subjects))
		r.e.Subjects = append(r.e.Subjects, Subject{text: unknownPair})
		state := score.Unknown
		if open == rule.Error || openRight == rule.Error {
			state = score.Error
		}
		r.append(i, c, &r.e.Subjects[at], at, state, -1)
	case len(r.e.Results) == start:
		r.single(i, score.NotApplicable)
	}
}

// keyedElem is an element with its key.
type keyedElem struct {
	key  string
	elem unsafe.Pointer
}

// keyed lists one side's elements that have a known key. True says that those
// are all.
func (r *run) keyed(c *compiledRule, left bool) (out []keyedElem, open rule.Tri) {
	r.m.Pair(nil, nil)
	list, key := c.pair.Right, c.pair.RightKey
	if left {
		list, key = c.pair.Left, c.pair.LeftKey
	}
	elems, open := list(r.m)
	elems = append([]unsafe.Pointer(nil), elems...)
	var b []byte
	for _, e := range elems {
		var known rule.Tri
		b, known = key(r.m, e, b[:0])
		if known != rule.True {
			open = rule.And(open, known)
			continue
		}
		out = append(out, keyedElem{string(b), e})
	}
	return out, open
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
		r.paths = fact.NewPaths(inv, inv.System)
	}
	path, ok := r.paths.Of(elem, nil)
	if !ok {
		return "?"
	}
	return path
}
