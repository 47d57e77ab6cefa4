package fleet

import (
	"cmp"
	"context"
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// Estate is what this package reads. An Assessor is one.
type Estate interface {
	ReadSums(ctx context.Context, series string, f func(s *rollup.Sums, now int64) error) error
	WorstSystems(ctx context.Context, series string, from ledger.Rank, n int) ([]*pb.SystemStanding, []ledger.Rank, bool, error)
	Compiled(checklist, version string) (*assess.Checklist, error)
	Plan(c *assess.Checklist, profile string, t *pb.Tailoring) (*assess.Plan, error)
	History() *guides.History
}

var _ Estate = (*assessor.Assessor)(nil)

func notFound(series string) error {
	return fault.NotFound("fleet/"+series, "no system has ever had this series; ListSeries says which a system has")
}

// sums reads the sums of a series' id; NOT_FOUND where there are none.
func sums(ctx context.Context, e Estate, series string, f func(s *rollup.Sums, now int64) error) error {
	return e.ReadSums(ctx, series, func(s *rollup.Sums, now int64) error {
		if s == nil {
			return notFound(series)
		}
		return f(s, now)
	})
}

// Get is how all systems' series of an id stand now.
func Get(ctx context.Context, e Estate, series string) (out *pb.Fleet, err error) {
	err = sums(ctx, e, series, func(s *rollup.Sums, _ int64) error {
		n := s.Newest()
		var counts [score.NumStates]int32
		for i := range counts {
			counts[i] = count(n.At(rollup.States + i))
		}
		out = &pb.Fleet{
			Series: series, Systems: count(n.At(rollup.Systems)),
			Standing: &pb.Standing{
				ChecklistVersion: version(s), Counts: assess.CountsOf(counts),
				Score:          share(n.At(rollup.Score), n.At(rollup.Scored)),
				EffectiveScore: share(n.At(rollup.Effective), n.At(rollup.Scored)),
				Coverage:       share(n.At(rollup.Coverage), n.At(rollup.Covered)),
			},
		}
		for i := range slices.Backward(rollup.Severities[:]) {
			out.FailingBySeverity = append(out.FailingBySeverity, &pb.CountBy{Key: rollup.Severities[i], Value: count(n.At(rollup.SeverityCounter(i)))})
		}
		for i, area := range s.Areas() {
			out.FailingByArea = append(out.FailingByArea, &pb.CountBy{Key: area, Value: count(n.At(rollup.AreaCounter(i)))})
		}
		slices.SortFunc(out.FailingByArea, func(a, b *pb.CountBy) int { return cmp.Compare(a.Key, b.Key) })
		return nil
	})
	return out, err
}

// count is a number as the API has it.
func count(n int64) int32 { return int32(min(n, math.MaxInt32)) }

// share is a sum of millionths divided by how many there are.
func share(sum, n int64) *float64 {
	if n == 0 {
		return nil
	}
	v := float64(sum) / (float64(n) * 1e6)
	return &v
}

// version is the version under which most systems stand; empty where none does.
func version(s *rollup.Sums) string {
	if list := versions(s); len(list) > 0 {
		return list[0]
	}
	return ""
}

// versions are those under which systems stand, that of most systems first.
func versions(s *rollup.Sums) []string {
	all := s.Versions()
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(cmp.Compare(all[b], all[a]), cmp.Compare(b, a)) })
}

// Rules are the rules by how many of their results fail.
func Rules(ctx context.Context, e Estate, series string) (out []*pb.RuleStanding, err error) {
	var under []string
	var at int64
	err = sums(ctx, e, series, func(s *rollup.Sums, now int64) error {
		out, under, at = nil, versions(s), now
		for _, r := range s.Rules() {
			out = append(out, &pb.RuleStanding{
				Rule: r.ID, Pass: count(r.Pass), Fail: count(r.Fail), Unknown: count(r.Unknown), SystemsFailing: count(r.FailingSystems),
			})
		}
		return nil
	})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	if err := describe(e, series, under, out, at); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b *pb.RuleStanding) int {
		return cmp.Or(cmp.Compare(b.Fail, a.Fail), cmp.Compare(b.Unknown, a.Unknown), cmp.Compare(a.Rule, b.Rule))
	})
	return out, nil
}

// describe adds what the checklist says of rules, in the first of the versions
// that has them, with the severities that hold at an instant.
func describe(e Estate, series string, under []string, rules []*pb.RuleStanding, at int64) error {
	checklist, profile, tailoring := guides.SplitSeries(series)
	t := tailored(e, series, tailoring, at)
	for _, v := range under {
		c, err := e.Compiled(checklist, v)
		if err != nil {
			return err
		}
		p, err := e.Plan(c, profile, t)
		if err != nil { // this version cannot take the profile or the tailoring
			if p, err = e.Plan(c, "", nil); err != nil {
				return err
			}
		}
		for _, r := range rules {
			if i, ok := c.RuleIndex(r.Rule); ok && r.Title == "" {
				x := c.Rule(i)
				r.Title, r.Area, r.Severity = x.Title, x.Area, p.Severity(i)
			}
		}
	}
	return nil
}

// tailored is the tailoring that an assignment to the series has at an instant.
func tailored(e Estate, series, tailoring string, at int64) *pb.Tailoring {
	if tailoring == assess.DefaultTailoring {
		return nil
	}
	for _, a := range e.History().At(at).Assignments {
		if a.Series == series {
			return a.Plan.TailoringSource()
		}
	}
	return nil
}

// Worst is a page of systems, the lowest score first, after a key, and the keys
// of the page's rows.
func Worst(ctx context.Context, e Estate, series string, after []byte, n int) ([]*pb.SystemStanding, [][]byte, error) {
	from := ledger.Rank{}
	if len(after) > 0 {
		if len(after) != 8 {
			return nil, nil, fault.InvalidField("page_token", "is damaged; start again without it")
		}
		next := binary.BigEndian.Uint64(after) + 1
		from = ledger.Rank{Value: uint32(next >> 32), N: uint32(next)}
	}
	rows, places, ok, err := e.WorstSystems(ctx, series, from, n)
	if err == nil && !ok {
		err = notFound(series)
	}
	keys := make([][]byte, len(places))
	for i, p := range places {
		keys[i] = binary.BigEndian.AppendUint64(nil, uint64(p.Value)<<32|uint64(p.N))
	}
	return rows, keys, err
}
