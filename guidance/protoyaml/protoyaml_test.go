package protoyaml

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func TestParseDuration(t *testing.T) {
	day := 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"90d": 90 * day, "1w": 7 * day, "1w2d": 9 * day, "1d12h": 36 * time.Hour, "3600s": time.Hour, "12h30m": 12*time.Hour + 30*time.Minute,
		"P90D": 90 * day, "PT12H": 12 * time.Hour, "P1DT2H30M": 26*time.Hour + 30*time.Minute, "P1W": 7 * day, "0s": 0, "-1h": -time.Hour,
	} {
		if got, ok := ParseDuration(text); !ok || got != want {
			t.Errorf("%q = %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "90", "d", "1y", "P1Y", "P1M", "P", "PT", "P1DT", "P1H", "PT1D", "1d-1h", "1.5d", "99999999999d", "9999999w", "2d1w", "soon"} {
		if got, ok := ParseDuration(text); ok {
			t.Errorf("%q = %v; want it refused", text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"zone", "zones", "facility", "id", "reported_empty"}
	for s, want := range map[string]string{
		"zome": "zone", "faciltiy": "facility", "reported-empty": "reported_empty", "xy": "", "completely_else": "", "": "", "di": "id",
	} {
		if got := Nearest(s, words); got != want {
			t.Errorf("nearest to %q is %q; want %q", s, got, want)
		}
	}
}

// TestDistance: the distance is a metric that counts single changes as one.
func TestDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringMatching(`[a-d]{0,8}`).Draw(t, "a")
		b := rapid.StringMatching(`[a-d]{0,8}`).Draw(t, "b")
		d := distance(a, b)
		switch {
		case d != distance(b, a):
			t.Fatalf("distance(%q, %q) is %d, the other way round %d", a, b, d, distance(b, a))
		case (d == 0) != (a == b):
			t.Fatalf("distance(%q, %q) = %d", a, b, d)
		case d > max(len(a), len(b)):
			t.Fatalf("distance(%q, %q) = %d, more than to write it anew", a, b, d)
		}
	})
}

// TestLocate marks a character in texts of every style and finds it again.
func TestLocate(t *testing.T) {
	for name, file := range map[string]string{
		"plain":          "a: b\nsystem:\n  owner: one two @ three\n",
		"plain lines":    "system:\n  owner: one\n    two\n    th@ree\n",
		"literal":        "system:\n  owner: |\n    one &&\n      two(\n\n    @three\n",
		"literal indent": "system:\n  owner: |2-\n      one\n    @two\n",
		"literal note":   "system:\n  owner: | # why\n    one\n    two @\n",
		"folded":         "system:\n  owner: >-\n    one\n    two\n\n    three @ four\n",
		"single":         "system:\n  owner: 'it''s one, isn''t it @'\n",
		"double":         "system:\n  owner: \"a \\\"quoted\\\" tab\\t and \\u00e9 \\x41 @\"\n",
		"double lines":   "system:\n  owner: \"one \\\n    two\n    @\"\n",
		"anchored":       "system:\n  owner: &o |\n    é one\n    é @\n",
		"flow":           "system: {id: x, owner: one two @}\n",
	} {
		t.Run(name, func(t *testing.T) {
			docs, problems := ParseYAML([]byte(file), 1<<20)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			inv := &pb.Inventory{}
			docs[0].Decode(inv, Options{Places: true})
			text := inv.System.GetOwner()
			line, col := lineColumn([]byte(text), strings.IndexByte(text, '@'))
			gotLine, gotCol := docs[0].Locate("system.owner", line, col)
			wantLine, wantCol := lineColumn([]byte(file), strings.IndexByte(file, '@'))
			if gotLine != wantLine || gotCol != wantCol {
				t.Errorf("%d:%d of %q is at %d:%d; want %d:%d", line, col, text, gotLine, gotCol, wantLine, wantCol)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	docs, _ := ParseYAML([]byte("system:\n  id: x\n  labels: {\"a.b[c]\": one}\nhosts:\n  - id: web1\n"), 1<<20)
	docs[0].Decode(&pb.Inventory{}, Options{Places: true})
	for field, want := range map[string]string{
		"":                        "1:1",
		"system":                  "2:3",
		"system.id":               "2:7",
		`system.labels["a.b[c]"]`: "3:22",
		`system.labels["other"]`:  "3:11", // the labels
		"hosts[0].id":             "5:9",
		"hosts[0].os.version":     "5:5", // the host
		"hosts[7]":                "5:3", // the hosts
	} {
		line, col := docs[0].Place(field)
		if got := fmt.Sprintf("%d:%d", line, col); got != want {
			t.Errorf("%s is at %s; want %s", field, got, want)
		}
	}
}

// TestBounds: what is too large or too deep is refused in words.
func TestBounds(t *testing.T) {
	deep := strings.Repeat(`{"system":`, 10_000)
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10))
	}
	inventoryBomb := "hosts:\n  - id: h\n    components: &c\n" + strings.Repeat("      - {id: a}\n", 1000)
	for range 1000 {
		inventoryBomb += "  - {id: h, components: *c}\n"
	}
	for name, c := range map[string]struct {
		json  bool
		text  string
		wants string
	}{
		"size":  {false, strings.Repeat("# x\n", 1<<19), "at most 1048576 are read"},
		"utf-8": {false, "hosts:\n  - id: \"\xff\"\n", "2:10: the byte 0xff is not UTF-8"},
		"json":  {true, deep, "nest more than"},
		"yaml":  {false, "system: " + strings.Repeat("[", 20_000), "exceeded max depth"},
		"bomb":  {false, bomb, "no such field"},
		"alias": {false, inventoryBomb, "aliases stand for more than"},
		"many":  {false, "hosts:\n" + strings.Repeat("  - {x: 1}\n", 1000), "no such field"},
	} {
		t.Run(name, func(t *testing.T) {
			var all []Problem
			if c.json {
				_, all = ParseJSON([]byte(c.text), 1<<20)
			} else {
				docs, problems := ParseYAML([]byte(c.text), 1<<20)
				all = problems
				for _, d := range docs {
					all = append(all, d.Decode(&pb.Inventory{}, Options{})...)
				}
			}
			var text bytes.Buffer
			for _, p := range all {
				fmt.Fprintln(&text, p)
			}
			if len(all) == 0 || len(all) > maxProblems+1 || !strings.Contains(text.String(), c.wants) {
				t.Errorf("%d problems, none with %q:\n%.2000s", len(all), c.wants, text.String())
			}
		})
	}
}

// lineBreak is what ends a line in YAML.
var lineBreak = regexp.MustCompile("\r\n|[\r\n\u0085\u2028\u2029]")

// FuzzDecode: no text makes the reader panic, run away or say nothing where it
// read nothing; places are always in the file.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("hosts:\n  - id: web1\n    endpoints: []\n"), false)
	f.Add([]byte("system: {id: a, owner: |\n  x\n}"), false)
	f.Add([]byte(`{"hosts":[{"id":"a","facts":{"b":[1]}}]}`), true)
	f.Add([]byte("a: &a [*a]"), false)
	f.Add([]byte("a: 1\r\nb: 2\rc: é\u0085d: …\u2028e: 3\u2029\n\n"), false)
	f.Fuzz(func(t *testing.T, data []byte, isJSON bool) {
		var docs []*Document
		var problems []Problem
		if isJSON {
			d, p := ParseJSON(data, 1<<16)
			if problems = p; d != nil {
				docs = append(docs, d)
			}
		} else {
			docs, problems = ParseYAML(data, 1<<16)
		}
		split := splitLines(string(data))
		if want := lineBreak.Split(string(data), -1); utf8.Valid(data) && !slices.Equal(split, want) {
			t.Fatalf("%q has the lines %q, not %q", data, split, want)
		}
		lines := len(split)
		for _, d := range docs {
			problems = append(problems, d.Decode(&pb.Inventory{}, Options{Places: true, Keyed: true})...)
			for field := range d.places {
				if line, col := d.Locate(field, 1, 3); line < 1 || line > lines+1 || col < 1 {
					t.Fatalf("%s is at %d:%d of %d lines", field, line, col, lines)
				}
			}
		}
		for _, p := range problems {
			if p.Message == "" || p.Line > lines+1 {
				t.Fatalf("problem %+v of %d lines", p, lines)
			}
		}
	})
}
