package fleet

import (
	"cmp"
	"context"
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// Estate is what this package reads. An Assessor is one.
type Estate interface {
	ReadFleet(ctx context.Context, series string, f func(*past.Fleet) error) error
	ReadFleets(ctx context.Context, f func([]*past.Fleet) error) error
	Compiled(checklist, version string) (*assess.Checklist, error)
	Plan(c *assess.Checklist, profile string, t *pb.Tailoring) (*assess.Plan, error)
	History() *guides.History
}

var _ Estate = (*assessor.Assessor)(nil)

func notFound(series string) error {
	return fault.NotFound("fleet/"+series, "no system has ever had this series; ListSeries says which a system has")
}

// Get is how all systems' series of an id stand now, or of those of a filter.
func Get(ctx context.Context, e Estate, series, filter string) (out *pb.Fleet, err error) {
	err = read(ctx, e, series, filter, func(x *scope) error {
		s := x.sums
		n := s.Newest()
		var counts [score.NumStates]int32
		for i := range counts {
			counts[i] = count(n.At(rollup.States + i))
		}
		out = &pb.Fleet{
			Series: series, Systems: count(n.At(rollup.Systems)), CountedSince: timestamp(x.since),
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

// timestamp is an instant as the API has it; nil for 0.
func timestamp(t int64) *timestamppb.Timestamp {
	if t == 0 {
		return nil
	}
	return envelope.Timestamp(t)
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

// longestNew is how far back counts of new results reach.
const longestNew = 92 * rollup.Day

// Rules are the rules by how many of their results fail. Results count as new that
// began to stand so since an instant, a day ago for 0.
func Rules(ctx context.Context, e Estate, series, filter string, since int64) (*pb.ListFailingRulesResponse, error) {
	out := &pb.ListFailingRulesResponse{}
	var under []string
	var now int64
	err := read(ctx, e, series, filter, func(x *scope) error {
		from, err := newSince("new_since", since, x.Now, longestNew)
		if err != nil {
			return err
		}
		from = rollup.Floor(from, rollup.Hour)
		out.Rules, out.NewSince = nil, envelope.Timestamp(from)
		under, now = versions(x.sums), x.Now
		begun := x.sums.Begun(from)
		for _, r := range x.sums.Rules() {
			out.Rules = append(out.Rules, &pb.RuleStanding{
				Rule: r.ID, Pass: count(r.Pass), Fail: count(r.Fail), Unknown: count(r.Unknown), SystemsFailing: count(r.FailingSystems),
				NewlyFailing: count(begun[r.ID].Failing), NewlyUnknown: count(begun[r.ID].Unknown),
			})
		}
		return nil
	})
	if err != nil || len(out.Rules) == 0 {
		return out, err
	}
	if err := describe(e, series, under, out.Rules, now); err != nil {
		return nil, err
	}
	slices.SortFunc(out.Rules, func(a, b *pb.RuleStanding) int {
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
func Worst(ctx context.Context, e Estate, series, filter string, after []byte, n int) (rows []*pb.SystemStanding, keys [][]byte, err error) {
	from := ledger.Rank{}
	if len(after) > 0 {
		if len(after) != placeSize {
			return nil, nil, damagedPage()
		}
		from = nextPlace(placeOf(after))
	}
	err = read(ctx, e, series, filter, func(x *scope) error {
		rows, keys = nil, nil
		for place := range x.sums.Worst(from) {
			r, err := x.Standing(place.N)
			if err != nil {
				return err
			}
			if rows, keys = append(rows, r), append(keys, appendPlace(nil, place)); len(rows) == n {
				return nil
			}
		}
		return nil
	})
	return rows, keys, err
}

func damagedPage() error {
	return fault.InvalidField("page_token", "is damaged; start again without it")
}

// Places of ordered lists in page tokens.

const placeSize = 8

func appendPlace(b []byte, r ledger.Rank) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, r.Value), r.N)
}

func placeOf(b []byte) ledger.Rank {
	return ledger.Rank{Value: binary.BigEndian.Uint32(b), N: binary.BigEndian.Uint32(b[4:])}
}

// nextPlace is the place after another.
func nextPlace(r ledger.Rank) ledger.Rank {
	if r.N++; r.N == 0 {
		r.Value++
	}
	return r
}
