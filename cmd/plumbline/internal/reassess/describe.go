package reassess

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/await"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/prove"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// run is what people want to know of a run, or a verification.
type run struct {
	state, by, what, problem string
	created, ended           *timestamppb.Timestamp
	done, total, failed      int32
	counts                   [][2]string // what came of it, with names
	cells                    []string    // assessed, changed, failed
}

// describe reads an operation's metadata.
func describe(op *longrunningpb.Operation) (*run, error) {
	r, v := &pb.ReassessSystemsMetadata{}, &pb.VerifyAssessmentsMetadata{}
	if op.GetMetadata().MessageIs(v) {
		if err := op.GetMetadata().UnmarshalTo(v); err != nil {
			return nil, err
		}
		return &run{
			state: v.GetState(), by: by(v.GetScheduledRun(), v.GetActor()), what: prove.What(v.GetRequest()), problem: v.GetProblem(),
			created: v.GetCreateTime(), ended: v.GetEndTime(), done: v.GetSystemsDone(), total: v.GetSystemsTotal(),
			counts: [][2]string{{"states", fmt.Sprintf("%d of %d", v.GetStatesDone(), v.GetStatesTotal())}, {"differences", cli.Number(v.GetDifferenceCount())}},
			cells:  []string{"", "", ""},
		}, nil
	}
	if err := op.GetMetadata().UnmarshalTo(r); err != nil {
		return nil, fmt.Errorf("%s is no run that this version knows: %w", op.GetName(), err)
	}
	cells := []string{cli.Number(r.GetSystemsAssessed()), cli.Number(r.GetSystemsChanged()), cli.Number(r.GetSystemsFailed())}
	out := &run{
		state: r.GetState(), by: by(r.GetScheduledRun(), r.GetActor()), what: what(r.GetRequest()), problem: r.GetProblem(),
		created: r.GetCreateTime(), ended: r.GetEndTime(), done: r.GetSystemsDone(), total: r.GetSystemsTotal(), failed: r.GetSystemsFailed(),
		counts: [][2]string{{"assessed", cells[0]}, {"changed", cells[1]}, {"not assessed", ""}}, cells: cells,
	}
	if out.failed > 0 {
		out.counts[2][1] = cells[2]
	}
	return out, nil
}

// line says how far it is.
func (r *run) line() string {
	out := fmt.Sprintf("%s %s %s", await.Bar(r.done, r.total), r.state, r.progress())
	for _, c := range r.counts {
		if c[1] != "" {
			out += ", " + c[1] + " " + c[0]
		}
	}
	return out
}

func (r *run) progress() string { return fmt.Sprintf("%d of %d", r.done, r.total) }

// what says in words what a run is for.
func what(r *pb.ReassessSystemsRequest) string {
	parts := []string{"what is due"}
	if r.GetFull() {
		parts[0] = "everything"
	}
	s := r.GetSelector()
	if len(s.GetSystems()) > 0 {
		parts = append(parts, "of "+render.List(s.GetSystems(), 4))
	}
	for _, x := range [][2]string{{"product ", s.GetProduct()}, {"environment ", s.GetEnvironment()}, {"checklist ", r.GetChecklist()}} {
		if x[1] != "" {
			parts = append(parts, x[0]+x[1])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s.GetLabels())) {
		parts = append(parts, k+"="+s.GetLabels()[k])
	}
	return strings.Join(parts, ", ")
}

func by(scheduled, actor string) string {
	if scheduled != "" {
		return "the calendar's " + scheduled
	}
	return actor
}
