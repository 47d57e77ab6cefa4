package guides

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/rollup"
)

// Guide is what holds for all systems from one instant to the next: policy,
// assignments, and the versions that "latest" stands for. It is immutable.
type Guide struct {
	From  int64  // microseconds since 1970 UTC
	Epoch uint64 // its place in the History

	Policy       *merge.Policy
	PolicySource *pb.Policy
	PolicyDigest digest.Digest
	Shortest     int64 // the least freshness of any source and fact, in microseconds

	Labels []rollup.Label // by which systems are counted

	Assignments []*Assignment
	problems    map[string]string // assignments' ids → why their newest version cannot be used
}

// Assignment is an assignment with what it stands for at an instant.
type Assignment struct {
	Source *pb.Assignment
	ID     string
	Series string // "{checklist}~{profile}~{tailoring}"
	Plan   *assess.Plan
}

// same tells whether two guides made of the same content say the same.
func (g *Guide) same(o *Guide) bool {
	return g.PolicyDigest == o.PolicyDigest && proto.Equal(g.PolicySource, o.PolicySource) && maps.Equal(g.problems, o.problems) && slices.Equal(g.Labels, o.Labels) &&
		slices.EqualFunc(g.Assignments, o.Assignments, func(a, b *Assignment) bool { return a.Source == b.Source && a.Plan == b.Plan })
}

// Series is the plan that makes a series of a system, or nil.
func (g *Guide) Series(id, system string, sys *pb.System) *assess.Plan {
	for _, a := range g.Assignments {
		if a.Series == id && Selects(a.Source.Selector, system, sys) {
			return a.Plan
		}
	}
	return nil
}

// History is all guides by instant. It is immutable.
type History struct {
	list []*Guide // ascending by From; the first holds since ever
}

// At is the guide that holds at an instant.
func (h *History) At(t int64) *Guide {
	i, _ := slices.BinarySearchFunc(h.list, t, func(g *Guide, t int64) int {
		if g.From <= t {
			return -1
		}
		return 1
	})
	return h.list[max(i-1, 0)]
}

// Next is the least instant after t at which another guide comes into force,
// or assess.Forever.
func (h *History) Next(t int64) int64 {
	if i := int(h.At(t).Epoch) + 1; i < len(h.list) {
		return h.list[i].From
	}
	return assess.Forever
}

// After is the instant at which the guide after an epoch comes into force, or
// assess.Forever. An epoch that is not there counts as the last.
func (h *History) After(epoch uint64) int64 {
	if epoch+1 < uint64(len(h.list)) {
		return h.list[epoch+1].From
	}
	return assess.Forever
}
