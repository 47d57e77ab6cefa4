package syntax

import (
	"fmt"
	"sort"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
)

// Issue is one thing that is wrong with a checklist or an expression.
type Issue struct {
	Field   string // the checklist's field, such as "parameters[2].default"; empty for an expression
	Line    int    // in the expression, from 1; 0 where there is none
	Column  int    // in the line, in characters from 1
	Message string // what is wrong and what to write instead
}

// Error is the issue as one line of text.
func (i Issue) Error() string {
	switch {
	case i.Field != "" && i.Line > 0:
		return fmt.Sprintf("%s:%d:%d: %s", i.Field, i.Line, i.Column, i.Message)
	case i.Field != "":
		return i.Field + ": " + i.Message
	}
	return fmt.Sprintf("%d:%d: %s", i.Line, i.Column, i.Message)
}

// Tree is a lowered expression.
type Tree struct {
	Root  *Node
	Local bool    // reads its own subject and host, parameters, tables and now alone
	Cost  float64 // assumed cost for one subject, what is computed once a system aside
}

// Want is what an expression must give.
type Want uint8

// What an expression can be wanted for.
const (
	WantBool     Want = iota + 1 // a condition
	WantScalar                   // a text to show: any scalar, or a list of them
	WantMessages                 // the elements of one side of a pair
	WantKey                      // what pairs are joined by: a text, a whole number or a truth value
)

// Compile parses, checks and lowers one expression.
func (e *Env) Compile(src string, scope Scope, want Want) (*Tree, []Issue) {
	env, err := e.cel(scope)
	if err != nil {
		return nil, []Issue{{Line: 1, Column: 1, Message: err.Error()}}
	}
	if strings.TrimSpace(src) == "" {
		return nil, []Issue{{Line: 1, Column: 1, Message: "there is no expression here; write one, or leave the field out"}}
	}
	checked, iss := env.Compile(src)
	if iss.Err() != nil {
		return nil, explain(iss, e, scope)
	}
	l := newLowerer(e, scope, checked.NativeRep())
	root := l.lower(checked.NativeRep().Expr())
	if root != nil && len(l.issues) == 0 {
		l.want(root, want)
	}
	if root != nil && len(l.issues) == 0 {
		markOnce(root, scope)
		l.limit(root, scope)
	}
	if len(l.issues) > 0 {
		return nil, sorted(l.issues)
	}
	return &Tree{Root: root, Local: root.Free&estateWide == 0 && scope.Left == nil && scope.Right == nil, Cost: perSubject(root)}, nil
}

// want refuses an expression of another type than the one wanted.
func (l *lowerer) want(n *Node, want Want) {
	t := n.Type
	switch want {
	case WantBool:
		if t.Kind != Bool {
			l.at(n.Pos, "a condition is wanted, but this is of type %s; compare it with something", t)
		}
	case WantScalar:
		if !t.Scalar() && (t.Kind != List || !t.Elem.Scalar()) {
			l.at(n.Pos, "a text to show is wanted, but this is of type %s; write one of its fields, such as its id", t)
		}
	case WantMessages:
		if t.Kind != List || t.Elem.Kind != Message || t.Elem.Msg.Key == nil {
			l.at(n.Pos, "a list of elements with an id is wanted, but this is of type %s; write such as inventory.hosts", t)
		}
	case WantKey:
		if t.Kind != Text && t.Kind != Int && t.Kind != Bool {
			l.at(n.Pos, "a key to join by is wanted (string, int or bool), but this is of type %s", t)
		}
	}
}

// sorted puts issues in the order of the text.
func sorted(issues []Issue) []Issue {
	sort.SliceStable(issues, func(a, b int) bool {
		if issues[a].Line != issues[b].Line {
			return issues[a].Line < issues[b].Line
		}
		return issues[a].Column < issues[b].Column
	})
	return issues
}

// explain translates cel-go's issues.
func explain(iss *cel.Issues, e *Env, scope Scope) []Issue {
	var out []Issue
	for _, err := range iss.Errors() {
		line, col := place(err.Location)
		out = append(out, Issue{Line: line, Column: col, Message: hint(err.Message, e, scope)})
	}
	return sorted(out)
}

// place is a location with columns from 1; what has none is at the beginning.
func place(l common.Location) (line, col int) {
	if l == nil || l.Line() < 1 {
		return 1, 1
	}
	return l.Line(), max(l.Column(), 0) + 1
}

// hint adds to cel-go's message what can be written instead.
func hint(msg string, e *Env, scope Scope) string {
	if name, ok := quoted(msg, "undeclared reference to '"); ok {
		msg = fmt.Sprintf("there is no %q here", name)
		switch {
		case strings.HasPrefix(name, "params"):
			return msg + "; the checklist's parameters are " + names(e.decls.Params, "params.")
		case strings.HasPrefix(name, "tables"):
			return msg + "; the checklist's tables are " + names(e.decls.Tables, "tables.")
		}
		var vars []string
		for _, v := range scope.variables() {
			vars = append(vars, v.name)
		}
		return fmt.Sprintf("%s; in scope %s a rule can name %s, now, params.NAME and tables.NAME",
			msg, scope.Name, strings.Join(vars, ", "))
	}
	if name, ok := quoted(msg, "undefined field '"); ok {
		return fmt.Sprintf("there is no field %q here; %s", name, nearField(name))
	}
	if strings.Contains(msg, "optional_type(") {
		return reasonOptional
	}
	if strings.HasPrefix(msg, "found no matching overload for '_==_'") || strings.HasPrefix(msg, "found no matching overload for '_!=_'") {
		return msg + "; compare values of one type"
	}
	return msg
}

// quoted takes a name out of one of cel-go's messages.
func quoted(msg, before string) (string, bool) {
	rest, ok := strings.CutPrefix(msg, before)
	if !ok {
		return "", false
	}
	name, _, ok := strings.Cut(rest, "'")
	return name, ok
}

func names(list []Named, prefix string) string {
	if len(list) == 0 {
		return "none; declare one"
	}
	var out []string
	for _, n := range list {
		out = append(out, prefix+n.Name)
	}
	sort.Strings(out)
	return strings.Join(out, ", ")
}

// nearField names the fields that a misspelt or misplaced one may stand for.
func nearField(name string) string {
	best, at := 3, ""
	var owners []string
	for _, m := range messages {
		for _, f := range m.Fields {
			if f.Name == name {
				owners = append(owners, m.Name)
			}
			if d := distance(f.Name, name); d < best || d == best && f.Name < at {
				best, at = d, f.Name
			}
		}
	}
	sort.Strings(owners)
	switch {
	case len(owners) > 0:
		return "it is a field of " + strings.Join(owners, ", ")
	case at != "":
		return fmt.Sprintf("the nearest is %q", at)
	}
	return "see the inventory's messages for what there is"
}

// distance is the number of letters to insert, delete or replace.
func distance(a, b string) int {
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
