package rule_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/plumbline/plumbline/assess/rule"
)

// TestRefusals goes through testdata/refusals.yaml.
func TestRefusals(t *testing.T) {
	raw, err := os.ReadFile("testdata/refusals.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Scope, When, At, Says string }
	if err := yaml.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for _, c := range cases {
		if c.Scope == "" {
			c.Scope = "host"
		}
		p, issues := w.env.Compile(c.When, c.Scope, rule.WantBool)
		if p != nil || len(issues) == 0 {
			t.Errorf("%s\nis not refused", c.When)
			continue
		}
		at := fmt.Sprintf("%d:%d", issues[0].Line, issues[0].Column)
		if at != c.At || !strings.Contains(issues[0].Message, c.Says) {
			t.Errorf("%s\nsays %s: %s\nwant %s: … %s …", c.When, at, issues[0].Message, c.At, c.Says)
		}
	}
}

// TestSeveralIssues asks for all issues of one expression, in its order.
func TestSeveralIssues(t *testing.T) {
	w := newWorld(t)
	_, issues := w.env.Compile("host.names[0] == \"a\" &&\nhost.domain_role == \"x\" &&\n1u == 2u", "host", rule.WantBool)
	var lines []int
	for _, i := range issues {
		lines = append(lines, i.Line)
	}
	if fmt.Sprint(lines) != "[1 2 3 3]" {
		t.Errorf("issues are %v", issues)
	}
}

// TestAccepted are near misses of what is refused.
func TestAccepted(t *testing.T) {
	w := newWorld(t)
	for _, src := range []string{
		`[] == ["a"]`,
		`host.labels["has"] == "bind"`,
		`host.os.patched_time - duration("1h") < now - params.p_duration`,
		`params.p_timestamp <= now`,
		`(host.virtual ? host.os.patched_time : params.p_timestamp) > now`,
		`host.id.matches("^(web|db)[0-9]{1,3}$")`,
		`host.domain_role in ["member", "controller"] && host.zone == "anything"`,
		`host.volumes.map(v, v.id) == ["C:"]`,
		`host.names.all(a, host.packages.all(b, a != b.name))`,
		`inventory.hosts.all(h, h.packages.all(p, p.vendor != "x"))`,
		`system.channels.filter(c, c.from.host == host.id).all(c, "tls" in c.protection)`,
	} {
		w.compile(t, src, "host")
	}
}
