package assess_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/rule"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestAskGolden holds what statements carry: a digest that changes takes the
// waivers, claims and attestations of an organisation away.
func TestAskGolden(t *testing.T) {
	c := engine(t)
	var b strings.Builder
	for i, r := range c.Rules() {
		b.WriteString("rule " + r.Id + " " + c.Ask(i).String() + "\n")
	}
	for _, d := range c.Source().Claims {
		ask, _ := c.ClaimAsk(d.Id)
		b.WriteString("claim " + d.Id + " " + ask.String() + "\n")
	}
	for _, d := range c.Source().Facts {
		ask, _ := c.FactAsk(d.Name, d.Scope)
		b.WriteString("fact " + d.Scope + " " + d.Name + " " + ask.String() + "\n")
	}
	want, err := os.ReadFile("testdata/asks.txt")
	if err != nil || string(want) != b.String() {
		t.Errorf("testdata/asks.txt (%v) is not\n%s", err, b.String())
	}
	if _, ok := c.ClaimAsk("nobody"); ok {
		t.Error("a claim that is not declared asks something")
	}
	if _, ok := c.FactAsk("nothing", "host"); ok {
		t.Error("a fact that is not declared asks something")
	}
}

// asks are what the rules of a changed checklist ask, by rule.
func asks(t *testing.T, c *pb.Checklist) map[string]string {
	t.Helper()
	compiled, problems := assess.Compile(c)
	for _, p := range problems {
		t.Fatal(p)
	}
	out := map[string]string{}
	for i, r := range compiled.Rules() {
		out[r.Id] = compiled.Ask(i).String()
	}
	return out
}

// eachRule walks the rules of a checklist.
func eachRule(groups []*pb.Group, do func(*pb.Group, *pb.Rule)) {
	for _, g := range groups {
		for _, r := range g.Rules {
			do(g, r)
		}
		eachRule(g.Groups, do)
	}
}

func TestAskLeavesTextsOut(t *testing.T) {
	c := proto.CloneOf(engine(t).Source())
	before := asks(t, c)
	eachRule(c.Groups, func(g *pb.Group, r *pb.Rule) {
		g.Title, g.Weight = "another", proto.Float64(3)
		r.Title, r.Rationale, r.Remediation, r.Severity = "another", "another", "another", "critical"
		r.Message, r.Weight, r.Requirements, r.Examples = "another", proto.Float64(7), []string{"x-1"}, nil
		r.Role = "unscored"
		if r.Check != "" {
			r.Check = "// why\n" + strings.ReplaceAll(r.Check, " ", "  ") + "\n"
		}
		for _, x := range r.Exceptions {
			x.Text = "another"
		}
	})
	for _, p := range c.Parameters {
		p.Description = "another"
	}
	for _, f := range c.Facts {
		f.Question = "another"
	}
	for _, k := range c.Claims {
		k.Question, k.Longest = "another", nil
	}
	slices.Reverse(c.Parameters)
	for id, ask := range asks(t, c) {
		if ask != before[id] {
			t.Errorf("%s asks something else", id)
		}
	}
}

// TestAskFollowsLogic changes one thing that conditions are made of: the rules
// that it is part of ask something else, and no others.
func TestAskFollowsLogic(t *testing.T) {
	c := engine(t)
	before := asks(t, proto.CloneOf(c.Source()))
	check := func(name string, wanted func(i int, r *pb.Rule) bool, change func(*pb.Checklist)) {
		t.Helper()
		other := proto.CloneOf(c.Source())
		change(other)
		after, some := asks(t, other), false
		for i, r := range c.Rules() {
			some = some || wanted(i, r)
			if changed := after[r.Id] != before[r.Id]; changed != wanted(i, r) {
				t.Errorf("%s: %s asks something else: %v", name, r.Id, changed)
			}
		}
		if !some {
			t.Errorf("%s: no rule reads it", name)
		}
	}
	reads := func(list func(rule.Reads) []string, name string) func(int, *pb.Rule) bool {
		return func(i int, _ *pb.Rule) bool { return slices.Contains(list(c.Reads(i)), name) }
	}
	for n, p := range c.Source().Parameters {
		if p.Type != "duration" {
			continue
		}
		check("parameter "+p.Name, reads(func(r rule.Reads) []string { return r.Params }, p.Name), func(c *pb.Checklist) {
			c.Parameters[n].Default.GetDurationValue().Seconds++
		})
	}
	for n, tab := range c.Source().Tables {
		check("table "+tab.Name, reads(func(r rule.Reads) []string { return r.Tables }, tab.Name), func(c *pb.Checklist) {
			for _, v := range c.Tables[n].Entries {
				c.Tables[n].Entries["one-more"] = v
				return
			}
		})
	}
	for n, k := range c.Source().Claims {
		check("claim "+k.Id, reads(func(r rule.Reads) []string { return r.Claims }, k.Id), func(c *pb.Checklist) { c.Claims[n].Scope = "zone" })
	}
	for _, r := range c.Rules() {
		same := func(_ int, other *pb.Rule) bool { return other.Id == r.Id }
		of := func(c *pb.Checklist) (found *pb.Rule) {
			eachRule(c.Groups, func(_ *pb.Group, x *pb.Rule) {
				if x.Id == r.Id {
					found = x
				}
			})
			return found
		}
		check("multiple", same, func(c *pb.Checklist) { of(c).Multiple = !r.Multiple })
		if r.Check != "" {
			check("check", same, func(c *pb.Checklist) { of(c).Check = "!(" + r.Check + ")" })
		}
		for n := range r.Exceptions {
			check("exception", same, func(c *pb.Checklist) { of(c).Exceptions[n].Id += "x" })
		}
	}
}

// TestPlain asks that texts keep their meaning without comments, and with other
// spaces.
func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"  a  &&\n\tb ":                    "a && b",
		"a // why\n&& b // and":            "a && b",
		`x == "a  // b" // c`:              `x == "a  // b"`,
		`x == 'it\'s  ' && y`:              `x == 'it\'s  ' && y`,
		`x.matches(r"\d\")  &&  y`:         `x.matches(r"\d\") && y`,
		"x == \"\"\"a \"\n  b\"\"\"  || y": "x == \"\"\"a \"\n  b\"\"\" || y",
		`param.matcher"  a"`:               `param.matcher"  a"`,
		`x == br'\'  && y`:                 `x == br'\' && y`,
		"\"never ends  ":                   "\"never ends  ",
		"":                                 "",
	} {
		if got := rule.Plain(in); got != want {
			t.Errorf("%q is %q in plain, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune("ab r\"'\\/ \n"))).Draw(t, "text")
		if plain := rule.Plain(s); rule.Plain(plain) != plain {
			t.Errorf("%q is %q, and then %q", s, plain, rule.Plain(plain))
		}
	})
}
