package topics_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/guidance"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The flag is shared by the tests of this folder, whichever declares it.
func init() {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "rewrite testdata")
	}
}

var physicalAt = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// physicalInventory is what physical-security.yaml submits.
func physicalInventory(t *testing.T) *pb.Inventory {
	t.Helper()
	const name = "physical-security.yaml"
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out *pb.Inventory
	for s := range inventoryfile.Submissions(name, f) {
		for _, p := range s.Problems {
			t.Errorf("%s:%s", name, p)
		}
		if s.Item == nil || out != nil {
			t.Fatalf("%s is not one good submission", name)
		}
		out = s.Item.GetSubmit().GetInventory()
	}
	return out
}

// physicalClaims are the three that the file speaks of, in force for half a year.
func physicalClaims() []*pb.Claim {
	claim := func(id, subject string) *pb.Claim {
		return &pb.Claim{
			Claim: id, Subject: subject, Claimant: "r.osei", StartTime: timestamppb.New(physicalAt.AddDate(0, -3, 0)),
			ExpireTime: timestamppb.New(physicalAt.AddDate(0, 3, 0)),
		}
	}
	return []*pb.Claim{
		claim("physically-secure-data-center", "east-room"),
		claim("provider-building", "north-hall"),
		claim("provider-hardware", "eu-west"),
	}
}

// physicalView is one version and profile of the checklist.
type physicalView struct{ version, profile string }

var physicalViews = []physicalView{
	{"2007.1.0", "baseline"}, {"2007.1.0", "high"}, {"2026.1.0", "baseline"}, {"2026.1.0", "high"},
}

// evaluate assesses an inventory, and says in which order the rules stand.
func (v physicalView) evaluate(t *testing.T, inv *pb.Inventory, claims []*pb.Claim) (*assess.Evaluation, []string) {
	t.Helper()
	f, err := guidance.Get("physical-security", v.version)
	if err != nil {
		t.Fatal(err)
	}
	c, problems := assess.Compile(f.Checklist)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	plan, err := c.Plan(v.profile, nil)
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, r := range c.Rules() {
		rules = append(rules, r.Id)
	}
	return plan.EvaluateInventory(inv, claims, nil, physicalAt.UnixMicro()), rules
}

// physicalStates are the states by rule and subject, "RULE SUBJECT".
func physicalStates(e *assess.Evaluation) map[string]string {
	out := map[string]string{}
	for _, f := range e.Findings() {
		out[f.Rule+" "+f.Subject] = f.State
	}
	return out
}

// TestPhysicalSecurityRules holds the combined state of each rule, under both
// versions and profiles, against testdata/physical-security.txt. A rule that a
// version lacks is a dash.
func TestPhysicalSecurityRules(t *testing.T) {
	const file = "testdata/physical-security.txt"
	inv, claims := physicalInventory(t), physicalClaims()
	var order []string
	states := make([]map[string]string, len(physicalViews))
	for i, v := range physicalViews {
		e, rules := v.evaluate(t, inv, claims)
		states[i] = map[string]string{}
		for _, rule := range rules {
			if s, ok := e.RuleState(rule); ok {
				states[i][rule] = s.String()
			}
			if !slices.Contains(order, rule) {
				order = append(order, rule)
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-34s", "")
	for _, v := range physicalViews {
		fmt.Fprintf(&b, " %-13s", v.version[:4]+" "+v.profile)
	}
	for _, rule := range order {
		fmt.Fprintf(&b, "\n%-34s", rule)
		for _, s := range states {
			state := s[rule]
			if state == "" {
				state = "-"
			}
			fmt.Fprintf(&b, " %-13s", state)
		}
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	got := strings.Join(lines, "\n") + "\n"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestPhysicalSecurityDisagreements: what one version accepts and the other
// does not, in both directions. An empty state is a rule that is not there.
func TestPhysicalSecurityDisagreements(t *testing.T) {
	inv, claims := physicalInventory(t), physicalClaims()
	old, _ := physicalView{"2007.1.0", "baseline"}.evaluate(t, inv, claims)
	today, _ := physicalView{"2026.1.0", "baseline"}.evaluate(t, inv, claims)
	then, now := physicalStates(old), physicalStates(today)
	for _, x := range []struct{ why, finding, then, now string }{
		{"a key opens for whoever holds it", "access-limited facilities/east-room", "pass", "fail"},
		{"walls do not stop who listens", "clear-text-behind-walls channels/orders-old", "pass", "fail"},
		{"one fire takes both rooms", "backups-apart hosts/db-old1", "pass", "fail"},
		{"nobody asked for tests of the supply", "power-backed-up facilities/east-room", "", "fail"},
		{"a hall may be shared around one's own cage", "access-limited facilities/north-hall", "fail", "pass"},
		{"machines bear warmer air", "temperature-kept facilities/north-hall", "fail", "pass"},
		{"IPsec crosses sites", "ipsec-on-one-lan channels/stock-replica", "fail", ""},
		{"a cloud is inherited from its provider", "hosts-in-limited-places hosts/api1", "unknown", "pass"},
		{"a hypervisor is critical by its role", "backups-apart hosts/esx1", "pass", "pass"},
		{"a place that nobody reported", "hosts-in-limited-places hosts/depot-kiosk7", "unknown", "unknown"},
		{"under a desk it was never right", "hosts-in-limited-places hosts/label-print1", "fail", "fail"},
	} {
		if then[x.finding] != x.then || now[x.finding] != x.now {
			t.Errorf("%s: %s is %q, then %q; want %q, then %q", x.why, x.finding, then[x.finding], now[x.finding], x.then, x.now)
		}
	}
}

// TestPhysicalSecurityCriticalHosts: a critical host is as good as the word on
// its place.
func TestPhysicalSecurityCriticalHosts(t *testing.T) {
	inv, view := physicalInventory(t), physicalView{"2026.1.0", "high"}
	with, _ := view.evaluate(t, inv, physicalClaims())
	without, _ := view.evaluate(t, inv, nil)
	claimed, bare := physicalStates(with), physicalStates(without)
	for _, x := range []struct{ finding, claimed, bare string }{
		{"critical-hosts-assessed hosts/ca1", "fail", "fail"}, // a finding is open
		{"critical-hosts-assessed hosts/db1", "pass", "unknown"},
		{"critical-hosts-second-lock hosts/db1", "pass", "fail"},
		{"backups-apart hosts/db1", "pass", "unknown"},
		{"provider-certified facilities/eu-west", "pass", "pass"},
		{"power-backed-up facilities/eu-west", "pass", "unknown"},
		{"virtual-hosts-placed hosts/vm-report1", "fail", "fail"},
		{"virtual-hosts-placed hosts/api1", "pass", "unknown"},
	} {
		if claimed[x.finding] != x.claimed || bare[x.finding] != x.bare {
			t.Errorf("%s is %q, without claims %q; want %q and %q", x.finding, claimed[x.finding], bare[x.finding], x.claimed, x.bare)
		}
	}
	if until := time.UnixMicro(with.ValidUntil).UTC(); until.After(physicalAt.AddDate(0, 3, 0)) {
		t.Errorf("the assessment holds until %v, beyond the claims", until)
	}
}
