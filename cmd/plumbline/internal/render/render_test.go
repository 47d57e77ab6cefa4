package render

import (
	"bytes"
	"strings"
	"testing"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var host = &pb.Host{
	Id: "web1", Fqdn: proto.String("007"), Unit: proto.String("yes"), Names: []string{"a: b", "", "- x", "two\nlines", "é"},
	Virtual: proto.Bool(true), ReportedEmpty: []string{"endpoints"}, Volumes: []*pb.Volume{{Id: "C:", SizeBytes: proto.Int64(1 << 40)}},
}

func emit(t *testing.T, p Printer, view func(*View)) string {
	t.Helper()
	var b bytes.Buffer
	p.Out = &b
	if err := p.Emit(host, view); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestYAMLIsTheSameAsJSON reads both back: texts that look like something else
// must stay texts, and what is absent must stay absent.
func TestYAMLIsTheSameAsJSON(t *testing.T) {
	jsonText := emit(t, Printer{Format: "json"}, nil)
	yamlText := emit(t, Printer{Format: "yaml"}, nil)
	var fromJSON, fromYAML any
	if err := yaml.Unmarshal([]byte(jsonText), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(yamlText), &fromYAML); err != nil {
		t.Fatalf("%v in\n%s", err, yamlText)
	}
	a, err := yaml.Marshal(fromJSON)
	if err != nil {
		t.Fatal(err)
	}
	b, err := yaml.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("JSON and YAML differ:\n%s\n%s", jsonText, yamlText)
	}
	for _, s := range []string{"components", "{", "["} {
		if strings.Contains(yamlText, s) {
			t.Errorf("%q in\n%s", s, yamlText)
		}
	}
	back := &pb.Host{}
	if err := protojson.Unmarshal([]byte(jsonText), back); err != nil || !proto.Equal(host, back) {
		t.Errorf("%v: %v", err, back)
	}
}

func TestOneLine(t *testing.T) {
	text, err := JSON(host)
	if err != nil {
		t.Fatal(err)
	}
	line, err := OneLine(text)
	if err != nil || bytes.Count(line, []byte("\n")) != 1 {
		t.Errorf("%q %v", line, err)
	}
}

func TestTable(t *testing.T) {
	view := func(v *View) {
		v.Fields([2]string{"host", "web1"}, [2]string{"left out", ""}, [2]string{"state", v.Word("fail")})
		v.Title("Rules")
		v.Table([]string{"RULE", "TEXT"}, [][]string{{"a", "one two three four five six seven eight nine ten"}, {"bb", "x"}}, "none")
		v.Title("Empty")
		v.Table([]string{"RULE"}, nil, "nothing")
	}
	const plain = `host   web1
state  fail

Rules
RULE  TEXT
a     one two three four five six seven eight nine ten
bb    x

Empty
nothing
`
	if got := emit(t, Printer{Format: "table"}, view); got != plain {
		t.Errorf("got\n%s", got)
	}
	narrow := emit(t, Printer{Format: "table", Width: 34}, view)
	for line := range strings.Lines(narrow) {
		if len(line) > 35 {
			t.Errorf("%q is wider than the terminal", line)
		}
	}
	if !strings.Contains(narrow, "\n      ") {
		t.Errorf("the last column is not broken:\n%s", narrow)
	}
	if got := emit(t, Printer{Format: "table", Color: true}, view); !strings.Contains(got, "\x1b[31;1mfail\x1b[0m") {
		t.Errorf("no colour in %q", got)
	}
}

// TestControlCharacters shows that names from outside cannot command a terminal.
func TestControlCharacters(t *testing.T) {
	view := func(v *View) { v.Line("%s", "a\x1b]0;title\x07b\x1b[2Jc\rd\u009be\x1b[31mf") }
	for _, color := range []bool{false, true} {
		got := emit(t, Printer{Format: "table", Color: color}, view)
		want := "a ]0;title b [2Jc d e [31mf\n"
		if color {
			want = "a ]0;title b [2Jc d e\x1b[31mf\n"
		}
		if got != want {
			t.Errorf("colour %v: %q", color, got)
		}
	}
}

func TestValues(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	v := &View{p: &Printer{Now: now}}
	for want, got := range map[string]string{
		"2026-05-02 (204 days ago)": v.When(timestamppb.New(time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC))),
		"in 1 hour":                 v.Age(timestamppb.New(now.Add(time.Hour + time.Minute))),
		"now":                       v.Age(timestamppb.New(now)),
		"42 s ago":                  v.Age(timestamppb.New(now.Add(-42 * time.Second))),
		"2026-11-22 12:00:00Z":      Instant(timestamppb.New(now)),
		"2026-11-22T12:00:00.25Z":   Exact(timestamppb.New(now.Add(250 * time.Millisecond))),
		"none":                      Score(nil),
		"0":                         Score(proto.Float64(0)),
		"62.5":                      Score(proto.Float64(62.4999)),
		"99.9 %":                    Percent(proto.Float64(0.99999)),
		"100 %":                     Percent(proto.Float64(1)),
		"a, b and 2 more":           List([]string{"a", "b", "c", "d"}, 2),
		"a\nand 1 more":             Lines([]string{"a", "b"}, 1),
	} {
		if want != got {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if v.Age(nil)+v.When(nil)+Instant(nil)+Exact(nil) != "" {
		t.Error("an absent instant is written")
	}
}

func TestCheckFormat(t *testing.T) {
	if CheckFormat("yaml") != nil || CheckFormat("xml") == nil {
		t.Error("formats")
	}
}
