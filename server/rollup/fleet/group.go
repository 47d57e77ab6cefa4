package fleet

import (
	"context"
	"slices"

	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/rollup"
)

// Groups are how the systems stand by the values of a label; the only one that
// there is for an empty key.
func Groups(ctx context.Context, e Estate, series, key string) (out *pb.ListFleetGroupsResponse, err error) {
	err = read(ctx, e, series, "", func(x *scope) error {
		if key == "" {
			if len(x.labels) != 1 {
				return fault.InvalidField("label", "say which; served are %s", x.served())
			}
			key = x.labels[0].Key
		}
		g, l, err := x.by("label", key)
		if err != nil {
			return err
		}
		out = &pb.ListFleetGroupsResponse{Label: key, CountedSince: envelope.Timestamp(l.Since)}
		for _, v := range g.Groups {
			if n := v.Sums.Newest(); n.At(rollup.Systems) != 0 {
				out.Groups = append(out.Groups, groupRow(v.Value, n))
			}
		}
		return nil
	})
	return out, err
}

func groupRow(value string, n rollup.Counters) *pb.FleetGroup {
	severity := func(name string) int32 {
		return count(n.At(rollup.SeverityCounter(slices.Index(rollup.Severities[:], name))))
	}
	return &pb.FleetGroup{
		Value: value, Systems: count(n.At(rollup.Systems)), Scored: count(n.At(rollup.Scored)),
		Score:          share(n.At(rollup.Score), n.At(rollup.Scored)),
		EffectiveScore: share(n.At(rollup.Effective), n.At(rollup.Scored)),
		Coverage:       share(n.At(rollup.Coverage), n.At(rollup.Covered)),
		Pass:           count(n.At(state(score.Pass)) + n.At(state(score.Fixed))),
		Fail:           count(n.At(state(score.Fail))), Unknown: count(n.At(state(score.Unknown))),
		FailingCritical: severity("critical"), FailingHigh: severity("high"), FailingMedium: severity("medium"),
		FailingLow: severity("low"), FailingInfo: severity("info"),
	}
}

// Labels adds to the labels by which systems are counted how far the counting is.
func Labels(ctx context.Context, e Estate, out *pb.FleetLabels, labels []rollup.Label) error {
	return e.ReadFleets(ctx, func(all []*past.Fleet) error {
		for i, l := range labels {
			x := out.Labels[i]
			x.Counted, x.Total = 0, 0
			for _, f := range all {
				g, err := f.Sums.By(l)
				if err != nil {
					return err
				}
				if g != nil {
					x.Counted, x.Total, x.Values = x.Counted+count(g.Counted), x.Total+count(g.Total), g.Values
				}
			}
			x.Complete = x.Counted == x.Total
		}
		return nil
	})
}
