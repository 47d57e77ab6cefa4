package history

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/past"
)

// Limits of what a comparison says of single flips.
const (
	explained    = 200 // flips of which facts are told
	factsPerFlip = 20
)

// Ref names a state.
type Ref struct {
	System, Series string
	Version        string // evaluates under this version of the checklist instead of the one in force
	When           past.When
}

// Compare says what differs between two states, and for states of one series
// why. At most limit flips are listed.
func Compare(ctx context.Context, e Estate, before, after Ref, limit int) (*pb.Comparison, error) {
	var sides [2]side
	for i, ref := range []Ref{before, after} {
		p, err := e.PastAt(ctx, ref.System, ref.Series, ref.Version, ref.When)
		if err != nil {
			return nil, below([]string{"before.", "after."}[i], err)
		}
		if sides[i], err = open(p, assess.EngineVersion, ref.Version != ""); err != nil {
			return nil, err
		}
	}
	return compare(ctx, e, sides[0], sides[1], limit)
}

// below puts the fields that an error names below a field of the request.
func below(field string, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Violations) == 0 {
		return err
	}
	bad := slices.Clone(f.Violations)
	for i := range bad {
		bad[i].Field = field + bad[i].Field
	}
	return fault.Invalid(bad...)
}

func compare(ctx context.Context, e Estate, before, after side, limit int) (*pb.Comparison, error) {
	out := &pb.Comparison{Before: before.standing(), After: after.standing()}
	list := flips(before.results, after.results)
	byUrgency(list)
	out.Flipped = int32(len(list))
	causes := map[resultKey]string{}
	if before.past.System == after.past.System && before.past.Series == after.past.Series {
		r, err := attribute(ctx, e, before, after)
		if err != nil {
			return nil, err
		}
		out.Attribution, causes = r.parts, r.causes
	}
	for i, f := range list[:min(limit, len(list))] {
		row := &pb.AttributedFlip{Rule: f.rule, Subject: f.subject, Before: f.before, After: f.after, Cause: causes[resultKey{f.rule, f.subject}]}
		if i < explained {
			row.Facts = factChanges(before.eval, after.eval, f)
		}
		out.Flips = append(out.Flips, row)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *side) standing() *pb.Standing {
	return standing(s.eval.Plan.Checklist().Version(), s.summary)
}

// factChanges are the facts that a result read and that differ. A fact that one
// side did not come to read is no difference unless it is missing there: the
// first fact that decided otherwise was read, or sought, by both.
func factChanges(before, after *assess.Evaluation, f flip) (out []*pb.FactChange) {
	b, errB := before.Explain(f.rule, f.subject)
	a, errA := after.Explain(f.rule, f.subject)
	if errB != nil || errA != nil {
		return nil // one side has no such result, and so no facts
	}
	was, is := map[string]*pb.FactRead{}, map[string]*pb.FactRead{}
	for _, r := range b.Facts {
		was[r.Path] = r
	}
	for _, r := range a.Facts {
		is[r.Path] = r
		old := was[r.Path]
		_, known := before.Merged().Source(r.Path)
		if old == nil && known || old != nil && old.Value == r.Value {
			continue
		}
		out = append(out, &pb.FactChange{Path: r.Path, Before: old.GetValue(), After: r.Value, Source: r.Source})
	}
	silent := map[string]string{}
	for _, m := range a.Missing {
		silent[m.Path] = m.StaleSource
	}
	for _, r := range b.Facts {
		if _, known := after.Merged().Source(r.Path); known || is[r.Path] != nil {
			continue
		}
		change := &pb.FactChange{Path: r.Path, Before: r.Value, Source: r.Source}
		if s := silent[r.Path]; s != "" {
			change.Source = s
		}
		out = append(out, change)
	}
	slices.SortFunc(out, func(x, y *pb.FactChange) int { return strings.Compare(x.Path, y.Path) })
	return out[:min(len(out), factsPerFlip)]
}
