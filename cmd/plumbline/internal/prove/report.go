package prove

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Verdict is the error of a verification that found something wrong.
func Verdict(r *pb.VerifyAssessmentsResponse) error {
	if n := int(r.GetDifferenceCount()); n > 0 {
		return fmt.Errorf("%s found", cli.Count(n, "difference"))
	}
	return nil
}

// What says in words what a verification is for.
func What(r *pb.VerifyAssessmentsRequest) string {
	parts := []string{"verify everything"}
	if r.GetSample() > 0 {
		parts[0] = "verify about " + cli.Count(int(r.GetSample()), "state")
	}
	if len(r.GetSystems()) > 0 {
		parts = append(parts, "of "+render.List(r.GetSystems(), 4))
	}
	if len(r.GetSeries()) > 0 {
		parts = append(parts, "series "+render.List(r.GetSeries(), 4))
	}
	if r.GetRecorded() {
		parts = append(parts, "what is recorded")
	}
	return strings.Join(parts, ", ")
}

func instant(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().Format(time.RFC3339Nano)
}

// Table shows to people what a verification found.
func Table(v *render.View, r *pb.VerifyAssessmentsResponse) {
	var rows [][]string
	for _, d := range r.GetDifferences() {
		rows = append(rows, []string{d.GetKind(), d.GetSystem(), d.GetSeries(), instant(d.GetEffectiveTime()), instant(d.GetRecordedTime()), d.GetDetail()})
	}
	if len(rows) > 0 {
		v.Table([]string{"KIND", "SYSTEM", "SERIES", "EFFECTIVE", "RECORDED", "WHAT"}, rows, "")
	}
	if more := int(r.GetDifferenceCount()) - len(rows); more > 0 {
		v.Line("and %d more", more)
	}
	v.Line("%s of %s recomputed, %d the same, %s, %d states a second", cli.Count(int(r.GetStates()), "state"), cli.Count(int(r.GetSystems()), "system"),
		r.GetSame(), cli.Count(int(r.GetDifferenceCount()), "difference"), r.GetStatesPerSecond())
	if n := r.GetOtherEngine() + r.GetEngineChanged(); n > 0 {
		v.Line("engine changed: %d of another version than %s, %d of them with other results under this one", n, r.GetEngineVersion(), r.GetEngineChanged())
	}
	if n := int(r.GetLaggingSystems()); n > 0 {
		v.Line("%s last evaluated by another version of the engine; plumbline reassess --all evaluates them by this one", cli.Count(n, "system"))
	}
	if n := r.GetInputsGone(); n > 0 {
		v.Line("%d could not be recomputed: nothing is stored any more of their inputs", n)
	}
	if n := int(r.GetPendingSystems()); n > 0 {
		v.Line("%s due: not evaluated yet up to the present, and not looked at from then on", cli.Count(n, "system"))
	}
}
