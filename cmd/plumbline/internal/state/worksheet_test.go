package state

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/sheet"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"pgregory.net/rapid"
)

// drawQuestion draws a question with texts as they might come from anywhere.
func drawQuestion(t *rapid.T) *pb.Question {
	q := &pb.Question{
		Kind: rapid.SampledFrom([]string{"fact", "list", "claim"}).Draw(t, "kind"), Subject: "s" + rapid.String().Draw(t, "subject"),
		Question: rapid.String().Draw(t, "question"), State: rapid.SampledFrom([]string{"missing", "stale"}).Draw(t, "state"), StaleSource: rapid.String().Draw(t, "source"),
		Sources: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "sources"), Rules: rapid.SliceOfN(rapid.String(), 0, 6).Draw(t, "rules"),
		Decides: rapid.Int32Range(0, 5).Draw(t, "decides"),
	}
	if q.Kind == "claim" {
		q.Claim = "c" + rapid.String().Draw(t, "claim")
		return q
	}
	q.Fact, q.Type = "f"+rapid.String().Draw(t, "fact"), rapid.SampledFrom(sheet.Types).Draw(t, "type")
	return q
}

// TestWorksheetIsRead holds that whatever is asked, the file to fill in has just
// the questions that can be answered, all of them open, and no text of a
// question becomes an answer.
func TestWorksheetIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := &pb.Questionnaire{Name: "systems/x/series/a~b~default", Questions: rapid.SliceOfN(rapid.Custom(drawQuestion), 1, 6).Draw(t, "questions")}
		text := worksheet{attestor: rapid.String().Draw(t, "attestor")}.text(q)
		f := sheet.Read("w.yaml", text, "answers")
		var want []*pb.Question
		for _, x := range q.Questions {
			if x.Kind != "list" {
				want = append(want, x)
			}
		}
		if len(want) == 0 {
			return
		}
		if len(f.Problems) > 0 || len(f.Entries) != len(want) || f.Head.Text("system") != "x" {
			t.Fatalf("%d entries, want %d: %v\n%s", len(f.Entries), len(want), f.Problems, text)
		}
		for i, e := range f.Entries {
			trim := strings.TrimSpace
			if e.Text("subject") != trim(want[i].Subject) || e.Text("fact") != trim(want[i].Fact) || e.Text("claim") != trim(want[i].Claim) || e.Text("type") != want[i].Type || e.Has("value") {
				t.Fatalf("entry %d is another than %v\n%s", i, want[i], text)
			}
		}
	})
}

// TestAnswers shows which entries become answers, and what falls back on the head.
func TestAnswers(t *testing.T) {
	name := filepath.Join(t.TempDir(), "answers.yaml")
	text := `system: portal
attestor: R. Roe
expire: 10d
answers:
  - {subject: hosts/web1, fact: os/patched_time, value: 2026-05-02}
  - {subject: hosts/web1, fact: virtual, value: }
  - {subject: system, claim: guarded, value: true, attestor: J. Doe, expire: 2030-01-01}
  - {subject: system, claim: watched, value: false}
  - {subject: facilities/dc1, fact: visitors, type: list(string), value: []}
`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	var notes bytes.Buffer
	a := &app{&cli.App{Out: io.Discard, Err: &notes, Now: func() time.Time { return now }}}
	f, err := a.readAnswers(name, nil, "", a.End())
	if err != nil {
		t.Fatal(err, notes.String())
	}
	r := f.request
	if r.Parent != "systems/portal" || r.Attestor != "R. Roe" || !r.ExpireTime.AsTime().Equal(now.AddDate(0, 0, 10)) || len(r.Answers) != 3 || f.empty != 1 {
		t.Fatalf("%v, %d empty", r, f.empty)
	}
	if r.Answers[0].Value.GetTimeValue() == nil || r.Answers[0].Attestor != "" || r.Answers[0].ExpireTime != nil {
		t.Errorf("a field's type is the model's, and the head goes once: %v", r.Answers[0])
	}
	if c := r.Answers[1]; c.Claim != "guarded" || c.Value != nil || c.Attestor != "J. Doe" || c.ExpireTime.AsTime().Year() != 2030 {
		t.Errorf("claim: %v", c)
	}
	if r.Answers[2].Value.GetStringList() == nil {
		t.Errorf("an empty list is an answer: %v", r.Answers[2])
	}
	if !strings.Contains(notes.String(), "watched is answered with no") {
		t.Errorf("notes: %s", notes.String())
	}
	end := a.End()
	if err := end.Set("5d"); err != nil {
		t.Fatal(err)
	}
	if f, err = a.readAnswers(name, []string{"systems/other"}, "me", end); err != nil || f.request.Parent != "systems/other" || f.request.Attestor != "me" || !f.request.ExpireTime.AsTime().Equal(now.AddDate(0, 0, 5)) {
		t.Errorf("flags: %v %v", f.request, err)
	}
}
