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

// hardeningAt is when the dispatch system is assessed.
var hardeningAt = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// hardeningOutcome is what one version says.
type hardeningOutcome struct {
	rules    map[string]string // the combined state by rule
	findings map[string]string // the state by rule and subject, a blank between
}

func hardeningInventory(t *testing.T) *pb.Inventory {
	t.Helper()
	const name = "os-hardening.yaml"
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

func hardeningAssess(t *testing.T, version, profile string, at time.Time, claims ...*pb.Claim) hardeningOutcome {
	t.Helper()
	f, err := guidance.Get("os-hardening", version)
	if err != nil {
		t.Fatal(err)
	}
	c, problems := assess.Compile(f.Checklist)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	plan, err := c.Plan(profile, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := plan.EvaluateInventory(hardeningInventory(t), claims, nil, at.UnixMicro())
	out := hardeningOutcome{rules: map[string]string{}, findings: map[string]string{}}
	for _, r := range c.Rules() {
		state, ok := e.RuleState(r.Id)
		if !ok {
			t.Errorf("%s@%s has no state", r.Id, version)
		}
		out.rules[r.Id] = state.String()
	}
	for _, f := range e.Findings() {
		out.findings[f.Rule+" "+f.Subject] = f.State
	}
	return out
}

// TestOSHardening pins the combined state of every rule under both versions,
// and below each the subjects on which they, or the profiles, do not agree.
func TestOSHardening(t *testing.T) {
	old := hardeningAssess(t, "2007.1.0", "baseline", hardeningAt)
	now := hardeningAssess(t, "2026.1.0", "baseline", hardeningAt)
	high := hardeningAssess(t, "2026.1.0", "high", hardeningAt)
	var b strings.Builder
	line := func(name, a, b, c string) string {
		return strings.TrimRight(fmt.Sprintf("%-38s %-14s %-14s %s", name, a, b, c), " ") + "\n"
	}
	b.WriteString(line("rule", "2007", "2026", "2026 high"))
	ids, keys := maps.Clone(old.rules), maps.Clone(old.findings)
	maps.Copy(ids, now.rules)
	maps.Copy(keys, now.findings)
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		b.WriteString(line(id, old.rules[id], now.rules[id], high.rules[id]))
		both := old.rules[id] != "" && now.rules[id] != ""
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			subject, of := strings.CutPrefix(key, id+" ")
			turned := both && old.findings[key] != now.findings[key]
			if of && subject != "" && (turned || now.findings[key] != high.findings[key]) {
				b.WriteString(line("  "+subject, old.findings[key], now.findings[key], high.findings[key]))
			}
		}
	}
	golden := filepath.Join("testdata", "os-hardening.txt")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestOSHardeningDisagrees names where advice has turned, in both directions. A
// state of "" says that the version does not ask.
func TestOSHardeningDisagrees(t *testing.T) {
	old := hardeningAssess(t, "2007.1.0", "baseline", hardeningAt)
	now := hardeningAssess(t, "2026.1.0", "baseline", hardeningAt)
	for _, c := range []struct{ why, rule, subject, old, new string }{
		// Good then and bad now.
		{"all patches there are, the last of 2015", "patches-current", "hosts/scale1", "pass", "fail"},
		{"FTP, since partners need it", "cleartext-services", "hosts/edi1", "pass", "fail"},
		{"FTP's port, since it is the host's role", "ports-needed", "hosts/edi1", "pass", "fail"},
		{"a spooler that somebody called needed", "services-off", "hosts/bill1", "pass", "fail"},
		{"the product as the system itself", "service-accounts", "hosts/scale1", "pass", "fail"},
		{"root with a key", "root-login", "hosts/db1", "pass", "fail"},
		{"protocol 2 with MD5 and 3DES", "ssh-protocol", "hosts/edi1", "pass", "fail"},
		{"Remote Desktop with a long key, to anybody", "rdp-protection", "hosts/scale1", "pass", "fail"},
		{"one time server", "time-synchronized", "hosts/scale1", "pass", "fail"},
		{"a policy of the wizard", "baseline-applied", "hosts/scale1", "pass", "fail"},
		{"eight characters", "password-length", "hosts/scale1", "pass", "fail"},
		{"a password of this quarter", "password-change", "hosts/scale1/accounts/scaleman", "pass", "fail"},
		{"antivirus signatures of this week", "malware-protection", "hosts/scale1", "pass", "fail"},
		{"no malware protection on Linux", "malware-protection", "hosts/app1", "notapplicable", "fail"},
		{"an administrator's password alone", "accounts-authenticate", "hosts/scale1/accounts/scaleman", "pass", "fail"},
		{"logs read once a month", "logs-examined", "system", "pass", "fail"},
		{"a service's account with which people log on", "accounts-restricted", `accounts/ALDER\svc-edi`, "fail", "fail"},
		// Bad then and good now.
		{"a long password of 2024", "password-change", `accounts/ALDER\adm-lind`, "fail", "pass"},
		{"the administrator under its name, by LAPS", "default-accounts", "hosts/dc1/accounts/Administrator", "fail", "pass"},
		{"an alert of last week", "alerts-answered", "hosts/app1", "fail", "pass"},
		{"dynamic ports and remote management", "ports-needed", "hosts/dc1", "fail", "pass"},
		{"firmware's partition", "file-permissions", "hosts/app1", "fail", "pass"},
		{"a baseline that 2007 had not", "baseline-applied", "hosts/app1", "fail", "pass"},
		{"a full installation", "minimal-installation", "hosts/bill1", "fail", ""},
		// What one of them does not know.
		{"a release of 2022", "release-supported", "hosts/app1", "unknown", "pass"},
		{"a daemon without the setting", "ssh-protocol", "hosts/app1", "unknown", "pass"},
		// Both say the same, or nearly.
		{"patched five weeks ago, and nothing is newer", "patches-current", "hosts/edi1", "pass", "pass"},
		{"Windows Server 2003", "release-supported", "hosts/scale1", "fail", "fail"},
		{"Solaris 10, and nobody said whether support was bought", "release-supported", "hosts/edi1", "fail", "unknown"},
	} {
		key := c.rule + " " + c.subject
		if old.findings[key] != c.old || now.findings[key] != c.new {
			t.Errorf("%s: %s is %q by the advice of 2007 and %q by that of 2026; want %q and %q",
				c.why, key, old.findings[key], now.findings[key], c.old, c.new)
		}
	}
	for _, c := range []struct{ rule, old, new string }{
		{"cleartext-services", "pass", "fail"}, {"password-length", "pass", "fail"}, {"root-login", "pass", "fail"},
		{"default-accounts", "fail", "pass"}, {"alerts-answered", "fail", "pass"}, {"file-permissions", "fail", "pass"},
	} {
		if old.rules[c.rule] != c.old || now.rules[c.rule] != c.new {
			t.Errorf("%s as a whole is %q by the advice of 2007 and %q by that of 2026; want %q and %q",
				c.rule, old.rules[c.rule], now.rules[c.rule], c.old, c.new)
		}
	}
}

// TestOSHardeningTime: releases leave support without anybody's doing.
func TestOSHardeningTime(t *testing.T) {
	for _, c := range []struct{ at, rule, subject, want string }{
		{"2026-06-09T23:59:59Z", "release-supported", "hosts/db1", "pass"},
		{"2026-06-09T23:59:59Z", "support-ending", "hosts/db1", "fail"},
		{"2026-06-10T00:00:00Z", "release-supported", "hosts/db1", "unknown"}, // LTS, if it is taken
		{"2026-06-10T00:00:00Z", "support-ending", "hosts/db1", "notapplicable"},
		{"2028-06-30T00:00:00Z", "release-supported", "hosts/db1", "fail"},
		{"2026-10-12T23:59:59Z", "release-supported", "hosts/bill1", "pass"},
		{"2026-10-13T00:00:00Z", "release-supported", "hosts/bill1", "fail"},
		{"2027-02-01T00:00:00Z", "release-supported", "hosts/edi1", "fail"},
		{"2026-06-10T23:59:59Z", "alerts-answered", "hosts/app1", "pass"},
		{"2026-06-11T00:00:00Z", "alerts-answered", "hosts/app1", "fail"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := hardeningAssess(t, "2026.1.0", "baseline", at).findings[c.rule+" "+c.subject]; got != c.want {
			t.Errorf("%s: %s %s is %q; want %s", c.at, c.rule, c.subject, got, c.want)
		}
	}
}

// TestOSHardeningClaims: exceptions on a person's word hold while the word does.
func TestOSHardeningClaims(t *testing.T) {
	claim := &pb.Claim{
		Claim: "programs-allow-listed", Subject: "app1", Claimant: "k.lind",
		StartTime: timestamppb.New(hardeningAt.AddDate(0, -1, 0)), ExpireTime: timestamppb.New(hardeningAt.AddDate(0, 6, 0)),
	}
	const key = "malware-protection hosts/app1"
	for _, c := range []struct {
		at   time.Time
		want string
	}{{hardeningAt, "pass"}, {claim.ExpireTime.AsTime(), "fail"}} {
		if got := hardeningAssess(t, "2026.1.0", "baseline", c.at, claim).findings[key]; got != c.want {
			t.Errorf("with the claim, at %v %s is %q; want %s", c.at, key, got, c.want)
		}
	}
}
