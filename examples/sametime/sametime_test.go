// Package sametime_test holds the example files against what their README says
// of them.
package sametime_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/guidance"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// at is a day on which Sametime 9 was supported.
var at = time.Date(2017, 6, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// evaluate assesses the one submission of an example file.
func evaluate(t *testing.T, name, profile string, claims ...*pb.Claim) *assess.Evaluation {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var inv *pb.Inventory
	for s := range inventoryfile.Submissions(name, f) {
		for _, p := range s.Problems {
			t.Errorf("%s:%s", name, p)
		}
		if s.Item == nil || inv != nil {
			t.Fatalf("%s is not one good submission", name)
		}
		inv = s.Item.GetSubmit().Inventory
	}
	file, err := guidance.Get("sametime-extranet", guidance.Latest)
	if err != nil {
		t.Fatal(err)
	}
	c, problems := assess.Compile(file.Checklist)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	plan, err := c.Plan(profile, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan.EvaluateInventory(inv, claims, nil, at)
}

// TestGood: nothing fails, and nothing is left undecided.
func TestGood(t *testing.T) {
	for _, profile := range []string{"extranet", "intranet-only"} {
		passed := 0
		for _, f := range evaluate(t, "good.yaml", profile).Findings() {
			switch f.State {
			case "pass":
				passed++
			case "notapplicable", "notselected":
			default:
				t.Errorf("%s: %s %s is %s (missing: %v)", profile, f.Rule, f.Subject, f.State, f.MissingFacts)
			}
		}
		if passed < 50 {
			t.Errorf("%s: only %d results pass", profile, passed)
		}
	}
}

// TestFaulty: what the README says of the faults, and of what is not known.
func TestFaulty(t *testing.T) {
	states := map[string]string{}
	for _, f := range evaluate(t, "faulty.yaml", "extranet").Findings() {
		states[f.Rule+" "+f.Subject] = f.State
	}
	for finding, want := range map[string]string{
		"smt-02-two-devices boundaries/fw-outside":                       "fail",
		"smt-02-no-way-around boundaries/dsl-factory":                    "fail",
		"smt-02-no-way-around boundaries/fw-inside":                      "pass",
		"smt-02-traffic-passes-both-firewalls channels/fitters-sip":      "fail",
		"smt-18-needed-ports-open channels/fitters-chat":                 "fail",
		"smt-18-needed-ports-open channels/web-ldap":                     "pass",
		"smt-07-inner-flows-carry-traffic boundaries/fw-inside":          "fail",
		"smt-18-flows-narrow boundaries/fw-inside":                       "fail",
		"smt-18-flows-narrow boundaries/fw-outside":                      "pass",
		"smt-11-administrative-security hosts/gauge-web/components/dmgr": "fail",
		"smt-11-console-closed hosts/gauge-web/endpoints/8700":           "fail",
		"smt-12-no-deployment-manager-in-dmz hosts/gauge-web":            "fail",
		"smt-05-no-directory-in-dmz hosts/gauge-ad9":                     "fail",
		"smt-16-media-relayed channels/fitters-calls":                    "fail",
		"smt-16-media-relayed channels/staff-calls":                      "notapplicable",
		"smt-06-db2-channels-allowed channels/web-db":                    "fail",
		"smt-14-db2-encrypted channels/web-db":                           "fail",
		"smt-14-db2-encrypted channels/console-db":                       "unknown",
		"smt-18-open-ports-listen boundaries/fw-inside":                  "unknown",
		"smt-09-web-traffic-ssl hosts/gauge-gate/endpoints/?":            "unknown",
		"smt-16-media-relayed channels/customers-conferences":            "unknown",
	} {
		if states[finding] != want {
			t.Errorf("%s is %q; want %s", finding, states[finding], want)
		}
	}
}

// TestClaim: what a claim does for the directory in the DMZ, and for nothing else.
func TestClaim(t *testing.T) {
	failing := func(claims ...*pb.Claim) (out []string) {
		for _, f := range evaluate(t, "faulty.yaml", "extranet", claims...).Findings() {
			if f.State == "fail" {
				out = append(out, f.Rule+" "+f.Subject)
			}
		}
		return out
	}
	claim := &pb.Claim{
		Claim: "directory-in-dmz-accepted", Subject: "gauge-ad9", Claimant: "h.lindqvist",
		StartTime:  timestamppb.New(time.UnixMicro(at).AddDate(0, 0, -1)),
		ExpireTime: timestamppb.New(time.UnixMicro(at).AddDate(0, 6, 0)),
	}
	want := slices.DeleteFunc(failing(), func(f string) bool { return f == "smt-05-no-directory-in-dmz hosts/gauge-ad9" })
	if got := failing(claim); !slices.Equal(got, want) {
		t.Errorf("with the claim %v fail; want %v", got, want)
	}
}
