package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"go.yaml.in/yaml/v3"
)

// worksheet is a questionnaire as a file to fill in.
type worksheet struct {
	// file is what the file will be called, for the advice in it.
	file string
	// attestor is who answers, as far as that is known.
	attestor string
	// ahead tells whether it asks what a version to come will ask.
	ahead bool
}

// text writes the file. It is YAML with the questions as comments, so that who
// fills it in needs nothing else; what attest --from reads is the rest.
func (w worksheet) text(q *pb.Questionnaire) []byte {
	system, series, _ := strings.Cut(strings.TrimPrefix(q.GetName(), "systems/"), "/series/")
	var b bytes.Buffer
	comment(&b, "", fmt.Sprintf("What to ask about %s under %s at version %s, as of %s.", system, series, q.GetChecklistVersion(), render.Instant(q.GetAsOf())))
	comment(&b, "", "")
	comment(&b, "", "Write a value where you know it; what is left empty is not filed. A claim is made by\nvalue: true. Then: plumbline attest --from "+cli.Or(w.file, "FILE"))
	fmt.Fprintf(&b, "system: %s\n", scalar(system))
	if w.ahead {
		checklist, _, _ := strings.Cut(series, "~")
		comment(&b, "", "The version that the answers are for.")
		fmt.Fprintf(&b, "for: %s\n", scalar(checklist+"@"+q.GetChecklistVersion()))
	}
	comment(&b, "", "Who answers, and until when the answers count: an instant, or a span from the day of\nfiling. An answer may say its own attestor, expire, evidence_uri and evidence_file.")
	fmt.Fprintf(&b, "attestor:%s\nexpire: 365d\n", spaced(w.attestor))
	var lists []*pb.Question
	head := "answers:\n"
	for _, x := range q.GetQuestions() {
		if x.GetKind() == "list" {
			lists = append(lists, x)
			continue
		}
		b.WriteString(head)
		head = ""
		b.WriteByte('\n')
		w.question(&b, x)
	}
	if head != "" {
		b.WriteString("answers: []\n")
	}
	if len(lists) > 0 {
		b.WriteByte('\n')
		comment(&b, "", "These lists no source reports in full. They cannot be answered here: have a source\nsubmit them.")
		for _, x := range lists {
			comment(&b, "  ", fmt.Sprintf("%s %s: %s (%s)", x.GetSubject(), x.GetFact(), x.GetQuestion(), weight(x)))
		}
	}
	return b.Bytes()
}

// question writes one question with the place for its answer.
func (w worksheet) question(b *bytes.Buffer, x *pb.Question) {
	comment(b, "  ", x.GetQuestion())
	comment(b, "  ", weight(x))
	if x.GetState() == "stale" {
		comment(b, "  ", standing(x))
	}
	if len(x.GetSources()) > 0 {
		comment(b, "  ", "could be reported by "+strings.Join(x.GetSources(), ", "))
	}
	fmt.Fprintf(b, "  - subject: %s\n", scalar(x.GetSubject()))
	if x.GetKind() == "claim" {
		fmt.Fprintf(b, "    claim: %s\n    value:\n", scalar(x.GetClaim()))
		return
	}
	fmt.Fprintf(b, "    fact: %s\n    type: %s\n    value:\n", scalar(x.GetFact()), scalar(x.GetType()))
}

// weight says what an answer is good for.
func weight(x *pb.Question) string {
	s := fmt.Sprintf("decides %s, has a part in %d", cli.Count(int(x.GetDecides()), "result"), x.GetInvolves())
	if len(x.GetRules()) > 0 {
		s += ": " + render.List(x.GetRules(), 4)
	}
	return s
}

// comment writes a text as comments, each line of it: what comes from outside
// must not become content.
func comment(b *bytes.Buffer, indent, text string) {
	for _, line := range strings.FieldsFunc(text+"\n", func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) {
		fmt.Fprintf(b, "%s# %s\n", indent, strings.TrimSpace(line))
	}
	if text == "" {
		fmt.Fprintf(b, "%s#\n", indent)
	}
}

// scalar writes a text as YAML on one line, with quotes only where it needs them.
func scalar(s string) string {
	text, err := yaml.Marshal(s)
	line := strings.TrimSuffix(string(text), "\n")
	if err == nil && !strings.ContainsFunc(line, unicode.IsControl) {
		return line
	}
	// A text of JSON is one of YAML, on one line whatever it holds.
	quoted, err := json.Marshal(s)
	if err != nil {
		return `""` // cannot be: every text has a form in JSON
	}
	return string(quoted)
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + scalar(s)
}
