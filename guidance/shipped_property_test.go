package guidance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/inventorytest"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// compiledShipped compiles all shipped checklists.
func compiledShipped(t *testing.T) []*assess.Checklist {
	files, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	var out []*assess.Checklist
	for _, f := range files {
		c, problems := assess.Compile(f.Checklist)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		out = append(out, c)
	}
	return out
}

// words are the texts that a checklist's rules compare with, for the fields
// that they compare: so that generated inventories mean something to it.
func words(c *pb.Checklist) map[string][]string {
	var purposes, roles, products []string
	for _, p := range c.Parameters {
		if strings.HasSuffix(p.Name, "_traffic") || strings.HasSuffix(p.Name, "_sites") {
			purposes = append(purposes, p.Default.GetStrings().GetValues()...)
		}
	}
	for _, t := range c.Tables {
		keys := sortedKeys(t.Entries)
		switch {
		case strings.HasSuffix(t.Name, "_roles"):
			roles = append(roles, keys...)
		case t.Name == "end_of_support":
			products = append(products, keys...)
		}
	}
	return map[string][]string{
		"Channel.purpose": purposes, "Endpoint.purpose": purposes, "Page.purpose": {"logon", "content"},
		"Component.role": roles, "System.product": products, "Party.host": {"h1", "h2", "h3", "h4"},
		"IpsecRule.peers": {"any", "h1", "h2", "10.0.0.1"}, "Endpoint.authentication": {"basic", "forms", "kerberos"},
		"Channel.protocol": {"any", "https"}, "lan_segment": {"vlan1", "vlan2"},
	}
}

// outcome is the state of each rule and subject.
func outcome(p *assess.Plan, inv *pb.Inventory, claims []*pb.Claim, at int64) map[string]string {
	out := map[string]string{}
	for _, f := range p.EvaluateInventory(inv, claims, nil, at).Findings() {
		out[f.Rule+" "+f.Subject] = f.State
	}
	return out
}

// lessDecides checks that taking something away from an inventory only ever
// makes results unknown. A subject that is not there before is one that a list
// may still have, and so is unknown too.
func lessDecides(t *rapid.T, p *assess.Plan, inv *pb.Inventory, claims []*pb.Claim, at int64) {
	less, taken := inventorytest.Less(t, inv)
	before, after := outcome(p, inv, claims, at), outcome(p, less, claims, at)
	for _, key := range sortedKeys(after) {
		state := after[key]
		if state == "unknown" || state == before[key] {
			continue
		}
		was := before[key]
		if was == "" {
			was = "not there"
		}
		t.Errorf("without %s, %s is %s; it was %s", taken, key, state, was)
	}
}

// TestInformationOnlyDecidesOnExamples takes things away from the inventories
// of all examples: they are where rules are about to flip.
func TestInformationOnlyDecidesOnExamples(t *testing.T) {
	for _, c := range compiledShipped(t) {
		plans := plansOf(t, c)
		for _, r := range c.Rules() {
			t.Run(r.Id, func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					x := rapid.SampledFrom(r.Examples).Draw(t, "example")
					at := exampleTime
					if x.AsOf != nil {
						at = x.AsOf.AsTime()
					}
					profile := x.Profile
					if profile == "" {
						profile = c.Source().Profiles[0].Id
					}
					inv := x.Inventory
					for range rapid.IntRange(0, 2).Draw(t, "taken before") {
						inv, _ = inventorytest.Less(t, inv)
					}
					lessDecides(t, plans[profile], inv, x.Claims, at.UnixMicro())
				})
			})
		}
	}
}

func plansOf(t *testing.T, c *assess.Checklist) map[string]*assess.Plan {
	out := map[string]*assess.Plan{}
	for _, p := range c.Source().Profiles {
		plan, err := c.Plan(p.Id, nil)
		if err != nil {
			t.Fatal(err)
		}
		out[p.Id] = plan
	}
	return out
}

// TestInformationOnlyDecides is the same on generated inventories. Rules that
// these never decide are logged; the test above is what reaches them.
func TestInformationOnlyDecides(t *testing.T) {
	for _, c := range compiledShipped(t) {
		t.Run(c.ID(), func(t *testing.T) {
			plans := plansOf(t, c)
			profiles := sortedKeys(plans)
			cfg := inventorytest.Config{Texts: words(c.Source()), Facts: c.Source().Facts}
			decided := map[string]bool{}
			rapid.Check(t, func(t *rapid.T) {
				cfg.Full = rapid.Bool().Draw(t, "full")
				inv := cfg.Inventory().Draw(t, "inventory")
				plan := plans[rapid.SampledFrom(profiles).Draw(t, "profile")]
				at := inventorytest.Base.Add(time.Duration(rapid.IntRange(-24*400, 24*400).Draw(t, "hours")) * time.Hour).UnixMicro()
				for key, state := range outcome(plan, inv, nil, at) {
					if state == "pass" || state == "fail" {
						decided[strings.Fields(key)[0]] = true
					}
				}
				lessDecides(t, plan, inv, nil, at)
			})
			var never []string
			for _, r := range c.Rules() {
				if !decided[r.Id] {
					never = append(never, r.Id)
				}
			}
			if len(never) > 0 {
				t.Logf("never decided on generated inventories: %s", fmt.Sprint(never))
			}
		})
	}
}

// TestPiecewiseConstant: between an instant and the end of what holds then,
// nothing changes; the examples of rules about time say where something does.
func TestPiecewiseConstant(t *testing.T) {
	for _, c := range compiledShipped(t) {
		plans := plansOf(t, c)
		for _, r := range c.Rules() {
			for _, x := range r.Examples {
				profile := x.Profile
				if profile == "" {
					profile = c.Source().Profiles[0].Id
				}
				breakpoints(t, r, x, plans[profile])
			}
		}
	}
}

// breakpoints walks an example through time from breakpoint to breakpoint.
func breakpoints(t *testing.T, r *pb.Rule, x *pb.Example, p *assess.Plan) {
	const most = 20
	at := time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	inv := proto.CloneOf(x.Inventory)
	for range most {
		e := p.EvaluateInventory(inv, x.Claims, nil, at)
		if e.ValidUntil == assess.Forever {
			return
		}
		if e.ValidUntil <= at {
			t.Fatalf("%s, %s: at %d what holds has ended at %d already", r.Id, x.Name, at, e.ValidUntil)
		}
		before := outcome(p, inv, x.Claims, at)
		for _, between := range []int64{at + (e.ValidUntil-at)/2, e.ValidUntil - 1} {
			if after := outcome(p, inv, x.Claims, between); !equalStates(before, after) {
				t.Errorf("%s, %s: %d and %d differ, though nothing was to change before %d", r.Id, x.Name, at, between, e.ValidUntil)
			}
		}
		at = e.ValidUntil
	}
	t.Errorf("%s, %s: more than %d breakpoints", r.Id, x.Name, most)
}

func equalStates(a, b map[string]string) bool {
	return slices.Equal(sortedKeys(a), sortedKeys(b)) && !slices.ContainsFunc(sortedKeys(a), func(k string) bool { return a[k] != b[k] })
}
