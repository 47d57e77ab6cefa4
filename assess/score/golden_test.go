package score_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/plumbline/plumbline/assess/score"
)

// goldenCase is a case of testdata/scores.yaml.
type goldenCase struct {
	Name     string
	Group    goldenGroup
	Default  []float64
	Flat     []float64
	Even     []float64 `yaml:"flat-unweighted"`
	Absolute []float64
}

type goldenGroup struct {
	Weight *float64
	Rules  []struct {
		Is       []string
		Weight   *float64
		Times    int
		Multiple bool
	}
	Groups []goldenGroup
}

func orOne(w *float64) float64 {
	if w == nil {
		return 1
	}
	return *w
}

// build returns the group, and appends its rules' tallies to those there are.
func (g goldenGroup) build(t *testing.T, id string, tallies *[]score.Tally) score.Group {
	t.Helper()
	out := score.Group{ID: id, Weight: orOne(g.Weight)}
	for _, r := range g.Rules {
		var states []score.State
		for _, word := range r.Is {
			s, err := score.ParseState(word)
			if err != nil {
				t.Fatal(err)
			}
			states = append(states, s)
		}
		for range max(r.Times, 1) {
			out.Rules = append(out.Rules, score.Rule{Index: len(*tallies), Weight: orOne(r.Weight)})
			*tallies = append(*tallies, score.TallyOf(r.Multiple, states...))
		}
	}
	for i, inner := range g.Groups {
		out.Groups = append(out.Groups, inner.build(t, fmt.Sprintf("%s/%d", id, i), tallies))
	}
	return out
}

func TestGolden(t *testing.T) {
	f, err := os.Open(filepath.Join("testdata", "scores.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var cases []goldenCase
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	if err := d.Decode(&cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 10 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var tallies []score.Tally
			tree := newTree(t, c.Group.build(t, "root", &tallies))
			groups := make([]score.Score, len(tree.Groups()))
			r := tree.Score(tallies, groups)
			wantScore(t, "default", r.Default, c.Default)
			wantScore(t, "flat", r.Flat, c.Flat)
			wantScore(t, "flat-unweighted", r.FlatUnweighted, c.Even)
			wantScore(t, "absolute", r.Absolute, c.Absolute)
			if groups[0] != r.Default {
				t.Errorf("the root's score is %v, and default %v", groups[0], r.Default)
			}
			if without := tree.Score(tallies, nil); without != r {
				t.Errorf("without groups the scores are %v, with them %v", without, r)
			}
		})
	}
}

func newTree(t interface {
	Helper()
	Fatal(...any)
}, root score.Group) *score.Tree {
	t.Helper()
	tree, err := score.NewTree(root)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func wantScore(t *testing.T, name string, got score.Score, want []float64) {
	t.Helper()
	if len(want) == 0 {
		if got != (score.Score{}) {
			t.Errorf("%s = %v, want none", name, got)
		}
		return
	}
	if !got.OK || math.Abs(got.Value-want[0]) > 1e-9 || math.Abs(got.Maximum-want[1]) > 1e-9 {
		t.Errorf("%s = %v, want %v", name, got, want)
	}
}

// TestRealReport scores the results in a report of OpenSCAP and compares with
// the scores that it prints. The report does not show groups, so default cannot
// be compared; nor can absolute's maximum, where that tool deviates.
func TestRealReport(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "samples", "oscap", "c-standard-testresult.xml")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the samples folder is not beside the repository")
	} else if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Rules []struct {
			ID     string   `xml:"idref,attr"`
			Weight *float64 `xml:"weight,attr"`
			Result string   `xml:"result"`
		} `xml:"rule-result"`
		Scores []struct {
			System  string  `xml:"system,attr"`
			Maximum float64 `xml:"maximum,attr"`
			Value   float64 `xml:",chardata"`
		} `xml:"score"`
	}
	if err := xml.Unmarshal(b, &report); err != nil {
		t.Fatal(err)
	}
	root := score.Group{ID: "root"}
	var tallies []score.Tally
	for _, r := range report.Rules {
		s, err := score.ParseState(r.Result)
		if err != nil {
			t.Fatal(err)
		}
		root.Rules = append(root.Rules, score.Rule{Index: len(tallies), Weight: orOne(r.Weight)})
		tallies = append(tallies, score.TallyOf(false, s))
	}
	got := newTree(t, root).Score(tallies, nil)
	compared := 0
	for _, s := range report.Scores {
		var mine score.Score
		switch s.System {
		case score.ModelFlat:
			mine = got.Flat
		case score.ModelFlatUnweighted:
			mine = got.FlatUnweighted
		case score.ModelAbsolute:
			mine = got.Absolute
			mine.Maximum = s.Maximum
		default:
			continue
		}
		compared++
		if !mine.OK || math.Abs(mine.Value-s.Value) > 1e-4 || math.Abs(mine.Maximum-s.Maximum) > 1e-4 {
			t.Errorf("%s = %v, and OpenSCAP says %v of %v", s.System, mine, s.Value, s.Maximum)
		}
	}
	if compared != 3 || len(tallies) < 300 {
		t.Errorf("compared %d scores of %d rules", compared, len(tallies))
	}
}
