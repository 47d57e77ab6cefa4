// Package configmgr_test holds the example files against what their README
// says of them.
package configmgr_test

import (
	"os"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/guidance"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

const profile = "internet-based-clients"

var at = time.Date(2012, 6, 30, 0, 0, 0, 0, time.UTC)

// findings assesses the one submission of an example file.
func findings(t *testing.T, name, profile string, at time.Time, claims ...*pb.Claim) []*pb.Finding {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var inv *pb.Inventory
	for s := range inventoryfile.Submissions(name, file) {
		for _, p := range s.Problems {
			t.Errorf("%s:%s", name, p)
		}
		if s.Item == nil || inv != nil {
			t.Fatalf("%s is not one good submission", name)
		}
		inv = s.Item.GetSubmit().Inventory
	}
	f, err := guidance.Get("configmgr-2007", "1.0.0")
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
	return plan.EvaluateInventory(inv, claims, nil, at.UnixMicro()).Findings()
}

// TestGood: nothing fails and nothing is unknown, under any profile.
func TestGood(t *testing.T) {
	for _, profile := range []string{"mixed-mode", "native-mode", profile} {
		passed := 0
		for _, f := range findings(t, "good.yaml", profile, at) {
			switch f.State {
			case "pass":
				passed++
			case "notapplicable", "notselected":
			default:
				t.Errorf("%s: %s %s is %s", profile, f.Rule, f.Subject, f.State)
			}
		}
		if passed < 100 {
			t.Errorf("%s: only %d results pass", profile, passed)
		}
	}
}

// TestFaulty: what the README says of the other file.
func TestFaulty(t *testing.T) {
	states := map[string]string{}
	for _, f := range findings(t, "faulty.yaml", profile, at) {
		states[f.Rule+" "+f.Subject] = f.State
	}
	for finding, want := range map[string]string{
		"scm-04-fallback-status-point-alone hosts/brk-dmz01":                     "fail",
		"scm-32-fallback-status-point-inside hosts/brk-dmz01":                    "fail",
		"scm-32-fallback-status-point-pulled hosts/brk-dmz01":                    "fail",
		"scm-12-no-other-web-applications hosts/brk-dmz01/components/mp":         "unknown",
		"scm-15-sql-server-of-its-own units/BRK":                                 "fail",
		"scm-15-sql-server-of-its-own units/NTH":                                 "fail",
		"scm-16-no-other-sql-applications hosts/brk-sql01":                       "fail",
		"scm-17-windows-authentication hosts/brk-sql01/components/sql":           "fail",
		"scm-11-sql-server-domain-account hosts/brk-sql01/components/sql":        "fail",
		"scm-18-database-on-site-server hosts/brk-sccm01":                        "fail",
		"scm-01-roles-not-all-on-one-computer hosts/nth-dc01":                    "fail",
		"scm-01-roles-not-all-on-one-computer hosts/brk-sccm01":                  "pass",
		"scm-13-site-server-member-server hosts/nth-dc01":                        "fail",
		"scm-14-secondary-site-not-pushed hosts/hul-sccm01":                      "fail",
		"scm-14-primary-no-administrator hosts/hul-sccm01|hosts/brk-sccm01":      "fail",
		"scm-08-no-internet-on-unsupported-roles hosts/hul-wks22/components/bdp": "fail",
		"scm-05-security-configuration-wizard hosts/hul-wks22":                   "notapplicable",
		"scm-34-site-systems-over-ipsec channels/dmz-sql":                        "unknown",
		"scm-03-iis-roles-share-with-iis-roles hosts/hul-sccm01":                 "unknown",
		"scm-life-product-supported system":                                      "pass",
	} {
		if got := states[finding]; got != want && !(got == "" && want == "notapplicable") {
			t.Errorf("%s is %q; want %s", finding, got, want)
		}
	}
}

// TestClaim: a claim does not help a fallback status point that pushes.
func TestClaim(t *testing.T) {
	claim := &pb.Claim{
		Claim: "fallback-status-point-needed-outside", Subject: "brk-dmz01", Claimant: "r.osei",
		StartTime: timestamppb.New(at.Add(-time.Hour)), ExpireTime: timestamppb.New(at.AddDate(0, 6, 0)),
	}
	for _, f := range findings(t, "faulty.yaml", profile, at, claim) {
		if f.Rule == "scm-32-fallback-status-point-inside" && f.Subject == "hosts/brk-dmz01" && f.State != "fail" {
			t.Errorf("%s is %s; it still pushes", f.Subject, f.State)
		}
	}
}

// TestSupportEnds: from 9 July 2019 on the good one fails too.
func TestSupportEnds(t *testing.T) {
	for day, want := range map[int]string{8: "pass", 9: "fail"} {
		for _, f := range findings(t, "good.yaml", profile, time.Date(2019, 7, day, 0, 0, 0, 0, time.UTC)) {
			if f.Rule == "scm-life-product-supported" && f.State != want {
				t.Errorf("on 2019-07-%02d it is %s; want %s", day, f.State, want)
			}
		}
	}
}
