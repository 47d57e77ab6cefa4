package inventorytest

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Sources are the sources that inputs speak of.
var Sources = []string{"agent", merge.Attestation, "cmdb", "scanner"}

// freshPaths are the paths that generated policies give a freshness of their own.
var freshPaths = []string{
	"", "host", "system", "facility", "host.os", "host.os.patched_time", "host.labels.tier", "host.components",
	"host.components.version", "host.endpoints.tls.certificate", "host.names", "system.channels", "system.product",
	"system.settings", "facility.access_reviewed_time", "host.facts.flag",
}

const day = 24 * time.Hour

// Policy makes policies: some order, some freshness from one to sixty days.
func Policy() *rapid.Generator[*pb.Policy] {
	return rapid.Custom(func(t *rapid.T) *pb.Policy {
		p := &pb.Policy{}
		order := rapid.Permutation(slices.Clone(Sources)).Draw(t, "order")
		p.Precedence = order[:rapid.IntRange(0, len(order)).Draw(t, "ranked")]
		if rapid.Bool().Draw(t, "default") {
			p.DefaultFreshness = days(t)
		}
		seen := map[string]bool{}
		for range rapid.IntRange(0, 4).Draw(t, "freshness") {
			f := &pb.Freshness{Path: rapid.SampledFrom(freshPaths).Draw(t, "path"), Duration: days(t)}
			f.Source = rapid.SampledFrom(append([]string{"", ""}, Sources...)).Draw(t, "source")
			if id := f.Source + " " + f.Path; !seen[id] {
				seen[id] = true
				p.Freshness = append(p.Freshness, f)
			}
		}
		return p
	})
}

// days draws a freshness that runs out within the time that inputs cover.
func days(t *rapid.T) *durationpb.Duration {
	return durationpb.New(day * time.Duration(rapid.IntRange(1, 60).Draw(t, "days")))
}

// Input makes what several sources say at Base, or as many as 45 days after.
// Some views are old, some hosts left out, some sources speak of hosts alone,
// and one source may have two views of one thing.
func (c Config) Input() *rapid.Generator[merge.Input] {
	return rapid.Custom(func(t *rapid.T) merge.Input {
		policy, err := merge.Compile(Policy().Draw(t, "policy"))
		if err != nil {
			t.Fatal(err)
		}
		in := merge.Input{Policy: policy, At: Base.Add(day * time.Duration(rapid.IntRange(0, 45).Draw(t, "at"))).UnixMicro()}
		n := rapid.IntRange(1, 4).Draw(t, "views")
		for i := range n {
			source := rapid.SampledFrom(Sources).Draw(t, "source")
			inv := c.Inventory().Draw(t, fmt.Sprintf("inventory %d", i))
			c.addViews(t, &in, source, inv)
		}
		return in
	})
}

// addViews splits an inventory into views of one source.
func (c Config) addViews(t *rapid.T, in *merge.Input, source string, inv *pb.Inventory) {
	confirmed := func() int64 {
		return Base.Add(-day * time.Duration(rapid.IntRange(0, 40).Draw(t, "age"))).UnixMicro()
	}
	until := func() int64 {
		if source != merge.Attestation {
			return 0
		}
		return Base.Add(day * time.Duration(rapid.IntRange(-5, 60).Draw(t, "until"))).UnixMicro()
	}
	hosts := inv.Hosts
	if rapid.IntRange(0, 3).Draw(t, "system") > 0 {
		v := merge.SystemView{Source: source, Inventory: inv, Confirmed: confirmed(), Until: until()}
		v.Hosts = shape.Of(inv).Field("hosts").Presence(shape.Ptr(inv))
		inv.Hosts = nil
		drop := func(name string) bool { return name == "hosts" }
		inv.ReportedEmpty = slices.DeleteFunc(inv.ReportedEmpty, drop)
		inv.Partial = slices.DeleteFunc(inv.Partial, drop)
		in.System = append(in.System, v)
	}
	same := confirmed()
	for _, h := range hosts {
		v := merge.HostView{Source: source, Host: h, Confirmed: same, Until: until(), Reported: true}
		if rapid.IntRange(0, 4).Draw(t, "odd") == 0 {
			v.Confirmed = confirmed()
			v.Reported = rapid.Bool().Draw(t, "reported")
		}
		in.Hosts = append(in.Hosts, v)
	}
}

// Arrive puts the views of an input into another order.
func Arrive(t *rapid.T, in merge.Input) merge.Input {
	in.System = rapid.Permutation(slices.Clone(in.System)).Draw(t, "systems")
	in.Hosts = rapid.Permutation(slices.Clone(in.Hosts)).Draw(t, "hosts")
	return in
}
