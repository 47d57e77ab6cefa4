package protoyaml

import (
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// place is where a field stands: its key (an element's is the element) and
// its value.
type place struct{ key, value *yaml.Node }

// Place is where the value of a field stands, lines and characters from 1.
// For a field that the file lacks it is where the nearest field around it
// stands. The document must have been decoded with Options.Places.
func (d *Document) Place(field string) (line, column int) {
	n := d.find(field)
	return n.Line, n.Column
}

// Key is where the name of a field stands, found as Place does.
func (d *Document) Key(field string) (line, column int) {
	if p, ok := d.places[field]; ok {
		return p.key.Line, p.key.Column
	}
	return d.Place(field)
}

func (d *Document) find(field string) *yaml.Node {
	for {
		if p, ok := d.places[field]; ok {
			return target(p.value)
		}
		if field == "" {
			return d.root
		}
		field = enclosing(field)
	}
}

// enclosing takes the last step off the path of a field. A map's key may hold
// dots and brackets of its own.
func enclosing(field string) string {
	if strings.HasSuffix(field, `"]`) {
		if i := strings.LastIndex(field, `["`); i >= 0 {
			return field[:i]
		}
	}
	return field[:max(0, strings.LastIndexAny(field, ".["))]
}

// Locate leads from a line and column within the text of a field, both from
// 1, to the file. It follows block, folded and quoted texts by counting the
// characters that are not white space, which all of these forms keep.
func (d *Document) Locate(field string, line, column int) (fileLine, fileColumn int) {
	n := d.find(field)
	if _, exact := d.places[field]; !exact || n.Kind != yaml.ScalarNode || line < 1 || d.lines == nil {
		return n.Line, n.Column
	}
	before, within := inked(n.Value, line, column)
	s := newScanner(d.lines, n)
	for range before {
		s.seek()
		s.step()
	}
	if within {
		s.seek()
	}
	if s.line >= len(s.lines) {
		return n.Line, n.Column
	}
	return s.line + 1, s.col + 1
}

// inked counts the characters of a text before a place that are not white
// space; within tells whether one stands at the place itself.
func inked(text string, line, column int) (before int, within bool) {
	l, c := 1, 1
	for _, r := range text {
		if l > line || l == line && c >= column {
			return before, !unicode.IsSpace(r)
		}
		if !unicode.IsSpace(r) {
			before++
		}
		if c++; r == '\n' {
			l, c = l+1, 1
		}
	}
	return before, false
}

// scanner steps through a scalar as it is written in the file. Lines and
// columns count from 0.
type scanner struct {
	lines     []string
	line, col int
	runes     []rune // of the line
	style     yaml.Style
}

func newScanner(lines []string, n *yaml.Node) *scanner {
	s := &scanner{lines: lines, style: n.Style}
	s.move(n.Line-1, n.Column-1)
	// An anchor or a tag stands before the text.
	for s.col < len(s.runes) && (s.runes[s.col] == '&' || s.runes[s.col] == '!') {
		for s.col < len(s.runes) && s.runes[s.col] != ' ' {
			s.col++
		}
		for s.col < len(s.runes) && s.runes[s.col] == ' ' {
			s.col++
		}
	}
	switch {
	case s.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		s.move(s.line+1, 0) // past the line with the indicator
	case s.style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		s.col++
	}
	return s
}

func (s *scanner) move(line, col int) {
	s.line, s.col, s.runes = line, col, nil
	if line < len(s.lines) {
		s.runes = []rune(s.lines[line])
	}
}

// seek moves to the next character that is not white space.
func (s *scanner) seek() {
	for s.line < len(s.lines) {
		if s.col >= len(s.runes) {
			s.move(s.line+1, 0)
			continue
		}
		width, ink := s.char()
		if ink {
			return
		}
		s.col += width
	}
}

// step moves past the character.
func (s *scanner) step() {
	if s.col < len(s.runes) {
		width, _ := s.char()
		s.col += width
	}
}

// char is how many characters of the file stand for the one character of the
// text, and whether that is something else than white space.
func (s *scanner) char() (width int, ink bool) {
	r, rest := s.runes[s.col], s.runes[s.col+1:]
	switch {
	case s.style&yaml.SingleQuotedStyle != 0 && r == '\'' && len(rest) > 0 && rest[0] == '\'':
		return 2, true
	case s.style&yaml.DoubleQuotedStyle != 0 && r == '\\':
		if len(rest) == 0 { // the line goes on
			return 1, false
		}
		switch rest[0] {
		case 'x':
			return 4, true
		case 'u':
			return 6, true
		case 'U':
			return 10, true
		}
		return 2, !strings.ContainsRune("ntrvf _NLP\t", rest[0])
	}
	return 1, !unicode.IsSpace(r)
}
