package pagegen

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plumbline/plumbline/guidance"
)

var update = flag.Bool("update", false, "write docs/guidance anew")

// root is the repository's, and folder where the pages stand.
var (
	root   = filepath.Join("..", "..", "..")
	folder = filepath.Join(root, "docs", "guidance")
)

func shipped(t *testing.T) ([]*guidance.File, []guidance.Requirement) {
	t.Helper()
	files, err := guidance.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	requirements, err := guidance.Requirements()
	if err != nil {
		t.Fatal(err)
	}
	return files, requirements
}

func pages(t *testing.T) map[string]string {
	t.Helper()
	out, err := Pages(shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPagesAreUpToDate holds the committed pages against what the files say.
func TestPagesAreUpToDate(t *testing.T) {
	want := pages(t)
	if *update {
		write(t, want)
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
		if err != nil || string(got) != text {
			t.Errorf("docs/guidance/%s is not what the checklists say; run: go generate ./guidance", name)
		}
	}
	for _, name := range onDisk(t) {
		if _, ok := want[name]; !ok {
			t.Errorf("docs/guidance/%s is of no checklist that ships; run: go generate ./guidance", name)
		}
	}
}

// onDisk are the pages that are there.
func onDisk(t *testing.T) (out []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// write writes the pages, and removes those that are of nothing any more.
func write(t *testing.T, want map[string]string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range onDisk(t) {
		if _, ok := want[name]; !ok && filepath.Ext(name) == ".md" {
			if err := os.Remove(filepath.Join(folder, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range want {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPagesAreDeterministic makes them twice.
func TestPagesAreDeterministic(t *testing.T) {
	if !maps.Equal(pages(t), pages(t)) {
		t.Error("the same checklists give other pages")
	}
}

// TestEveryRuleIsAHeading: on the page of its version, once, and its anchor is
// its id; its text is all there.
func TestEveryRuleIsAHeading(t *testing.T) {
	files, requirements := shipped(t)
	all, err := Pages(files, requirements)
	if err != nil {
		t.Fatal(err)
	}
	list, err := compile(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		for _, v := range c.versions {
			name := c.id + "/" + v.Version() + ".md"
			headings := headings(all[name])
			for _, r := range v.Rules() {
				if n := occurrences(headings, r.Id); n != 1 {
					t.Errorf("%s: %s is a heading %d times", name, r.Id, n)
				}
				for _, expr := range []string{r.Applies, r.Check} {
					if !strings.Contains(all[name], strings.Trim(expr, "\n")) {
						t.Errorf("%s: %s lacks %q", name, r.Id, expr)
					}
				}
			}
		}
	}
}

func occurrences(list []string, s string) (n int) {
	for _, x := range list {
		if x == s {
			n++
		}
	}
	return n
}

// TestHeadingsAreUnique: GitHub would number the anchors of those that repeat,
// and a new rule would change them.
func TestHeadingsAreUnique(t *testing.T) {
	for name, text := range pages(t) {
		seen := map[string]bool{}
		for _, h := range headings(text) {
			if s := slug(shown(h)); seen[s] {
				t.Errorf("%s: two headings have the anchor #%s; give one of the two another title or id", name, s)
			} else {
				seen[s] = true
			}
		}
	}
}

// TestEveryRequirementIsThere: each has its anchor and a rule, and the page says
// how many are covered.
func TestEveryRequirementIsThere(t *testing.T) {
	files, requirements := shipped(t)
	all, err := Pages(files, requirements)
	if err != nil {
		t.Fatal(err)
	}
	text := all["README.md"]
	for _, q := range requirements {
		row := regexp.MustCompile(`(?m)^\| <a id="` + q.ID + `"></a>` + q.ID + ` \|.*\]\(` + q.Checklist + `/\S+\.md#\S+\) \|$`)
		if len(row.FindAllString(text, -1)) != 1 {
			t.Errorf("%s has no row with a rule", q.ID)
		}
	}
	want := regexp.MustCompile(`\*\*(\d+) of (\d+)\*\* requirements`)
	if m := want.FindStringSubmatch(text); m == nil || m[1] != m[2] || m[1] != strconv.Itoa(len(requirements)) {
		t.Errorf("the page says %q of %d requirements", m, len(requirements))
	}
}

// TestWithoutRequirementsCovered: the number is counted, not taken for granted.
func TestWithoutRequirementsCovered(t *testing.T) {
	files, requirements := shipped(t)
	more := append(slices.Clone(requirements), guidance.Requirement{ID: "zz-01", Document: "none", Checklist: "none", Section: "s", Asks: "a"})
	all, err := Pages(files, more)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("**%d of %d**", len(requirements), len(more)); !strings.Contains(all["README.md"], want) {
		t.Errorf("the page does not say %s", want)
	}
}
