package verify

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// AddTo adds a report to an answer of the API, which has what was found before.
func (r *Report) AddTo(out *pb.VerifyAssessmentsResponse) {
	out.Systems += int32(r.Systems)
	out.States += int32(r.States)
	out.Same += int32(r.Same)
	out.DifferenceCount += int32(r.Differences)
	out.OtherEngine += int32(r.OtherEngine)
	out.EngineChanged += int32(r.EngineChanged)
	out.InputsGone += int32(r.InputsGone)
	out.PendingSystems += int32(r.Pending)
	out.LaggingSystems += int32(r.Lagging)
	for i := range r.First[:min(len(r.First), max(MaxListed-len(out.Differences), 0))] {
		out.Differences = append(out.Differences, r.First[i].proto())
	}
}

func (d *Difference) proto() *pb.AssessmentDifference {
	out := &pb.AssessmentDifference{
		Kind: d.Kind, System: d.System, Series: d.Series, Parts: d.What,
		Rule: d.Rule, Subject: d.Subject, Expected: d.Expected, Found: d.Found, Detail: d.Detail,
	}
	if d.Effective != 0 {
		out.EffectiveTime = timestamppb.New(time.UnixMicro(d.Effective))
	}
	if d.Recorded != 0 {
		out.RecordedTime = timestamppb.New(time.UnixMicro(d.Recorded))
	}
	return out
}
