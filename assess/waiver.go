package assess

import (
	"slices"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// waiverIndex finds the waiver that accepts a failure.
type waiverIndex struct {
	waivers []*pb.Waiver
}

func indexWaivers(w []*pb.Waiver) waiverIndex { return waiverIndex{waivers: w} }

// find returns the index of the waiver in force for a failure, the one that
// lasts longest, or -1; and the instant until which that holds, which is at
// most until.
func (x waiverIndex) find(c *compiledRule, s *Subject, at, until int64) (int32, int64) {
	best, bestEnd := int32(-1), int64(0)
	for i, w := range x.waivers {
		if !covers(w, c, s) {
			continue
		}
		start, end := instant(w.StartTime), instant(w.ExpireTime)
		switch {
		case at < start:
			until = min(until, start)
		case at < end && (best < 0 || end > bestEnd):
			best, bestEnd = int32(i), end
		}
	}
	if best >= 0 {
		until = min(until, bestEnd)
	}
	return best, until
}

func covers(w *pb.Waiver, c *compiledRule, s *Subject) bool {
	if w.Rule != "" && w.Rule != c.src.Id || w.Area != "" && w.Area != c.src.Area {
		return false
	}
	if w.Rule == "" && w.Area == "" {
		return false
	}
	return len(w.Subjects) == 0 || slices.Contains(w.Subjects, s.ID())
}
