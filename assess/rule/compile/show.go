package compile

import (
	"strconv"

	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/machine"
	"github.com/plumbline/plumbline/assess/rule/syntax"
)

// show compiles an expression whose value is shown to people, or joined by.
func (g *generator) show(n *syntax.Node) showFn {
	if n.Type.Kind == syntax.List {
		return g.showList(n)
	}
	switch n.Type.Kind {
	case syntax.Bool:
		return shown(scalars(g, n, boolKit), appendBool)
	case syntax.Text:
		return shown(scalars(g, n, textKit), appendText)
	case syntax.Double:
		return shown(scalars(g, n, realKit), appendReal)
	}
	return shown(scalars(g, n, intKit), intAppender(n.Type))
}

func (g *generator) showList(n *syntax.Node) showFn {
	switch n.Type.Elem.Kind {
	case syntax.Bool:
		return shownList(lists(g, n, boolKit), appendBool)
	case syntax.Text:
		return shownList(lists(g, n, textKit), appendText)
	case syntax.Double:
		return shownList(lists(g, n, realKit), appendReal)
	}
	return shownList(lists(g, n, intKit), intAppender(n.Type.Elem))
}

func appendBool(b []byte, v bool) []byte    { return strconv.AppendBool(b, v) }
func appendText(b []byte, v string) []byte  { return append(b, v...) }
func appendReal(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'g', -1, 64) }

func intAppender(t *syntax.Type) func([]byte, int64) []byte {
	switch t.Kind {
	case syntax.Time:
		return func(b []byte, v int64) []byte { return append(b, fact.FormatTime(v)...) }
	case syntax.Duration:
		return func(b []byte, v int64) []byte { return append(b, fact.FormatDuration(v)...) }
	}
	return func(b []byte, v int64) []byte { return strconv.AppendInt(b, v, 10) }
}

//go:noinline
func shown[T any](f fn[T], format func([]byte, T) []byte) showFn {
	return func(m *machine.Machine, b []byte) ([]byte, state) {
		v, st := f(m)
		if st != known {
			return b, st
		}
		return format(b, v), known
	}
}

// shownList shows the known elements, and "…" where there may be more.
//
//go:noinline
func shownList[T any](f list[T], format func([]byte, T) []byte) showFn {
	return func(m *machine.Machine, b []byte) ([]byte, state) {
		items, gap := f(m)
		if len(items) == 0 && gap&more != 0 {
			return b, unknown
		}
		if gap&wrong != 0 {
			return b, failed
		}
		for i, v := range items {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = format(b, v)
		}
		if gap != 0 {
			b = append(b, ", …"...)
		}
		return b, known
	}
}
