package guidance

import (
	"fmt"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Load parses, lints and compiles a checklist file. The file is nil as Parse
// says; the checklist is nil if there is an error.
func Load(name string, data []byte) (*File, *assess.Checklist, []Diagnostic) {
	f, found := Parse(name, data)
	if f == nil || HasErrors(found) {
		return f, nil, found
	}
	compiled, more := lint(f)
	return f, compiled, append(found, more...)
}

// LoadMessage lints and compiles a checklist that came as a message and not as
// a file. Its diagnostics have no lines; where the fault lies within the text
// of a field their message says so.
func LoadMessage(c *pb.Checklist) (*assess.Checklist, []Diagnostic) {
	return lint(OfMessage(c))
}

// Lint says what is wrong with a file that Parse found nothing wrong with:
// constraints of the model, expressions that do not compile, names that lead
// nowhere (errors); rules without examples, unused declarations and whatever
// else leaves a reader alone (warnings). It does not run the examples, which
// is [Test]'s part.
func Lint(f *File) []Diagnostic {
	_, found := lint(f)
	return found
}

func lint(f *File) (*assess.Checklist, []Diagnostic) {
	l := &linter{file: f, taken: map[string]bool{}}
	l.advise()
	for _, p := range inventoryfile.Violations(f.Checklist) {
		if !l.taken[p.Field] {
			l.add(Error, p.Field, "%s", p.Message)
		}
	}
	compiled, problems := assess.Compile(f.Checklist)
	for _, p := range problems {
		l.problem(p)
	}
	sortDiagnostics(l.found)
	if HasErrors(l.found) {
		compiled = nil
	}
	return compiled, l.found
}

// linter collects what Lint finds.
type linter struct {
	file  *File
	found []Diagnostic
	taken map[string]bool // fields that have an error already
}

func (l *linter) add(s Severity, field, format string, args ...any) {
	line, column := l.file.Place(field)
	l.found = append(l.found, Diagnostic{
		File: l.file.Name, Line: line, Column: column, Field: field,
		Message: fmt.Sprintf(format, args...), Severity: s,
	})
	if s == Error {
		l.taken[field] = true
	}
}

// problem takes over what the compiler found, unless the linter has said the
// same in more helpful words.
func (l *linter) problem(p assess.Problem) {
	if p.Line == 0 {
		if !l.taken[p.Field] {
			l.add(Error, p.Field, "%s", p.Message)
		}
		return
	}
	if l.file.doc == nil {
		l.add(Error, p.Field, "line %d, column %d: %s", p.Line, p.Column, p.Message)
		return
	}
	line, column := l.file.Locate(p.Field, p.Line, p.Column)
	l.found = append(l.found, Diagnostic{
		File: l.file.Name, Line: line, Column: column, Field: p.Field, Message: p.Message, Severity: Error,
	})
}

// eachGroup visits all groups, depth first, with the path of each.
func eachGroup(c *pb.Checklist, visit func(path string, g *pb.Group)) {
	var walk func(path string, groups []*pb.Group)
	walk = func(path string, groups []*pb.Group) {
		for i, g := range groups {
			at := fmt.Sprintf("%s[%d]", path, i)
			visit(at, g)
			walk(at+".groups", g.Groups)
		}
	}
	walk("groups", c.Groups)
}

// eachRule visits all rules, in the order of their groups, with the path of each.
func eachRule(c *pb.Checklist, visit func(path string, r *pb.Rule)) {
	eachGroup(c, func(path string, g *pb.Group) {
		for i, r := range g.Rules {
			visit(fmt.Sprintf("%s.rules[%d]", path, i), r)
		}
	})
}
