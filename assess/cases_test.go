package assess_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// suite is a file of testdata/cases: a small checklist, and inventories with
// what it makes of them.
type suite struct {
	Checklist yaml.Node
	Cases     []evalCase
	compiled  *assess.Checklist
}

// evalCase is one evaluation. Rows are all results, one a line:
//
//	RULE SUBJECT STATE [by EXCEPTION] [accepted until DATE] [until DATE] [misses PATHS] [| WORDS]
//
// The subject of a rule that was not run on any is "-". Words, the message and
// what a failure would pass by, stand there where the case asks for them.
type evalCase struct {
	Name      string
	Profile   string
	Tailoring yaml.Node
	Inventory yaml.Node
	Claims    []yaml.Node
	Waivers   []yaml.Node
	At        string   // a date or an instant; the beginning of 2026 where empty
	Rules     []string // whose rows are shown; all where empty
	Words     bool
	Rows      string
	Score     string
	PlanError string `yaml:"plan_error"`
}

// suites reads all files of testdata/cases.
func suites(t testing.TB) map[string]*suite {
	files, err := filepath.Glob("testdata/cases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	out := map[string]*suite{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &suite{}
		d := yaml.NewDecoder(strings.NewReader(string(text)))
		d.KnownFields(true)
		if err := d.Decode(s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(s.Cases) == 0 {
			t.Fatalf("%s has no cases", file)
		}
		s.compiled = mustCompile(t, parseChecklist(t, file, textOf(t, &s.Checklist)))
		out[strings.TrimSuffix(filepath.Base(file), ".yaml")] = s
	}
	return out
}

// textOf writes a part of a file as a file of its own, aliases resolved.
func textOf(t testing.TB, n *yaml.Node) []byte {
	var plain func(n *yaml.Node) *yaml.Node
	plain = func(n *yaml.Node) *yaml.Node {
		if n.Kind == yaml.AliasNode {
			return plain(n.Alias)
		}
		out := *n
		out.Anchor, out.Content = "", nil
		for _, c := range n.Content {
			out.Content = append(out.Content, plain(c))
		}
		return &out
	}
	text, err := yaml.Marshal(plain(n))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// decode reads a part of a file into a message.
func decode[M proto.Message](t testing.TB, n *yaml.Node, m M) M {
	t.Helper()
	docs, problems := protoyaml.ParseYAML(textOf(t, n), 1<<20)
	if len(docs) == 1 {
		problems = append(problems, docs[0].Decode(m, protoyaml.Options{Keyed: true})...)
	}
	if len(problems) > 0 {
		t.Fatalf("line %d: %v", n.Line, problems)
	}
	return m
}

// evaluate runs the case.
func (c *evalCase) evaluate(t testing.TB, s *suite) (*assess.Evaluation, error) {
	t.Helper()
	var tailoring *pb.Tailoring
	if c.Tailoring.Kind != 0 {
		tailoring = decode(t, &c.Tailoring, &pb.Tailoring{})
	}
	p, err := s.compiled.Plan(c.Profile, tailoring)
	if err != nil {
		return nil, err
	}
	inv := &pb.Inventory{}
	if c.Inventory.Kind != 0 {
		var problems []protoyaml.Problem
		if inv, problems = inventoryfile.Inventory("inventory.yaml", textOf(t, &c.Inventory)); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	var claims []*pb.Claim
	for i := range c.Claims {
		claims = append(claims, decode(t, &c.Claims[i], &pb.Claim{}))
	}
	var waivers []*pb.Waiver
	for i := range c.Waivers {
		waivers = append(waivers, decode(t, &c.Waivers[i], &pb.Waiver{}))
	}
	return p.EvaluateInventory(inv, claims, waivers, c.at(t)), nil
}

func (c *evalCase) at(t testing.TB) int64 {
	if c.At == "" {
		return day(0)
	}
	at, wrong := protoyaml.Time(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: c.At})
	if wrong != "" {
		t.Fatalf("at %s: %s", c.At, wrong)
	}
	return at.UnixMicro()
}

// rowText writes a result as cases do.
func rowText(e *assess.Evaluation, r *assess.Result, words bool) string {
	f := e.Finding(r)
	out := strings.Join([]string{f.Rule, orDash(f.Subject), f.State}, " ")
	if f.Exception != "" {
		out += " by " + f.Exception
	}
	if f.AcceptedUntil != nil {
		out += " accepted until " + when(f.AcceptedUntil.AsTime().UnixMicro())
	}
	if f.ValidUntil != nil {
		out += " until " + when(f.ValidUntil.AsTime().UnixMicro())
	}
	if len(f.MissingFacts) > 0 {
		out += " misses " + strings.Join(f.MissingFacts, ", ")
	}
	if words {
		out += strings.TrimRight(" | "+strings.Join(append([]string{f.Message}, f.FailsUnless...), "; "), " |")
	}
	return out
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// scoreText writes the scores as cases do.
func scoreText(e *assess.Evaluation) string {
	s := e.Summary()
	line := func(r score.Result) string {
		if !r.Default.OK {
			return "none"
		}
		return fmt.Sprintf("default %.6g, flat %.6g of %.6g, flat-unweighted %.6g of %.6g, absolute %.6g",
			r.Default.Value, r.Flat.Value, r.Flat.Maximum, r.FlatUnweighted.Value, r.FlatUnweighted.Maximum, r.Absolute.Value)
	}
	out := "raw " + line(s.Raw) + "\n"
	if s.Effective != s.Raw {
		out += "effective " + line(s.Effective) + "\n"
	}
	return out + fmt.Sprintf("coverage %d of %d\n", s.Decided, s.Applicable)
}

func lines(text string) (out []string) {
	for l := range strings.Lines(text) {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func TestCases(t *testing.T) {
	for name, s := range suites(t) {
		for i := range s.Cases {
			c := &s.Cases[i]
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				e, err := c.evaluate(t, s)
				if err != nil || c.PlanError != "" {
					if d := cmp.Diff(c.PlanError, fmt.Sprint(err)); d != "" {
						t.Errorf("the plan (-want +got)\n%s", d)
					}
					return
				}
				checkRows(t, c, e)
			})
		}
	}
}

func checkRows(t *testing.T, c *evalCase, e *assess.Evaluation) {
	shown := map[string]bool{}
	for _, id := range c.Rules {
		shown[id] = true
	}
	var got []string
	rules := e.Plan.Checklist().Rules()
	for i := range e.Results {
		if r := &e.Results[i]; len(shown) == 0 || shown[rules[r.Rule].Id] {
			got = append(got, rowText(e, r, c.Words))
		}
	}
	if c.Rows != "" || c.Score == "" {
		if d := cmp.Diff(lines(c.Rows), got); d != "" {
			t.Errorf("rows (-want +got)\n%s", d)
		}
	}
	if c.Score != "" {
		if d := cmp.Diff(lines(c.Score), lines(scoreText(e))); d != "" {
			t.Errorf("score (-want +got)\n%s", d)
		}
	}
}
