package sheet

import (
	"fmt"
	"strings"
	"testing"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// read reads a file's entries as the commands do.
func read(text string) (*File, []string) {
	f := Read("w.yaml", []byte(text), "waivers")
	var out []string
	for _, e := range f.Entries {
		id, start := e.Needed("id", "give it one"), e.Time("start_time")
		end := e.End("expire_time", start, time.Time{})
		out = append(out, fmt.Sprintf("%s %s %s %v %v %s", e.Text("system"), id, e.Place(), e.Texts("subjects"), e.Labels("host_labels"), end.AsTime().Format(time.DateOnly)))
		e.Done()
	}
	return f, out
}

func TestForms(t *testing.T) {
	for name, text := range map[string]string{
		"list":      "- {system: s, id: a, start_time: 2026-01-01, expire_time: 10d, subjects: x, host_labels: {k: v}}\n",
		"document":  "---\nsystem: s\nid: a\nstart_time: 2026-01-01\nexpire_time: 10d\nsubjects: [x]\nhost_labels: {k: v}\n",
		"under key": "system: s\nwaivers:\n  - &a {id: a, start_time: 2026-01-01, expire_time: 2026-01-11, subjects: [x], host_labels: {k: v}}\n",
	} {
		f, got := read(text)
		if len(f.Problems) > 0 || len(got) != 1 || !strings.HasPrefix(got[0], "s a w.yaml:") || !strings.HasSuffix(got[0], "[x] map[k:v] 2026-01-11") {
			t.Errorf("%s: %v %v", name, got, f.Problems)
		}
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"waivers: []":                 "has no entries",
		"waivers: x":                  "1:10: waivers: is no list",
		"just text":                   "is no list of entries",
		"- x":                         "1:3: waivers[0]: is no entry",
		"- {id: a, reson: b}":         "1:11: waivers[0].reson: is no field; there are",
		"- {id: a, subject: b}":       "write subjects",
		"- {system: s}":               "1:3: waivers[0].id: is missing; give it one",
		"- {id: a, id: b}":            "waivers[0].id: stands twice",
		"- {id: [a]}":                 "waivers[0].id: is no text",
		"- {id: a, start_time: x}":    "write an instant",
		"- {id: a, expire_time: x}":   "or a span such as 90d",
		"- {id: a, expire_time: 90d}": "a span, which counts from start_time",
		"- {id: a, host_labels: b}":   "write {key: value}",
		"a: [":                        "1:",
	} {
		f, _ := read(text)
		if got := fmt.Sprint(f.Sorted()); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestDefaults shows that an empty field falls back on the head's.
func TestDefaults(t *testing.T) {
	f := Read("a.yaml", []byte("attestor: R. Roe\nexpire: 5d\nanswers:\n  - {subject: s, attestor:, value:}\n  - {subject: s, attestor: J. Doe, value: true}\n"), "answers")
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if len(f.Entries) != 2 || f.Entries[0].Text("attestor") != "R. Roe" || f.Entries[1].Text("attestor") != "J. Doe" {
		t.Fatalf("%v", f.Problems)
	}
	if f.Entries[0].Has("value") || f.Entries[0].Value("value", "bool") != nil || !f.Entries[1].Value("value", "bool").GetBoolValue() {
		t.Error("values")
	}
	if got := f.Head.End("expire", nil, now); !got.AsTime().Equal(now.AddDate(0, 0, 5)) {
		t.Errorf("expire %v", got)
	}
}

func TestValues(t *testing.T) {
	at := &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: timestamppb.New(time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC))}}
	for in, want := range map[[2]string]string{
		{"true", ""}: "true", {"3", ""}: "3", {"3", "string"}: "3", {"1.5", ""}: "1.5", {"3", "double"}: "3",
		{"[a, b]", ""}: "[a, b]", {"[]", "list(string)"}: "[]", {"a: b: c", ""}: "a: b: c", {"yes, it is", ""}: "yes, it is",
		{"90d", "duration"}: "90d", {"2026-05-02", "timestamp"}: Words(at), {"2026-05-02", ""}: Words(at),
	} {
		if v, err := Flag(in[0], in[1]); err != nil || Words(v) != want {
			t.Errorf("%v: %v %v", in, v, err)
		}
	}
	for in, want := range map[[2]string]string{
		{"maybe", "bool"}: "write true or false", {"x", "int"}: "whole number", {"x", "double"}: "write a number",
		{"x", "timestamp"}: "instant", {"x", "duration"}: "span", {"x", "list(string)"}: "list", {"x", "number"}: "there are bool",
	} {
		if v, err := Flag(in[0], in[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v %v", in, v, err)
		}
	}
	if CheckType("") != nil || CheckType("bool") != nil || CheckType("boolean") == nil {
		t.Error("types")
	}
}

// FuzzRead holds that no file makes the reader panic.
func FuzzRead(f *testing.F) {
	f.Add("system: s\nwaivers:\n  - &a {id: a, host_labels: {k: v}}\n  - *a\n---\n- {id: b}\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, entries := read(text)
		if len(file.Problems) == 0 && len(entries) == 0 {
			t.Error("nothing is read and nothing is wrong")
		}
	})
}
