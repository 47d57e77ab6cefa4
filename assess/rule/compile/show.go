package compile

import (
	"strconv"

	"github.com/plumbline/plumbline/assess/rule/closure"
	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// show compiles an expression whose value is shown to people, or joined by.
func (g *generator) show(n *syntax.Node) closure.Shown {
	if n.Type.Kind == syntax.List {
		return g.showList(n)
	}
	switch n.Type.Kind {
	case syntax.Bool:
		return closure.Show(scalars(g, n, boolKit), closure.AppendBool)
	case syntax.Text:
		return closure.Show(scalars(g, n, textKit), closure.AppendText)
	case syntax.Double:
		return closure.Show(scalars(g, n, realKit), closure.AppendReal)
	}
	return closure.Show(scalars(g, n, intKit), intAppender(n.Type))
}

// showList compiles a list whose elements are shown.
func (g *generator) showList(n *syntax.Node) closure.Shown {
	switch n.Type.Elem.Kind {
	case syntax.Bool:
		return closure.ShowList(lists(g, n, boolKit), closure.AppendBool)
	case syntax.Text:
		return closure.ShowList(lists(g, n, textKit), closure.AppendText)
	case syntax.Double:
		return closure.ShowList(lists(g, n, realKit), closure.AppendReal)
	}
	return closure.ShowList(lists(g, n, intKit), intAppender(n.Type.Elem))
}

// intAppender is the format of a whole number, an instant or a span of time.
func intAppender(t *syntax.Type) func([]byte, int64) []byte {
	switch t.Kind {
	case syntax.Time:
		return func(b []byte, v int64) []byte { return append(b, fact.FormatTime(v)...) }
	case syntax.Duration:
		return func(b []byte, v int64) []byte { return append(b, fact.FormatDuration(v)...) }
	}
	return func(b []byte, v int64) []byte { return strconv.AppendInt(b, v, 10) }
}
