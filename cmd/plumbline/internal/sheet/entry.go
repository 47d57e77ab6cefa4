package sheet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plumbline/plumbline/guidance/protoyaml"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Entry is one entry of a file. Each method that reads a field notes what is
// wrong with it and then gives the zero value. A field that is empty or null is
// not given; what the file's head says holds for it then.
type Entry struct {
	file *File
	node *yaml.Node
	path string
	head *Entry
	// asked are the fields that were read, from which Done knows the others.
	asked []string
}

// Place says where an entry stands: "waivers.yaml:12".
func (e *Entry) Place() string { return fmt.Sprintf("%s:%d", e.file.Name, e.node.Line) }

// unique refuses a key that stands twice.
func (e *Entry) unique() {
	seen := map[string]bool{}
	for i := 0; i+1 < len(e.node.Content); i += 2 {
		k := e.node.Content[i]
		if seen[k.Value] {
			e.file.problem(k, e.field(k.Value), "stands twice; leave one out")
		}
		seen[k.Value] = true
	}
}

func (e *Entry) field(name string) string {
	if e.path == "" || name == "" {
		return e.path + name
	}
	return e.path + "." + name
}

// Wrong notes what is wrong with a field, at its place if it has one.
func (e *Entry) Wrong(name, format string, args ...any) {
	e.file.Problems = append(e.file.Problems, e.Problem(name, fmt.Sprintf(format, args...)))
}

// given is a field's value; nil where it is not given. of is the entry that has it.
func (e *Entry) given(name string) (of *Entry, n *yaml.Node) {
	e.ask(name)
	if n := find(e.node, name); n != nil && !empty(n) {
		return e, n
	}
	if e.head != nil {
		return e.head.given(name)
	}
	return e, nil
}

func (e *Entry) ask(name string) {
	if !slices.Contains(e.asked, name) {
		e.asked = append(e.asked, name)
	}
}

func empty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.ShortTag() == "!!null" || n.Style == 0 && n.Value == "")
}

// Own says whether the entry itself gives a field, and not its file's head.
func (e *Entry) Own(name string) bool {
	e.ask(name)
	n := find(e.node, name)
	return n != nil && !empty(n)
}

// Problem makes a problem of a field, at its place if it has one.
func (e *Entry) Problem(name, message string) protoyaml.Problem {
	n := find(e.node, name)
	if n == nil {
		n = e.node
	}
	return protoyaml.Problem{Line: n.Line, Column: n.Column, Field: e.field(name), Message: message}
}

// Has says whether a field is given.
func (e *Entry) Has(name string) bool {
	_, n := e.given(name)
	return n != nil
}

// Text reads a text.
func (e *Entry) Text(name string) string {
	of, n := e.given(name)
	if n == nil {
		return ""
	}
	s, ok := protoyaml.Text(n)
	if !ok {
		of.Wrong(name, "is no text; write one")
	}
	return strings.TrimSpace(s)
}

// Needed is Text for a field that must be given; advice says what to write.
func (e *Entry) Needed(name, advice string) string {
	if !e.Has(name) {
		e.Wrong(name, "is missing; %s", advice)
		return ""
	}
	return e.Text(name)
}

// Time reads an instant; nil where it is not given.
func (e *Entry) Time(name string) *timestamppb.Timestamp {
	of, n := e.given(name)
	if n == nil {
		return nil
	}
	t, wrong := protoyaml.Time(n)
	if wrong != "" {
		of.Wrong(name, "%s", wrong)
		return nil
	}
	return stamp(t)
}

// End reads the end of something: an instant, or as a span such as "90d" the
// time from its start. A span without a start is wrong, since the file would
// mean something else each day; where now is given it counts from that.
func (e *Entry) End(name string, start *timestamppb.Timestamp, now time.Time) *timestamppb.Timestamp {
	of, n := e.given(name)
	if n == nil {
		return nil
	}
	if d, ok := protoyaml.ParseDuration(strings.TrimPrefix(n.Value, "+")); ok && n.Kind == yaml.ScalarNode {
		switch {
		case start != nil:
			return stamp(start.AsTime().Add(d))
		case !now.IsZero():
			return stamp(now.Add(d))
		}
		of.Wrong(name, "is a span, which counts from start_time; write that too, or an instant such as 2027-05-02")
		return nil
	}
	t, wrong := protoyaml.Time(n)
	if wrong != "" {
		of.Wrong(name, "%s, or a span such as 90d", wrong)
		return nil
	}
	return stamp(t)
}

func stamp(t time.Time) *timestamppb.Timestamp {
	return timestamppb.New(t.UTC().Truncate(time.Microsecond))
}

// Texts reads a list of texts; one text alone is a list of one.
func (e *Entry) Texts(name string) []string {
	of, n := e.given(name)
	if n == nil {
		return nil
	}
	if s, ok := protoyaml.Text(n); ok {
		return []string{s}
	}
	list, wrong := protoyaml.Texts(n)
	if wrong != "" {
		of.Wrong(name, "%s", wrong)
	}
	return list
}

// Labels reads a mapping of texts.
func (e *Entry) Labels(name string) map[string]string {
	of, n := e.given(name)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		of.Wrong(name, "is no mapping; write {key: value}")
		return nil
	}
	out := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		s, ok := protoyaml.Text(target(n.Content[i+1]))
		if !ok {
			of.Wrong(name, "has no text under %q; write {key: value}", n.Content[i].Value)
		}
		out[n.Content[i].Value] = s
	}
	return out
}

// Done notes the fields that nobody asked for, once all others were read. more
// are fields that may stand there too.
func (e *Entry) Done(more ...string) {
	for _, name := range more {
		e.ask(name)
	}
	for i := 0; i+1 < len(e.node.Content); i += 2 {
		k := e.node.Content[i]
		if slices.Contains(e.asked, k.Value) {
			continue
		}
		advice := "there are " + strings.Join(e.asked, ", ")
		if near := protoyaml.Nearest(k.Value, e.asked); near != "" {
			advice = "write " + near
		}
		e.file.problem(k, e.field(k.Value), "is no field; "+advice)
	}
}
