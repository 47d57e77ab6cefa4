package guide

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func TestNames(t *testing.T) {
	for in, want := range map[string]string{"legacy": "tailorings/legacy", "legacy@2": "tailorings/legacy/versions/2", "tailorings/legacy": "tailorings/legacy"} {
		if got := tailoringName(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	if shortVersion("tailorings/legacy/versions/2") != "legacy@2" || shortVersion("tailorings/legacy") != "legacy" || tailoringWord("") != noTailoring {
		t.Error("short names")
	}
}

func TestNewlyFailing(t *testing.T) {
	sum := &pb.PreviewSummary{Changes: []*pb.StateChange{
		{Before: "pass", After: "fail", Count: 2}, {Before: "", After: "fail", Count: 1}, {Before: "fail", After: "pass", Count: 9}, {Before: "pass", After: "unknown", Count: 9},
	}}
	for most, bad := range map[int]bool{-1: false, 0: true, 2: true, 3: false} {
		err := newlyFailing(sum, most)
		var below *cli.BelowError
		if (err != nil) != bad || err != nil && !errors.As(err, &below) {
			t.Errorf("at most %d: %v", most, err)
		}
	}
}

// TestPreviewRows shows rows as they come: padded, with what is absent as a dash.
func TestPreviewRows(t *testing.T) {
	var b bytes.Buffer
	p := &previewPrinter{printer: &render.Printer{Out: &b, Format: "table"}}
	for _, s := range []*pb.PreviewSeries{
		{System: "a", Series: "c~p~default", After: &pb.Standing{Score: proto.Float64(50), Counts: &pb.Counts{Fail: 1}}, Flipped: 3, Flips: []*pb.Flip{{Rule: "r", Subject: "hosts/h", After: "fail"}}},
		{System: "a-system-with-a-name-that-is-too-long", Series: "c~p~default", Error: "no"},
	} {
		if err := p.print(&pb.PreviewChecklistResponse{Message: &pb.PreviewChecklistResponse_Series{Series: s}}); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 6 || strings.Index(lines[0], "SCORE") != strings.Index(lines[1], "- → 50") || lines[2] != "    none → fail  r  hosts/h" || lines[3] != "    and 2 more" ||
		!strings.HasSuffix(lines[4], "could not be evaluated: no") {
		t.Errorf("%s", b.String())
	}
}

// TestDiffView shows short values beside each other and long ones below.
func TestDiffView(t *testing.T) {
	var b bytes.Buffer
	d := &pb.ChecklistDiff{
		Checklist: "c", BaseVersion: "1.0.0", Version: "2.0.0", Changed: 1, Removed: 1,
		Rules: []*pb.RuleDiff{
			{Rule: "r", Kind: "changed", Severity: "high", Changes: []string{"logic", "severity"}, Fields: []*pb.FieldDiff{
				{Field: "severity", Before: "low", After: "high"}, {Field: "check", Before: "a &&\nb", After: "a"}, {Field: "ticket", After: "T"},
			}, FactsAdded: []string{"hosts/*/os/patched_time"}},
			{Rule: "old", Kind: "removed", Title: "An old one", Severity: "low"},
		},
		Parts: []*pb.PartDiff{{Part: "parameter", Id: "p", Kind: "added"}},
	}
	if err := (&render.Printer{Out: &b, Format: "table"}).Text(func(v *render.View) { diffView(v, d) }); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"0 rules added, 1 removed, 1 changed", "  severity: low → high\n", "  check:\n    - a &&\n    - b\n    + a\n", "  ticket: none → T\n", "  needs now: hosts/*/os/patched_time", "added parameter p", "old   low       An old one"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
}

// TestParameterValues reads plain values by the types that a checklist declares.
func TestParameterValues(t *testing.T) {
	k := &pb.Checklist{Id: "c", Version: "1.0.0"}
	for _, kind := range []string{"bool", "int", "double", "string", "duration", "timestamp", "list(string)", "list(int)"} {
		k.Parameters = append(k.Parameters, &pb.Parameter{Name: strings.NewReplacer("(", "_", ")", "").Replace(kind), Type: kind})
	}
	text := "id: t\nparameters: {bool: true, int: 3, double: 3, string: 3, duration: 90d, timestamp: 2026-05-02, list_string: [a, b], list_int: [80, 443]}\n"
	docs, problems := protoyaml.ParseYAML([]byte(text), 1<<20)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	m := &pb.Tailoring{}
	if p := docs[0].Decode(m, protoyaml.Options{Custom: map[protoreflect.FullName]protoyaml.CustomFunc{"plumbline.v1.Value": parameterValue(k)}}); len(p) > 0 {
		t.Fatal(p)
	}
	for name, want := range map[string]string{
		"bool": "true", "int": "3", "double": "3", "string": "3", "duration": "90d", "timestamp": "2026-05-02T00:00:00Z", "list_string": "[a, b]", "list_int": "[80, 443]",
	} {
		if got := valueWords(m.Parameters[name]); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
