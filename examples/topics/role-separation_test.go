package topics_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/guidance"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The tests of all topics share the flag; whichever file comes first makes it.
func init() {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "rewrite testdata")
	}
}

// separationAt is when the booking system is assessed.
var separationAt = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// separationOutcome is what one version says under one profile.
type separationOutcome struct {
	rules    map[string]string // the combined state by rule
	findings map[string]string // the state by rule and subject, a blank between
}

func separationInventory(t *testing.T) *pb.Inventory {
	t.Helper()
	const name = "role-separation.yaml"
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
		out = s.Item.GetSubmit().Inventory
	}
	intake.Normalize(out)
	return out
}

func separationAssess(t *testing.T, version, profile string, claims ...*pb.Claim) separationOutcome {
	t.Helper()
	return separationTailored(t, version, profile, nil, claims...)
}

// separationTailored assesses with a site's own changes.
func separationTailored(t *testing.T, version, profile string, site *pb.Tailoring, claims ...*pb.Claim) separationOutcome {
	t.Helper()
	f, err := guidance.Get("role-separation", version)
	if err != nil {
		t.Fatal(err)
	}
	c, problems := assess.Compile(f.Checklist)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	plan, err := c.Plan(profile, site)
	if err != nil {
		t.Fatal(err)
	}
	e := plan.EvaluateInventory(separationInventory(t), claims, nil, separationAt.UnixMicro())
	out := separationOutcome{map[string]string{}, map[string]string{}}
	for _, r := range c.Rules() {
		state, ok := e.RuleState(r.Id)
		if !ok {
			t.Errorf("%s has no state for %s", version, r.Id)
		}
		out.rules[r.Id] = state.String()
	}
	for _, f := range e.Findings() {
		out.findings[f.Rule+" "+f.Subject] = f.State
	}
	return out
}

// TestRoleSeparation pins, rule by rule, what both versions say of the booking
// system, and below that what fails and what is unknown in the baseline.
func TestRoleSeparation(t *testing.T) {
	old, oldHigh := separationAssess(t, "2007.1.0", "baseline"), separationAssess(t, "2007.1.0", "high")
	now, nowHigh := separationAssess(t, "2026.1.0", "baseline"), separationAssess(t, "2026.1.0", "high")
	var b strings.Builder
	line := func(cells ...any) {
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-30s %-14s %-14s %-14s %s", cells...), " ") + "\n")
	}
	line("rule", "2007", "2007 high", "2026", "2026 high")
	ids := maps.Clone(old.rules)
	maps.Copy(ids, now.rules)
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		line(id, old.rules[id], oldHigh.rules[id], now.rules[id], nowHigh.rules[id])
	}
	for _, v := range []struct {
		name    string
		outcome separationOutcome
	}{{"2007", old}, {"2026", now}} {
		fmt.Fprintf(&b, "\n%s\n", v.name)
		for _, state := range []string{"fail", "unknown", "error"} {
			for _, key := range slices.Sorted(maps.Keys(v.outcome.findings)) {
				if v.outcome.findings[key] == state {
					fmt.Fprintf(&b, "  %-8s %s\n", state, key)
				}
			}
		}
	}
	separationGolden(t, b.String())
}

func separationGolden(t *testing.T, got string) {
	t.Helper()
	golden := filepath.Join("testdata", "role-separation.txt")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestRoleSeparationDisagrees names where advice has turned, in both
// directions. A state of "" says that the version does not ask.
func TestRoleSeparationDisagrees(t *testing.T) {
	old, now := separationAssess(t, "2007.1.0", "baseline"), separationAssess(t, "2026.1.0", "baseline")
	for _, c := range []struct{ why, rule, subject, old, new string }{
		// Good then and bad now.
		{"a dedicated database beside its application", "database-host", "hosts/fares1", "pass", "fail"},
		{"backups, logs and files on one server", "roles-apart", "hosts/srv2", "pass", "fail"},
		{"the files of a branch on its domain controller", "domain-controllers-alone", "hosts/dc7", "pass", "fail"},
		{"a deployment manager in the DMZ, stopped", "management-not-in-perimeter", "hosts/dm1", "pass", "fail"},
		{"IIS as Local System", "services-not-as-system", "hosts/fares-web/components/iis", "notapplicable", "fail"},
		{"web and data on one flat network", "tiers-in-own-zones", "zones/office", "", "fail"},
		{"the trial among production", "environments-apart", "zones/office", "", "fail"},
		{"backups beside what they are backups of", "backups-elsewhere", "hosts/srv2", "", "fail"},
		{"one account for two tiers", "administrators-one-tier", `accounts/COAST\okafor`, "", "fail"},
		// Bad then and good now.
		{"a domain controller beside a database on a hypervisor", "machines-apart", "hosts/db1|hosts/dc1", "fail", ""},
		{"the same pair, seen from the controller", "machines-apart", "hosts/dc1|hosts/db1", "notapplicable", "pass"},
		{"a packet filter instead of IPsec", "database-clients-held", "hosts/db1", "fail", "pass"},
		{"an instance for each application on one host", "database-one-application", "hosts/db1/components/pg-loyalty", "fail", "pass"},
		{"what takes data from anybody, in the DMZ", "intake-inside", "hosts/drop1", "fail", ""},
		{"a management server without its database", "database-with-its-server", "hosts/mgmt1", "fail", ""},
		// Both hold.
		{"a firewall open to any host on any port", "database-flows-named", "boundaries/dmz-office", "fail", "fail"},
		{"a firewall that names hosts and a port", "database-flows-named", "boundaries/web-data", "pass", "pass"},
		{"IPsec that requires", "database-clients-held", "hosts/fares1", "pass", "pass"},
		{"what takes data from anybody stands alone", "intake-alone", "hosts/drop1", "pass", "pass"},
		{"a replica in another facility", "replicas-spread", "hosts/db1/components/pg-booking", "pass", "pass"},
		{"a virtual host that was not recorded in full", "logs-leave-the-host", "hosts/app2", "", "unknown"},
	} {
		key := c.rule + " " + c.subject
		if old.findings[key] != c.old || now.findings[key] != c.new {
			t.Errorf("%s: %s is %q by the advice of 2007 and %q by that of 2026; want %q and %q",
				c.why, key, old.findings[key], now.findings[key], c.old, c.new)
		}
	}
}

// TestRoleSeparationHigh: what the profile high asks beyond the baseline.
func TestRoleSeparationHigh(t *testing.T) {
	for _, c := range []struct{ version, rule, subject string }{
		{"2007.1.0", "few-web-servers", "system"},
		{"2026.1.0", "machines-apart", "hosts/dc1|hosts/db1"},
		{"2026.1.0", "database-clients", "channels/web-sql"},
		{"2026.1.0", "database-one-application", "hosts/db1/components/pg-loyalty"},
	} {
		key := c.rule + " " + c.subject
		baseline, high := separationAssess(t, c.version, "baseline"), separationAssess(t, c.version, "high")
		if baseline.findings[key] != "pass" || high.findings[key] != "fail" {
			t.Errorf("%s: %s is %q in the baseline and %q in the profile high; want pass and fail",
				c.version, key, baseline.findings[key], high.findings[key])
		}
	}
}

// TestRoleSeparationClaim: in 2007 somebody's word let a service that takes
// data from anybody stand in the perimeter, if the inside fetches them.
func TestRoleSeparationClaim(t *testing.T) {
	claim := &pb.Claim{
		Claim: "intake-needed-outside", Subject: "drop1", Claimant: "r.silva",
		StartTime: timestamppb.New(separationAt.AddDate(0, -1, 0)), ExpireTime: timestamppb.New(separationAt.AddDate(0, 6, 0)),
	}
	const key = "intake-inside hosts/drop1"
	if got := separationAssess(t, "2007.1.0", "baseline", claim).findings[key]; got != "pass" {
		t.Errorf("with the claim, %s is %q; want pass", key, got)
	}
	claim.ExpireTime = timestamppb.New(separationAt)
	if got := separationAssess(t, "2007.1.0", "baseline", claim).findings[key]; got != "fail" {
		t.Errorf("with a claim that expires at that instant, %s is %q; want fail", key, got)
	}
}

// TestRoleSeparationSite: a site accepts pairs of roles, in any order, and adds
// others, without a version of its own.
func TestRoleSeparationSite(t *testing.T) {
	site := func(name string, pairs ...string) *pb.Tailoring {
		return &pb.Tailoring{Id: "site", Parameters: map[string]*pb.Value{
			name: {Value: &pb.Value_Strings{Strings: &pb.StringValues{Values: pairs}}},
		}}
	}
	const version = "2026.1.0"
	for _, c := range []struct {
		tailoring     *pb.Tailoring
		subject, want string
	}{
		{site("may_share", "file-server+backup-server", "log-server+backup-server"), "hosts/srv2", "fail"},
		{site("may_share", "file-server+backup-server", "log-server+backup-server", "file-server+log-server"), "hosts/srv2", "pass"},
		{site("roles_apart"), "hosts/web1", "pass"},
		{site("roles_apart", "web-front-end+log-forwarder"), "hosts/web1", "fail"},
		{site("roles_apart", "log-forwarder+web-front-end"), "hosts/web1", "fail"},
	} {
		key := "roles-apart " + c.subject
		if got := separationTailored(t, version, "baseline", c.tailoring).findings[key]; got != c.want {
			t.Errorf("with %v, %s is %q; want %s", c.tailoring.Parameters, key, got, c.want)
		}
	}
}
