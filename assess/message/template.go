package message

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/plumbline/plumbline/assess/rule"
)

// Template is a message text with {CEL} placeholders; "{{" and "}}" stand for
// braces.
type Template struct {
	parts []part
}

type part struct {
	text    string
	program *rule.Program // nil where the part is text
}

// Compile parses and compiles a message. Issues count lines and
// columns from the message's beginning.
func Compile(env *rule.Env, src, scope string) (*Template, []rule.Issue) {
	t := &Template{}
	var issues []rule.Issue
	for rest, at := src, 0; rest != ""; {
		text, expr, start, tail, err := nextPlaceholder(rest)
		if err != "" {
			line, col := position(src, at+start)
			return nil, append(issues, rule.Issue{Line: line, Column: col, Message: err})
		}
		if text != "" {
			t.parts = append(t.parts, part{text: text})
		}
		if expr != "" {
			p, is := env.Compile(expr, scope, rule.WantScalar)
			for _, i := range is {
				line, col := position(src, at+start)
				if i.Line == 1 {
					col += i.Column - 1
				} else {
					col = i.Column
				}
				issues = append(issues, rule.Issue{Line: line + i.Line - 1, Column: col, Message: i.Message})
			}
			t.parts = append(t.parts, part{program: p})
		}
		at += len(rest) - len(tail)
		rest = tail
	}
	return t, issues
}

// nextPlaceholder splits off the text before the next placeholder and the
// placeholder's expression, which begins at start.
func nextPlaceholder(src string) (text, expr string, start int, rest, problem string) {
	var b strings.Builder
	for i := 0; i < len(src); i++ {
		switch {
		case strings.HasPrefix(src[i:], "{{"), strings.HasPrefix(src[i:], "}}"):
			b.WriteByte(src[i])
			i++
		case src[i] == '}':
			return "", "", i, "", `a "}" without a "{"; write "}}" for a brace`
		case src[i] == '{':
			end := strings.IndexByte(src[i:], '}')
			if end <= 1 {
				return "", "", i, "", `a "{" without an expression and "}"; write "{{" for a brace`
			}
			return b.String(), src[i+1 : i+end], i + 1, src[i+end+1:], ""
		default:
			b.WriteByte(src[i])
		}
	}
	return b.String(), "", len(src), "", ""
}

// position is the line and column, from 1, of a byte offset. Columns count
// characters, as those of expressions do.
func position(src string, offset int) (line, column int) {
	before := src[:min(offset, len(src))]
	line = strings.Count(before, "\n") + 1
	return line, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// Render writes the message for the machine's subject; what is not known
// stands as "unknown".
func (t *Template) Render(m *rule.Machine) string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.program == nil {
			b.WriteString(p.text)
			continue
		}
		v, ok := p.program.Scalar(m)
		if !ok {
			v = "unknown"
		}
		fmt.Fprint(&b, v)
	}
	return b.String()
}
