package assess_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// problemCase is a checklist in protobuf's JSON form, written as YAML, which
// lets through what a guidance file's reader refuses, and all that is wrong
// with it; "…" stands for the rest of what package rule says.
type problemCase struct {
	Name      string
	Checklist any
	Problems  []string
}

func TestProblems(t *testing.T) {
	text, err := os.ReadFile("testdata/problems.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []problemCase
	if err := yaml.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			asJSON, err := json.Marshal(c.Checklist)
			if err != nil {
				t.Fatal(err)
			}
			src := &pb.Checklist{}
			if err := protojson.Unmarshal(asJSON, src); err != nil {
				t.Fatal(err)
			}
			compiled, problems := assess.Compile(src)
			if (compiled == nil) != (len(problems) > 0) {
				t.Errorf("compiled is %v beside %d problems", compiled, len(problems))
			}
			var got []string
			for i, p := range problems {
				text := p.String()
				if i < len(c.Problems) {
					text = shorten(text, c.Problems[i])
				}
				got = append(got, text)
			}
			if d := cmp.Diff(c.Problems, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// shorten cuts a text off where the wanted one is: that ends in "…" where the
// words are those of package rule.
func shorten(text, want string) string {
	if head, cut := strings.CutSuffix(want, "…"); cut && strings.HasPrefix(text, head) {
		return want
	}
	return text
}

// TestBounds: a checklist has bounds, and what exceeds them is said once.
func TestBounds(t *testing.T) {
	many := &pb.Group{Id: "g"}
	for i := range 2001 {
		many.Rules = append(many.Rules, &pb.Rule{Id: fmt.Sprintf("r%d", i), Scope: "system"})
	}
	deep := &pb.Group{Id: "d0", Rules: []*pb.Rule{{Id: "deep", Scope: "system"}}}
	for i := range 16 {
		deep = &pb.Group{Id: fmt.Sprintf("d%d", i+1), Groups: []*pb.Group{deep}}
	}
	lenient := &pb.Rule{Id: "lenient", Scope: "host"}
	for i := range 101 {
		lenient.Exceptions = append(lenient.Exceptions, &pb.Exception{Id: fmt.Sprintf("x%d", i), When: "host.virtual"})
	}
	_, problems := assess.Compile(&pb.Checklist{
		Profiles: []*pb.Profile{{Id: "p"}}, Groups: []*pb.Group{many, deep, {Id: "h", Rules: []*pb.Rule{lenient}}},
	})
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	want := []string{
		"groups[0].rules[2000]: a checklist has at most 2000 rules",
		"groups[1]" + strings.Repeat(".groups[0]", 16) + ": groups nest more than 16 deep",
		"groups[2].rules[0].exceptions: a rule has at most 100 exceptions",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
