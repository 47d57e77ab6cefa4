package guidance

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"google.golang.org/protobuf/proto"
)

// edit replaces the lines before "=>" by those after it. The first line of
// either may be a part of a line.
func edit(t *testing.T, base, change string) string {
	from, to, ok := strings.Cut(change, "=>\n")
	from, to = strings.TrimSuffix(from, "\n"), strings.TrimSuffix(to, "\n")
	if !ok || strings.Count(base, from) < 1 {
		t.Fatalf("the base has no %q", from)
	}
	return strings.Replace(base, from, to, 1)
}

// TestDiagnostics holds what Load says of wrong files against testdata.
func TestDiagnostics(t *testing.T) {
	const file = "testdata/diagnostics.txtar"
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	base := string(ar.Files[0].Data)
	for i := 0; i+1 < len(ar.Files); i += 2 {
		in, want := ar.Files[i], &ar.Files[i+1]
		text := base
		if i > 0 {
			text = edit(t, base, string(in.Data))
		}
		_, compiled, found := Load("f", []byte(text))
		if (compiled == nil) != HasErrors(found) {
			t.Errorf("%s: compiled is %v beside %v", in.Name, compiled, found)
		}
		var b strings.Builder
		for _, d := range found {
			fmt.Fprintln(&b, d)
		}
		if *update {
			want.Data = []byte(b.String())
			continue
		}
		t.Run(in.Name, func(t *testing.T) {
			if d := cmp.Diff(string(want.Data), b.String()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBaseExamples: the base of the cases above is good, its examples too.
func TestBaseExamples(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/diagnostics.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, compiled, found := Load("base.yaml", ar.Files[0].Data)
	if len(found) > 0 {
		t.Fatal(found)
	}
	if r := Test(compiled); !r.OK() || r.Passed != 3 {
		t.Errorf("%+v", r)
	}
}

// TestReport: an example that comes out otherwise says how, and a rule with
// too few says which are missing.
func TestReport(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/diagnostics.txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := edit(t, string(ar.Files[0].Data), "            expect: unknown\n=>\n            expect: fail\n            subjects: [hosts/a]\n")
	text = edit(t, text, "            expect: pass\n=>\n            expect: pass\n            subjects: [hosts/b]\n")
	_, compiled, found := Load("f", []byte(text))
	if compiled == nil || len(found) != 1 {
		t.Fatal(found)
	}
	r := Test(compiled)
	if r.OK() || r.Passed != 1 || r.Failed != 2 || len(r.Rules) != 1 || fmt.Sprint(r.Rules[0].Missing) != "[unknown]" {
		t.Fatalf("%+v", r)
	}
	for i, want := range []string{
		"there is no result for hosts/b; there are results for [hosts/a]",
		"",
		"the rule is unknown, not fail; hosts/a is unknown (missing: [hosts/a/facts/reviewed",
	} {
		if got := r.Rules[0].Examples[i].Wrong; !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("example %d: %q; want %q", i, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "- a\n", "text\n", strings.Repeat("#", MaxBytes+1)} {
		if f, found := Parse("f", []byte(text)); f != nil || !HasErrors(found) {
			t.Errorf("%.20q: %v, %v; want no file and an error", text, f, found)
		}
	}
}

// FuzzParse: no text makes Parse or the linter panic; whatever is wrong has a
// place in the file and words.
func FuzzParse(f *testing.F) {
	ar, err := txtar.ParseFile("testdata/diagnostics.txtar")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ar.Files[0].Data)
	f.Add([]byte("id: a\nparameters: [{name: b, type: duration, default: 1d}]\nprofiles: [{id: c, parameters: {b: 2d}}]\n"))
	f.Add([]byte("groups: [{rules: [{check: \"a\\u0062(\", exceptions: [{when: >-\n x}]}]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 8<<10 {
			return
		}
		file, compiled, found := Load("f", data)
		if file == nil && !HasErrors(found) {
			t.Fatal("no file, and no error")
		}
		if compiled != nil && HasErrors(found) {
			t.Fatal("compiled in spite of errors")
		}
		lines := len(regexp.MustCompile("\r\n|[\r\n\u0085\u2028\u2029]").Split(string(data), -1))
		for _, d := range found {
			if d.Message == "" || d.Line > lines+1 || d.Column < 0 || d.Line > 0 && d.Column < 1 {
				t.Fatalf("%+v of %d lines", d, lines)
			}
		}
	})
}

// TestOfMessage: a checklist that came as a message is linted as a file is,
// without places.
func TestOfMessage(t *testing.T) {
	f, err := Get("sharepoint-2007", Latest)
	if err != nil {
		t.Fatal(err)
	}
	c := proto.CloneOf(f.Checklist)
	if found := Lint(OfMessage(c)); len(found) > 0 {
		t.Error(found)
	}
	c.Groups[1].Id = c.Groups[0].Id
	c.Groups[1].Rules[0].Check = "host.nothing"
	found := Lint(OfMessage(c))
	if len(found) < 2 || !HasErrors(found) || !strings.Contains(fmt.Sprint(found), "line 1, column ") {
		t.Fatal(found)
	}
	for _, d := range found {
		if d.Line != 0 || d.Field == "" {
			t.Errorf("%+v", d)
		}
	}
}
