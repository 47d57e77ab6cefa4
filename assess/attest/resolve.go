package attest

import (
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/assess/shape"
)

// Type is the type that the value of a fact must have: "bool", "int", "double",
// "string", "timestamp", "duration" or "list(string)"; empty for a declared
// fact, whose declaration says it. An error says what is wrong with the subject
// or the fact, and what there is instead.
func Type(subject, fact string) (string, error) {
	p, err := resolve(subject, fact)
	return p.Type(), err
}

// resolve finds the place of a fact below a subject.
func resolve(subject, fact string) (Place, error) {
	at, err := subjectOf(subject)
	if err != nil {
		return Place{}, err
	}
	owner := at.table
	steps := strings.Split(fact, "/")
	if fact == "" {
		return Place{}, fmt.Errorf("fact: is empty; write such as %s", strings.Join(first(names(owner), 5), ", "))
	}
	if len(steps) == 1 && !ownName(owner, fact) && owner.Field("facts") != nil && owner.Field(fact) == nil {
		steps = []string{"facts", fact}
	}
	at.below = nil
	if !at.walk(steps) {
		return Place{}, unknownField(owner, subject, steps)
	}
	p := at.place()
	switch p.Form {
	case Scalar, Texts, Entry, Declared:
		if p.Subject != subject {
			return Place{}, fmt.Errorf("fact: %q is about %s; write that as the subject, and %q as the fact", fact, p.Subject, p.Fact)
		}
		return p, nil
	case Key:
		return Place{}, fmt.Errorf("fact: %q is what %s goes by, and cannot be stated", fact, subject)
	case Message:
		inner := "/KEY"
		if p.Field.Card != shape.Map {
			inner = "/" + strings.Join(first(names(p.Field.Elem), 4), ", "+fact+"/")
		}
		return Place{}, fmt.Errorf("fact: %q has more than one value; write one of them, such as %s%s", fact, fact, inner)
	}
	return Place{}, fmt.Errorf("fact: %q is a list that a person cannot state as one value; submit it in an inventory", fact)
}

// subjectOf walks to a subject.
func subjectOf(subject string) (*walker, error) {
	if subject == System {
		return &walker{table: systemTable, subject: System, pattern: []string{System}}, nil
	}
	at := &walker{table: inventoryTable, subject: System}
	steps := strings.Split(subject, "/")
	if f := inventoryTable.Field(steps[0]); f == nil {
		at.table = systemTable
	}
	switch ok := at.walk(steps); {
	case !ok:
		return nil, unknownSubject(subject, steps)
	case !at.key:
		around := at.subject
		if around == subject {
			around = System
		}
		return nil, fmt.Errorf("subject: %q is nothing that has an id; write such as %s, and what is below it as the fact", subject, around)
	}
	at.key = false
	return at, nil
}

// unknownSubject says where a subject leaves the model.
func unknownSubject(subject string, steps []string) error {
	var lists []string
	for _, m := range []*shape.Message{inventoryTable, systemTable} {
		for _, f := range m.Fields {
			if f.Card == shape.List && f.Kind == shape.Nested {
				lists = append(lists, f.Name)
			}
		}
	}
	return fmt.Errorf("subject: there is no %q in an inventory%s; write %q, or the path of an element that begins with %s",
		subject, near(steps[0], lists), System, strings.Join(lists, ", "))
}

// unknownField says where a fact leaves the model.
func unknownField(owner *shape.Message, subject string, steps []string) error {
	m := owner
	for i, s := range steps {
		f := m.Field(s)
		if f == nil {
			rest := ""
			if i > 0 {
				rest = " below " + strings.Join(steps[:i], "/")
			}
			return fmt.Errorf("fact: %s has no field %q%s%s; its fields are %s", subject, s, rest, near(s, names(m)), strings.Join(names(m), ", "))
		}
		if f.Elem == nil || f.Card == shape.List {
			return fmt.Errorf("fact: there is nothing below %q of %s; write %q", s, subject, strings.Join(steps[:i+1], "/"))
		}
		m = f.Elem
	}
	return fmt.Errorf("fact: %s has no fact %q", subject, strings.Join(steps, "/"))
}

func first(list []string, n int) []string { return list[:min(n, len(list))] }

// near names the name that a misspelt one may stand for.
func near(name string, list []string) string {
	best, at := 3, ""
	for _, l := range list {
		if d := Distance(l, name); d < best {
			best, at = d, l
		}
	}
	if at == "" {
		return ""
	}
	return fmt.Sprintf(" (the nearest is %q)", at)
}

// Distance is the number of letters to insert, delete or replace.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
