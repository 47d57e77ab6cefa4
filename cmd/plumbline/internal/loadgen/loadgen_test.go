package loadgen

import (
	"testing"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/clients/loadgen"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestFleetIsValid: the server takes everything that is made up, and has nothing
// to warn of.
func TestFleetIsValid(t *testing.T) {
	f, err := loadgen.New(loadgen.Config{Seed: 4, Hosts: 1500, Scanned: 0.4})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, inv *pb.Inventory, whole bool) {
		if found := intake.Validate(inv); len(found) > 0 {
			t.Fatalf("%s: %v", what, found)
		}
		intake.Normalize(inv)
		if whole {
			if found := intake.Warnings(inv); len(found) > 0 {
				t.Fatalf("%s: %v", what, found)
			}
		}
	}
	item := func(i *pb.SubmitItem) {
		if u := i.GetUpsert(); u != nil {
			check(u.System, &pb.Inventory{Hosts: u.Hosts}, false)
			return
		}
		check(i.GetSubmit().System, i.GetSubmit().Inventory, true)
	}
	for i := range f.Items() {
		item(i)
	}
	for e := range f.Year(loadgen.YearConfig{Days: 300, Every: 60 * 24 * 3600e9, Sample: 40}) {
		item(e.Item)
	}
}

// TestShippedGuidanceDecides: the shipped topics have most to say of a fleet, and
// neither all good nor all bad.
func TestShippedGuidanceDecides(t *testing.T) {
	f, err := loadgen.New(loadgen.Config{Seed: 1, Hosts: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"os-hardening", "transport-security"} {
		file, err := guidance.Get(id, "2026.1.0")
		if err != nil {
			t.Fatal(err)
		}
		k, problems := assess.Compile(file.Checklist)
		if k == nil {
			t.Fatal(problems)
		}
		plan, err := k.Plan("", nil)
		if err != nil {
			t.Fatal(err)
		}
		var states [16]int
		byRule := map[string]*[16]int{}
		for i := range f.Systems() {
			ev := plan.EvaluateInventory(f.Submission(i, f.At()).Inventory, nil, nil, f.At().UnixMicro())
			for _, r := range ev.Results {
				states[r.State]++
				rule := k.RuleID(int(r.Rule))
				if byRule[rule] == nil {
					byRule[rule] = new([16]int)
				}
				byRule[rule][r.State]++
			}
		}
		pass, fail, unknown := states[score.Pass], states[score.Fail], states[score.Unknown]
		total := float64(pass + fail + unknown)
		t.Logf("%s: %.1f %% pass, %.1f %% fail, %.1f %% unknown of %.0f, %d errors", id,
			100*float64(pass)/total, 100*float64(fail)/total, 100*float64(unknown)/total, total, states[score.Error])
		for rule, n := range byRule {
			t.Logf("  %-28s %6d pass %6d fail %6d unknown", rule, n[score.Pass], n[score.Fail], n[score.Unknown])
		}
		if float64(unknown) > 0.2*total || float64(fail) < 0.03*total || float64(pass) < 0.5*total || states[score.Error] > 0 {
			t.Errorf("%s: %d pass, %d fail, %d unknown, %d errors", id, pass, fail, unknown, states[score.Error])
		}
	}
}
