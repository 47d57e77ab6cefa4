package question

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var (
	inventoryTable = shape.Of((*pb.Inventory)(nil))
	systemTable    = shape.Of((*pb.System)(nil))
)

// Of is the question for what stands at a place, such as "What is the os patched
// time of host web1? Answer with an instant, such as 2026-05-02T00:00:00Z."
func Of(p attest.Place) string {
	subject, fact := Subject(p.Subject), words(p.Fact)
	switch p.Form {
	case attest.Entry:
		return fmt.Sprintf("What is the %s of %s? Answer with a text.", entry(p), subject)
	case attest.Texts:
		return fmt.Sprintf("Which %s does %s have? Answer with the whole list of texts.", fact, subject)
	case attest.List:
		return fmt.Sprintf("Which %s does %s have? Submit the whole list.", fact, subject)
	case attest.Element:
		return fmt.Sprintf("What is known of %s, which something refers to? Submit it, or mend what refers to it.", elementOf(p))
	case attest.Scalar:
		if p.Type() == "bool" {
			return fmt.Sprintf("Is %q true of %s?", fact, subject)
		}
		return fmt.Sprintf("What is the %s of %s? Answer with %s.", fact, subject, answers[p.Type()])
	}
	return fmt.Sprintf("What is known of the %s of %s? Submit it.", fact, subject)
}

// Whole is the question for a message that is only known as a whole, of which
// something is missing.
func Whole(p attest.Place) string {
	return fmt.Sprintf("What is the %s of %s? It is taken from one source whole: submit the %s with it.",
		words(p.Fact), Subject(p.Subject), noun(p.Field.Parent.Name))
}

// answers say how to write a value of a type.
var answers = map[string]string{
	"int": "a whole number", "double": "a number", "string": "a text",
	"timestamp": "an instant, such as 2026-05-02T00:00:00Z", "duration": "a span of time, such as 3600s",
}

// entry is a map's entry in words: setting "x".
func entry(p attest.Place) string {
	key := p.Fact[strings.LastIndexByte(p.Fact, '/')+1:]
	return fmt.Sprintf("%s %q", strings.TrimSuffix(words(p.Field.Name), "s"), shape.KeyOfPath(key))
}

// elementOf is the element that a place stands for, in words.
func elementOf(p attest.Place) string {
	if p.Subject == attest.System {
		return Subject(p.Fact)
	}
	return Subject(p.Subject + "/" + p.Fact)
}

// Subject is a subject in words: "component iis of host web1", "the system".
func Subject(subject string) string {
	if subject == attest.System {
		return "the system"
	}
	steps := strings.Split(subject, "/")
	table := inventoryTable
	if table.Field(steps[0]) == nil {
		table = systemTable
	}
	out := ""
	for i := 0; i < len(steps) && table != nil; i++ {
		f := table.Field(steps[i])
		if f == nil {
			return subject
		}
		if f.Card == shape.List && i+1 < len(steps) {
			i++
			name := noun(f.Elem.Name) + " " + shape.KeyOfPath(steps[i])
			if out != "" {
				name += " of " + out
			}
			out = name
		}
		table = f.Elem
	}
	if out == "" {
		return subject
	}
	return out
}

// noun is a message's name in words: "listening port".
func noun(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// words is a path in words.
func words(path string) string { return strings.NewReplacer("/", " ", "_", " ").Replace(path) }
