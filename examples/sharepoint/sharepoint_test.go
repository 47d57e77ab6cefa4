// Package sharepoint_test holds the example files against what their README
// says of them.
package sharepoint_test

import (
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/assess/shape"
	"github.com/plumbline/plumbline/guidance"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var update = flag.Bool("update", false, "rewrite testdata")

var at = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// read reads the one submission of an example file.
func read(t *testing.T, name string) *pb.SubmitInventoryRequest {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out *pb.SubmitInventoryRequest
	for s := range inventoryfile.Submissions(name, f) {
		for _, p := range s.Problems {
			t.Errorf("%s:%s", name, p)
		}
		if s.Item == nil || out != nil {
			t.Fatalf("%s is not one good submission", name)
		}
		out = s.Item.GetSubmit()
	}
	return out
}

// merged is what the three files say together, the CMDB first by its name.
func merged(t *testing.T) *merge.Merged {
	in := merge.Input{At: at.UnixMicro()}
	for _, name := range []string{"farm.yaml", "scanner.yaml", "endpoints.yaml"} {
		s := read(t, name)
		inv := proto.CloneOf(s.Inventory)
		intake.Normalize(inv)
		hosts := shape.Of(inv).Field("hosts").Presence(shape.Ptr(inv))
		for _, h := range inv.Hosts {
			in.Hosts = append(in.Hosts, merge.HostView{Source: s.Source, Host: h, Confirmed: in.At, Reported: true})
		}
		in.System = append(in.System, merge.SystemView{Source: s.Source, Inventory: inv, Hosts: hosts, Confirmed: in.At})
	}
	return merge.Merge(in)
}

func checklist(t *testing.T) *assess.Checklist {
	f, err := guidance.Get("sharepoint-2007", guidance.Latest)
	if err != nil {
		t.Fatal(err)
	}
	c, problems := assess.Compile(f.Checklist)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return c
}

// TestAssessment holds what fails and what is unknown, under each profile,
// against testdata/assessment.txt.
func TestAssessment(t *testing.T) {
	const file = "testdata/assessment.txt"
	m, c := merged(t), checklist(t)
	var b strings.Builder
	for _, profile := range c.Source().Profiles {
		plan, err := c.Plan(profile.Id, nil)
		if err != nil {
			t.Fatal(err)
		}
		e := plan.Evaluate(assess.Input{Merged: m, At: at.UnixMicro()})
		a := e.Assessment()
		fmt.Fprintf(&b, "%s: score %.1f, coverage %.2f\n", profile.Id, a.Raw.Scores[0].GetValue(), a.GetCoverage())
		var lines []string
		for _, f := range e.Findings() {
			switch f.State {
			case "pass", "notapplicable", "notselected":
			default:
				lines = append(lines, fmt.Sprintf("  %-8s %s %s", f.State, f.Rule, f.Subject))
			}
		}
		slices.Sort(lines)
		fmt.Fprintln(&b, strings.Join(lines, "\n"))
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestClaim: what the README says a claim would do.
func TestClaim(t *testing.T) {
	plan, err := checklist(t).Plan("external-secure-collaboration", nil)
	if err != nil {
		t.Fatal(err)
	}
	claim := &pb.Claim{
		Claim: "physically-secure-data-center", Subject: "east", Claimant: "r.osei",
		StartTime: timestamppb.New(at.Add(-time.Hour)), ExpireTime: timestamppb.New(at.AddDate(0, 6, 0)),
	}
	e := plan.Evaluate(assess.Input{Merged: merged(t), Claims: []*pb.Claim{claim}, At: at.UnixMicro()})
	states := map[string]string{}
	for _, f := range e.Findings() {
		states[f.Rule+" "+f.Subject] = f.State
	}
	for finding, want := range map[string]string{
		"sps-01-farm-traffic-encrypted channels/wfe1-config":       "pass",
		"sps-01-farm-traffic-encrypted channels/www2-content":      "pass",
		"sps-06-perimeter-to-database-ipsec channels/www2-content": "fail",
	} {
		if states[finding] != want {
			t.Errorf("%s is %q; want %s", finding, states[finding], want)
		}
	}
	if got := time.UnixMicro(e.ValidUntil); got.After(claim.ExpireTime.AsTime()) {
		t.Errorf("the assessment holds until %v, beyond the claim", got)
	}
}

func TestDisagreements(t *testing.T) {
	var paths []string
	for _, d := range merged(t).Disagreements() {
		paths = append(paths, d.Path)
	}
	want := []string{
		"hosts/ext-wfe2/addresses/198.51.100.122",
		"hosts/shp-app1/endpoints/8443/protocol",
		"hosts/shp-app1/endpoints/8443/tls/enabled",
	}
	if d := cmp.Diff(want, paths); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// scan is what sslscan's XML says, as far as endpoints.yaml repeats it.
type scan struct {
	Protocols []struct {
		Type    string `xml:"type,attr"`
		Version string `xml:"version,attr"`
		Enabled string `xml:"enabled,attr"`
	} `xml:"ssltest>protocol"`
	Ciphers []struct {
		Name     string `xml:"cipher,attr"`
		Bits     int32  `xml:"bits,attr"`
		Strength string `xml:"strength,attr"`
		Version  string `xml:"sslversion,attr"`
	} `xml:"ssltest>cipher"`
	Certificate struct {
		Algorithm string `xml:"signature-algorithm"`
		Key       struct {
			Bits int32 `xml:"bits,attr"`
		} `xml:"pk"`
		SelfSigned bool   `xml:"self-signed"`
		NotAfter   string `xml:"not-valid-after"`
	} `xml:"ssltest>certificates>certificate"`
}

// TestEndpointsAreTheScans: endpoints.yaml says what sslscan said.
func TestEndpointsAreTheScans(t *testing.T) {
	hosts := read(t, "endpoints.yaml").Inventory.Hosts
	for i, name := range []string{"sslscan-18443.xml", "sslscan-18444.xml"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "samples", "tls", name))
		if err != nil {
			t.Skipf("the samples are not here: %v", err)
		}
		var want scan
		if err := xml.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		tls := hosts[i].Endpoints[0].Tls
		compareScan(t, hosts[i].Id, tls, &want)
	}
}

func compareScan(t *testing.T, host string, got *pb.Tls, want *scan) {
	var versions []string
	for _, p := range want.Protocols {
		if p.Enabled == "1" {
			versions = append(versions, map[string]string{"ssl": "SSLv", "tls": "TLSv"}[p.Type]+p.Version)
		}
	}
	ciphers := map[string]*pb.Cipher{}
	for _, c := range want.Ciphers {
		if ciphers[c.Name] == nil {
			ciphers[c.Name] = &pb.Cipher{Name: c.Name, Bits: &c.Bits, Strength: &c.Strength}
		}
		ciphers[c.Name].Versions = append(ciphers[c.Name].Versions, c.Version)
	}
	if !slices.Equal(got.Versions, versions) || len(got.Ciphers) != len(ciphers) {
		t.Errorf("%s: %v and %d cipher suites; want %v and %d", host, got.Versions, len(got.Ciphers), versions, len(ciphers))
	}
	for _, c := range got.Ciphers {
		if !proto.Equal(c, ciphers[c.Name]) {
			t.Errorf("%s: %v; want %v", host, c, ciphers[c.Name])
		}
	}
	cert, end := got.Certificate, got.Certificate.NotAfter.AsTime().Format("Jan 2 15:04:05 2006 GMT")
	if cert.GetKeyBits() != want.Certificate.Key.Bits || cert.GetSignatureAlgorithm() != want.Certificate.Algorithm ||
		cert.GetSelfSigned() != want.Certificate.SelfSigned || end != want.Certificate.NotAfter {
		t.Errorf("%s: certificate %v; want %+v", host, cert, want.Certificate)
	}
}
