package guidance

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plumbline/plumbline/guidance/protoyaml"
)

// Severity says how bad a Diagnostic is.
type Severity string

// The severities. A file with an error cannot be published; a warning should
// be looked at.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Diagnostic is one thing that is wrong with a checklist file.
type Diagnostic struct {
	File     string
	Line     int    // from 1; 0 where it is about the file as a whole
	Column   int    // in characters, from 1
	Field    string // the path of the field, such as "groups[0].rules[2].check"
	Message  string // what is wrong, and what to write instead
	Severity Severity
}

// String is the diagnostic in the form that editors and people know:
// file:line:column: severity: field: message.
func (d Diagnostic) String() string {
	s := d.File + ":"
	if d.Line > 0 {
		s += fmt.Sprintf("%d:%d:", d.Line, d.Column)
	}
	s += " " + string(d.Severity) + ": "
	if d.Field != "" {
		s += d.Field + ": "
	}
	return s + d.Message
}

// HasErrors tells whether one of the diagnostics is an error.
func HasErrors(ds []Diagnostic) bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

func sortDiagnostics(ds []Diagnostic) {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

func fromProblems(file string, problems []protoyaml.Problem) []Diagnostic {
	var out []Diagnostic
	for _, p := range problems {
		out = append(out, Diagnostic{File: file, Line: p.Line, Column: p.Column, Field: p.Field, Message: p.Message, Severity: Error})
	}
	return out
}
