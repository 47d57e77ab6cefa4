package guidance

import (
	"slices"
	"testing"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestShippedAreClean lints every shipped file and runs its examples.
func TestShippedAreClean(t *testing.T) {
	files, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("nothing ships")
	}
	for _, f := range files {
		t.Run(f.Checklist.Id+"@"+f.Checklist.Version, func(t *testing.T) {
			compiled, found := lint(f)
			for _, d := range found {
				t.Error(d)
			}
			if compiled == nil {
				return
			}
			report := Test(compiled)
			for _, r := range report.Rules {
				if len(r.Missing) > 0 {
					t.Errorf("%s has no example of %v", r.Rule, r.Missing)
				}
				for _, x := range r.Examples {
					if x.Wrong != "" {
						t.Errorf("%s, %s: %s", r.Rule, x.Name, x.Wrong)
					}
				}
			}
			if !report.OK() && !t.Failed() {
				t.Error("the report is not OK and does not say why")
			}
		})
	}
}

// TestRequirementsAreCovered: every requirement of a document that ships has a
// rule that names it and its document; every rule names its source, and
// requirements that exist.
func TestRequirementsAreCovered(t *testing.T) {
	requirements, err := Requirements()
	if err != nil {
		t.Fatal(err)
	}
	byID, ofDocument := map[string]Requirement{}, map[string]bool{} // topics are of no single document
	for _, r := range requirements {
		ofDocument[r.Checklist] = true
		if _, twice := byID[r.ID]; twice || r.ID == "" || r.Section == "" || r.Area == "" || r.Asks == "" {
			t.Errorf("%+v stands twice or is not whole", r)
		}
		byID[r.ID] = r
	}
	files, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{}
	for _, f := range files {
		eachRule(f.Checklist, func(path string, r *pb.Rule) {
			if len(r.Requirements) == 0 && ofDocument[f.Checklist.Id] {
				t.Errorf("%s: %s names no requirement", f.Name, r.Id)
			}
			if len(r.References) == 0 {
				t.Errorf("%s: %s names no source", f.Name, r.Id)
			}
			for _, id := range r.Requirements {
				q, ok := byID[id]
				switch {
				case !ok:
					t.Errorf("%s: %s names %s, which is no requirement", f.Name, r.Id, id)
				case q.Checklist != f.Checklist.Id:
					t.Errorf("%s: %s names %s, which is for %s", f.Name, r.Id, id, q.Checklist)
				case !slices.ContainsFunc(r.References, func(x *pb.Reference) bool { return x.Document == q.Document && x.Section == q.Section }):
					t.Errorf("%s: %s names %s but refers nowhere to its section %q", f.Name, r.Id, id, q.Section)
				}
				covered[id] = true
			}
		})
	}
	for _, q := range requirements {
		if _, err := Get(q.Checklist, Latest); err == nil && !covered[q.ID] {
			t.Errorf("no rule of %s names %s", q.Checklist, q.ID)
		}
	}
}

func TestGet(t *testing.T) {
	for _, version := range []string{"1.0.0", Latest, ""} {
		if f, err := Get("sharepoint-2007", version); err != nil || f.Checklist.Id != "sharepoint-2007" {
			t.Errorf("version %q: %v, %v", version, f, err)
		}
	}
	for _, c := range [][2]string{{"sharepoint-2007", "9.9.9"}, {"no-such", Latest}} {
		if f, err := Get(c[0], c[1]); err == nil || f != nil {
			t.Errorf("%v: %v, %v; want an error", c, f, err)
		}
	}
}

func TestNewer(t *testing.T) {
	order := []string{"1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"}
	for i, a := range order {
		for j, b := range order {
			if newer(a, b) != (i > j) {
				t.Errorf("newer(%s, %s) = %v", a, b, i <= j)
			}
		}
	}
	if newer("3.0.0-beta", "1.0.0") {
		t.Error("a pre-release is taken for newer than a release")
	}
}
