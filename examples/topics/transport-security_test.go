package topics_test

import (
	"encoding/json"
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

// transportAt is when the order service is assessed.
var transportAt = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// transportInventory reads the one submission of the example.
func transportInventory(t *testing.T) *pb.Inventory {
	t.Helper()
	const name = "transport-security.yaml"
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

// transportPlan compiles one version of the topic's checklist.
func transportPlan(t *testing.T, version, profile string) (*assess.Checklist, *assess.Plan) {
	t.Helper()
	f, err := guidance.Get("transport-security", version)
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
	return c, plan
}

// transportStates are the combined states of one version's rules, and those
// of each finding by rule and subject.
func transportStates(t *testing.T, version, profile string, at time.Time, claims ...*pb.Claim) (rules, findings map[string]string) {
	t.Helper()
	c, plan := transportPlan(t, version, profile)
	e := plan.EvaluateInventory(transportInventory(t), claims, nil, at.UnixMicro())
	rules, findings = map[string]string{}, map[string]string{}
	for _, r := range c.Rules() {
		state, ok := e.RuleState(r.Id)
		if !ok {
			t.Errorf("%s has no state for %s", version, r.Id)
		}
		rules[r.Id] = state.String()
	}
	for _, f := range e.Findings() {
		findings[f.Rule+" "+f.Subject] = f.State
	}
	return rules, findings
}

// TestTransportSecurity pins, rule by rule, what both versions say of the order
// service, and below that what fails and what is unknown.
func TestTransportSecurity(t *testing.T) {
	old, oldFindings := transportStates(t, "2007.1.0", "intermediate", transportAt)
	now, nowFindings := transportStates(t, "2026.1.0", "intermediate", transportAt)
	modern, _ := transportStates(t, "2026.1.0", "modern", transportAt)
	var b strings.Builder
	line := func(rule, a, b, c string) string {
		return strings.TrimRight(fmt.Sprintf("%-27s %-14s %-14s %s", rule, a, b, c), " ") + "\n"
	}
	b.WriteString(line("rule", "2007", "2026", "2026 modern"))
	ids := maps.Clone(old)
	maps.Copy(ids, now)
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		b.WriteString(line(id, old[id], now[id], modern[id]))
	}
	for _, v := range []struct {
		name     string
		findings map[string]string
	}{{"2007", oldFindings}, {"2026", nowFindings}} {
		fmt.Fprintf(&b, "\n%s\n", v.name)
		for _, state := range []string{"fail", "unknown", "error"} {
			for _, key := range slices.Sorted(maps.Keys(v.findings)) {
				if v.findings[key] == state {
					fmt.Fprintf(&b, "  %-8s %s\n", state, key)
				}
			}
		}
	}
	transportGolden(t, b.String())
}

func transportGolden(t *testing.T, got string) {
	t.Helper()
	golden := filepath.Join("testdata", "transport-security.txt")
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

// TestTransportSecurityDisagrees names where advice has turned, in both
// directions. A state of "" says that the version does not ask.
func TestTransportSecurityDisagrees(t *testing.T) {
	_, old := transportStates(t, "2007.1.0", "intermediate", transportAt)
	_, now := transportStates(t, "2026.1.0", "intermediate", transportAt)
	_, modern := transportStates(t, "2026.1.0", "modern", transportAt)
	for _, c := range []struct{ why, rule, subject, old, new string }{
		// Good then and bad now.
		{"SSL 3.0 and TLS 1.0", "tls-protocols", "hosts/web03/endpoints/443", "pass", "fail"},
		{"RC4 and 3DES", "ciphers-broken", "hosts/web03/endpoints/443", "pass", "fail"},
		{"the common name alone", "certificate-names", "hosts/web03/endpoints/443", "pass", "fail"},
		{"only the logon page encrypted", "logon-encrypted", "hosts/web03/endpoints/80", "pass", "fail"},
		{"public pages in the clear", "redirect-to-tls", "hosts/web03/endpoints/80", "pass", "fail"},
		{"a site for people inside in the clear", "listener-encrypted", "hosts/web03/endpoints/80", "notapplicable", "fail"},
		{"people inside in the clear", "people-encrypted", "channels/portal", "notapplicable", "fail"},
		{"RSA of 1024 bits", "certificate-key", "hosts/web03/endpoints/443", "", "fail"},
		{"SHA-1", "certificate-signature", "hosts/web03/endpoints/443", "", "fail"},
		{"ten years", "certificate-lifetime", "hosts/web03/endpoints/443", "", "fail"},
		{"IKEv1", "ipsec-ike-version", "hosts/sql03", "", "fail"},
		{"3DES under IPsec", "ipsec-algorithms", "hosts/sql03", "", "fail"},
		{"no HSTS", "hsts", "hosts/web03/endpoints/443", "", "fail"},
		// Bad then and good now.
		{"TLS 1.3 alone", "tls-current-version", "hosts/api1/endpoints/8443", "fail", "pass"},
		{"TLS 1.2 and 1.3", "tls-current-version", "hosts/edge1/endpoints/443", "fail", "pass"},
		{"TLS 1.0", "tls-current-version", "hosts/web03/endpoints/443", "pass", "fail"},
		{"public news over TLS", "tls-only-where-needed", "hosts/edge1/endpoints/443", "fail", ""},
		{"pages of 2 MB over TLS", "pages-small", "hosts/edge1/endpoints/443", "fail", ""},
		{"photographs over TLS", "graphics-small", "hosts/edge1/endpoints/443", "fail", ""},
		{"IPsec across sites", "ipsec-on-one-lan", "channels/db-copies", "fail", ""},
		{"copies under IPsec", "distribution-over-ssl", "channels/db-copies", "fail", ""},
		// Both hold.
		{"a database in the clear", "server-to-server-encrypted", "channels/stock-database", "fail", "fail"},
		{"telnet", "administration-encrypted", "hosts/app03/endpoints/23", "fail", "fail"},
		{"SSL 2.0", "tls-protocols", "hosts/app03/endpoints/8989", "fail", "fail"},
		{"an expired certificate", "certificate-current", "hosts/app03/endpoints/8989", "fail", "fail"},
		{"a partner by password", "mutual-authentication", "channels/carrier-labels", "fail", "fail"},
		{"a partner by certificates", "mutual-authentication", "channels/bank-mail", "pass", "pass"},
		{"services by certificates", "mutual-authentication", "channels/edge-to-api", "notapplicable", "pass"},
		{"nobody wrote it down", "server-to-server-encrypted", "channels/api-to-stock", "unknown", "unknown"},
	} {
		key := c.rule + " " + c.subject
		if old[key] != c.old || now[key] != c.new {
			t.Errorf("%s: %s is %q by the advice of 2007 and %q by that of 2026; want %q and %q", c.why, key, old[key], now[key], c.old, c.new)
		}
	}
	for _, key := range []string{"tls-protocols hosts/edge1/endpoints/443", "cipher-suites hosts/edge1/endpoints/443"} {
		if now[key] != "pass" || modern[key] != "fail" {
			t.Errorf("%s is %q and %q in the profile modern; want pass and fail", key, now[key], modern[key])
		}
	}
}

// TestTransportSecurityLockedRoom: in 2007 a locked data center did in place of
// encryption, on somebody's word. It does not any more.
func TestTransportSecurityLockedRoom(t *testing.T) {
	claim := &pb.Claim{
		Claim: "physically-secure-data-center", Subject: "east", Claimant: "r.osei",
		StartTime: timestamppb.New(transportAt.AddDate(0, -1, 0)), ExpireTime: timestamppb.New(transportAt.AddDate(0, 6, 0)),
	}
	const key = "server-to-server-encrypted channels/stock-database"
	if _, old := transportStates(t, "2007.1.0", "intermediate", transportAt, claim); old[key] != "pass" {
		t.Errorf("with the claim, %s is %q by the advice of 2007; want pass", key, old[key])
	}
	if _, old := transportStates(t, "2007.1.0", "intermediate", claim.ExpireTime.AsTime(), claim); old[key] != "fail" {
		t.Errorf("with an expired claim, %s is %q by the advice of 2007; want fail", key, old[key])
	}
	if _, now := transportStates(t, "2026.1.0", "intermediate", transportAt, claim); now[key] != "fail" {
		t.Errorf("with the claim, %s is %q by the advice of 2026; want fail", key, now[key])
	}
}

// TestTransportSecurityTime: certificates run out without anybody's doing, with
// a warning before.
func TestTransportSecurityTime(t *testing.T) {
	for _, c := range []struct{ at, rule, subject, want string }{
		{"2026-05-24T23:59:59Z", "certificate-renewal-due", "hosts/mta1/endpoints/25", "pass"},
		{"2026-05-25T00:00:00Z", "certificate-renewal-due", "hosts/mta1/endpoints/25", "fail"},
		{"2026-06-14T23:59:59Z", "certificate-current", "hosts/mta1/endpoints/25", "pass"},
		{"2026-06-15T00:00:00Z", "certificate-current", "hosts/mta1/endpoints/25", "fail"},
		{"2026-06-15T00:00:00Z", "certificate-renewal-due", "hosts/mta1/endpoints/25", "notapplicable"},
		// A certificate of 30 days is due later.
		{"2026-06-11T23:59:59Z", "certificate-renewal-due", "hosts/api1/endpoints/8443", "pass"},
		{"2026-06-12T00:00:00Z", "certificate-renewal-due", "hosts/api1/endpoints/8443", "fail"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		_, findings := transportStates(t, "2026.1.0", "intermediate", at)
		if got := findings[c.rule+" "+c.subject]; got != c.want {
			t.Errorf("%s: %s %s is %q; want %s", c.at, c.rule, c.subject, got, c.want)
		}
	}
}

// transportGuideline is a configuration of Mozilla's guideline, as far as the
// checklist repeats it.
type transportGuideline struct {
	Versions   []string            `json:"tls_versions"`
	Ciphers    map[string][]string `json:"ciphers"`
	Suites     []string            `json:"ciphersuites"`
	Groups     []string            `json:"tls_curves"`
	Signatures []string            `json:"certificate_signatures"`
	KeyTypes   []string            `json:"certificate_types"`
	Lifetime   int                 `json:"maximum_certificate_lifespan"`
	HSTS       int                 `json:"hsts_min_age"`
	RSA        int64               `json:"rsa_key_size"`
}

// TestTransportSecurityIsMozillas holds the parameters of both profiles of 2026
// against Mozilla's guideline. Where they accept more, their descriptions say so.
func TestTransportSecurityIsMozillas(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "samples", "mozilla-tls", "6.0.json"))
	if err != nil {
		t.Skipf("the samples are not here: %v", err)
	}
	var file struct {
		Configurations map[string]transportGuideline `json:"configurations"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	c, _ := transportPlan(t, "2026.1.0", "")
	for _, profile := range c.Source().Profiles {
		want, ok := file.Configurations[profile.Id]
		if !ok {
			t.Errorf("Mozilla has no configuration %s", profile.Id)
		}
		value := func(name string) *pb.Value {
			if v := profile.Parameters[name]; v != nil {
				return v
			}
			for _, p := range c.Source().Parameters {
				if p.Name == name {
					return p.Default
				}
			}
			t.Fatalf("there is no parameter %s", name)
			return nil
		}
		texts := func(name string) []string { return value(name).GetStrings().GetValues() }
		if d := cmp.Diff(want.Versions, texts("accepted_versions")); d != "" {
			t.Errorf("%s, versions (-want +got)\n%s", profile.Id, d)
		}
		suites := slices.Concat(want.Suites, want.Ciphers["openssl"], want.Ciphers["iana"])
		transportHas(t, profile.Id+", cipher suites", texts("accepted_ciphers"), suites)
		transportHas(t, profile.Id+", groups", texts("accepted_groups"), transportFolded(want.Groups, strings.ToLower))
		transportHas(t, profile.Id+", signatures", texts("accepted_signatures"), transportFolded(want.Signatures, strings.ToLower))
		transportHas(t, profile.Id+", key types", texts("accepted_key_types"), transportFolded(want.KeyTypes, strings.ToUpper))
		for name, want := range map[string]time.Duration{
			"max_certificate_lifetime": time.Duration(want.Lifetime) * 24 * time.Hour,
			"min_hsts_age":             time.Duration(want.HSTS) * time.Second,
		} {
			if got := value(name).GetDurationValue().AsDuration(); got != want {
				t.Errorf("%s: %s is %v; want %v", profile.Id, name, got, want)
			}
		}
		// modern has no RSA, and so no length for it.
		if got := c.Source().Tables[0].Entries["RSA"].GetIntValue(); want.RSA != 0 && got != want.RSA {
			t.Errorf("%s: RSA keys of %d bits are accepted; want %d", profile.Id, got, want.RSA)
		}
		if profile.Id != "modern" {
			continue
		}
		if got := len(texts("accepted_ciphers")) + len(texts("accepted_signatures")); got != len(suites)+len(want.Signatures) {
			t.Errorf("modern accepts %d cipher suites and signatures; want %d and no more", got, len(suites)+len(want.Signatures))
		}
	}
}

func transportHas(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s: %s is missing", what, w)
		}
	}
}

func transportFolded(in []string, fold func(string) string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = fold(s)
	}
	return out
}
