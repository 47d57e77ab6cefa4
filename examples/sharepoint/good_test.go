package sharepoint_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var (
	goodAt     = time.Date(2012, 6, 30, 0, 0, 0, 0, time.UTC)
	supportEnd = time.Date(2017, 10, 10, 0, 0, 0, 0, time.UTC)
)

// eachProfile runs a test under every profile with the assessment of good.yaml
// as of any instant.
func eachProfile(t *testing.T, run func(t *testing.T, p *pb.Profile, good func(time.Time) *assess.Evaluation)) {
	inv, c := read(t, "good.yaml").Inventory, checklist(t)
	profiles := c.Source().Profiles
	if len(profiles) != 3 {
		t.Errorf("%d profiles; the README names three", len(profiles))
	}
	for _, p := range profiles {
		t.Run(p.Id, func(t *testing.T) {
			plan, err := c.Plan(p.Id, nil)
			if err != nil {
				t.Fatal(err)
			}
			run(t, p, func(at time.Time) *assess.Evaluation {
				return plan.EvaluateInventory(inv, nil, nil, at.UnixMicro())
			})
		})
	}
}

// wrong lists what neither passes nor is left out.
func wrong(e *assess.Evaluation) (out []string) {
	for _, f := range e.Findings() {
		switch f.State {
		case "pass", "notapplicable", "notselected":
		default:
			out = append(out, f.Rule+" "+f.Subject+" "+f.State)
		}
	}
	return out
}

// TestGood: nothing fails and nothing is unknown, under any profile, and no
// rule that the profile asks has nothing to ask about.
func TestGood(t *testing.T) {
	eachProfile(t, func(t *testing.T, _ *pb.Profile, good func(time.Time) *assess.Evaluation) {
		e := good(goodAt)
		if w := wrong(e); len(w) > 0 {
			t.Errorf("%q", w)
		}
		a := e.Assessment()
		if score := a.Raw.Scores[0]; score.Value == nil || score.GetValue() != 100 {
			t.Errorf("score %v; want 100", score)
		}
		if a.Coverage == nil || a.GetCoverage() != 1 {
			t.Errorf("coverage %v; want 1", a.Coverage)
		}
		if len(a.Warnings) > 0 {
			t.Errorf("warnings: %q", a.Warnings)
		}
		for _, r := range a.Rules {
			if r.State != "pass" && r.State != "notselected" {
				t.Errorf("%s is %s", r.Rule, r.State)
			}
		}
	})
}

// TestGoodExceptions: by what exceptions it passes, where the README says so.
func TestGoodExceptions(t *testing.T) {
	want := map[string]string{
		"sps-06-perimeter-to-database-ipsec channels/xweb1-content":                              "",
		"sps-06-perimeter-to-database-ipsec channels/pub1-content":                               "domains-without-trust",
		"sps-04-ipsec-on-one-lan channels/web1-content":                                          "",
		"sps-04-ipsec-on-one-lan channels/xweb1-content":                                         "perimeter",
		"sps-17-ssl-only-where-needed hosts/moss-app1/endpoints/8444":                            "administration",
		"sps-17-ssl-only-where-needed hosts/xnet-web1/endpoints/extranet.calderwick.example:443": "outside-users",
		"sps-17-ssl-only-where-needed hosts/moss-web1/endpoints/hr.calderwick.example:443":       "sensitive",
		"sps-17-ssl-only-where-needed hosts/edge-tmg1/endpoints/www.calderwick.example:443":      "",
		"sps-07-ssl-not-for-all-traffic channels/app1-erp":                                       "",
		"sps-02-database-trusted-clients hosts/pub-sql1":                                         "",
		"sps-09-content-deployment-ssl channels/deploy-site":                                     "",
		"sps-10-shared-services-ssl channels/xweb1-shared-services":                              "",
		"sps-15-logon-encrypted hosts/xnet-web1/endpoints/rooms.calderwick.example:443":          "",
		"sps-08-administration-sites-ssl hosts/moss-app1/endpoints/8443":                         "",
		"sps-07-each-channel-for-itself channels/pub1-config|channels/pub1-content":              "",
	}
	eachProfile(t, func(t *testing.T, p *pb.Profile, good func(time.Time) *assess.Evaluation) {
		got, asked := map[string]string{}, maps.Clone(want)
		maps.DeleteFunc(asked, func(finding, _ string) bool {
			rule, _, _ := strings.Cut(finding, " ")
			return slices.Contains(p.Deselect, rule)
		})
		for _, f := range good(goodAt).Findings() {
			if _, ok := want[f.Rule+" "+f.Subject]; ok && f.State == "pass" {
				got[f.Rule+" "+f.Subject] = f.Exception
			}
			if f.Exception == "secure-data-center" {
				t.Errorf("%s %s rests on a claim", f.Rule, f.Subject)
			}
		}
		if d := cmp.Diff(asked, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	})
}

// TestGoodSupportEnds: nothing changes until support ends. Then that alone
// fails, by the time that passed, and the next is the public certificates' end.
func TestGoodSupportEnds(t *testing.T) {
	eachProfile(t, func(t *testing.T, _ *pb.Profile, good func(time.Time) *assess.Evaluation) {
		if got := time.UnixMicro(good(goodAt).ValidUntil).UTC(); !got.Equal(supportEnd) {
			t.Fatalf("holds until %v; want %v", got, supportEnd)
		}
		if w := wrong(good(supportEnd.Add(-time.Microsecond))); len(w) > 0 {
			t.Errorf("at the last instant of support: %q", w)
		}
		e := good(supportEnd)
		if d := cmp.Diff([]string{"sps-19-product-supported system fail"}, wrong(e)); d != "" {
			t.Errorf("when support has ended (-want +got)\n%s", d)
		}
		certificates := time.Date(2018, 5, 21, 0, 0, 0, 0, time.UTC)
		if got := time.UnixMicro(e.ValidUntil).UTC(); !got.Equal(certificates) {
			t.Errorf("then holds until %v; want %v", got, certificates)
		}
	})
}
