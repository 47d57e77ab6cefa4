package protoyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line    int    // in the file, from 1; 0 where it is about the file as a whole
	Column  int    // in characters, from 1; 0 where only the line is known
	Field   string // the path of the field, such as "hosts[0].zone"; empty outside of any
	Message string // what is wrong, and what to write instead
}

func (p Problem) String() string {
	at := ""
	if p.Line > 0 {
		at = fmt.Sprintf("%d:%d: ", p.Line, p.Column)
	}
	if p.Field != "" {
		at += p.Field + ": "
	}
	return at + p.Message
}

const (
	// maxDepth bounds nesting. The deepest message of the model nests 12 deep.
	maxDepth = 64
	// maxAliased bounds how many values are read through aliases, so that a
	// small file cannot stand for a huge one.
	maxAliased = 200_000
	// maxProblems ends the reading of a file that is wrong all over.
	maxProblems = 100
)

// Document is one YAML or JSON document. It is not safe for concurrent use
// while it is decoded; afterwards it is.
type Document struct {
	root   *yaml.Node
	lines  []string // the file's lines, for places within block texts; nil for JSON
	places map[string]place
}

// splitLines cuts a text at what ends a line in YAML, which is more than in most
// other texts: CR LF, CR, LF, U+0085, U+2028 and U+2029. The text is UTF-8.
func splitLines(s string) []string {
	lines := make([]string, 0, strings.Count(s, "\n")+1)
	from := 0
	for i := 0; i < len(s); i++ {
		n := 0 // bytes of a line break here
		switch {
		case strings.HasPrefix(s[i:], "\r\n"):
			n = 2
		case s[i] == '\n', s[i] == '\r':
			n = 1
		case s[i] == 0xc2 && strings.HasPrefix(s[i:], "\u0085"):
			n = 2
		case s[i] == 0xe2 && (strings.HasPrefix(s[i:], "\u2028") || strings.HasPrefix(s[i:], "\u2029")):
			n = 3
		}
		if n > 0 {
			lines = append(lines, s[from:i])
			from, i = i+n, i+n-1
		}
	}
	return append(lines, s[from:])
}

// ParseYAML parses a file of one or more YAML documents that is at most limit
// bytes long. Documents that are empty are left out. What was parsed before a
// problem is returned with it.
func ParseYAML(data []byte, limit int) ([]*Document, []Problem) {
	if p := checkText(data, limit); p != nil {
		return nil, []Problem{*p}
	}
	lines := splitLines(string(data))
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var docs []*Document
	for {
		var n yaml.Node
		err := dec.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return docs, []Problem{syntaxProblem(err, lines)}
		}
		if len(n.Content) == 1 && !isNull(n.Content[0]) {
			docs = append(docs, &Document{root: n.Content[0], lines: lines})
		}
	}
}

// checkText refuses what no parser should see.
func checkText(data []byte, limit int) *Problem {
	if len(data) > limit {
		return &Problem{Message: fmt.Sprintf("the file has %d bytes; at most %d are read", len(data), limit)}
	}
	if utf8.Valid(data) {
		return nil
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			line, col := lineColumn(data, i)
			return &Problem{Line: line, Column: col, Message: fmt.Sprintf("the byte 0x%02x is not UTF-8; save the file as UTF-8", data[i])}
		}
		i += size
	}
	return nil
}

// lineColumn is the place of a byte offset, in lines and characters from 1.
func lineColumn(data []byte, offset int) (line, col int) {
	before := data[:offset]
	line = bytes.Count(before, []byte("\n")) + 1
	return line, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
}

var yamlError = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?(.*)$`)

// syntaxProblem turns the YAML library's error into a problem. The library
// gives no column, leaves the line away where it is the first, and counts from
// 0 in the errors of its parser (as against its scanner), which all begin
// with the same words.
func syntaxProblem(err error, lines []string) Problem {
	p := Problem{Line: 1, Message: err.Error()}
	if m := yamlError.FindStringSubmatch(err.Error()); m != nil {
		p.Message = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			p.Line = n
			if strings.HasPrefix(m[2], "did not find expected") {
				p.Line++
			}
		}
	}
	p.Line = min(p.Line, len(lines))
	// Of a tab the library may name the line before it.
	for line := p.Line; line <= min(p.Line+1, len(lines)); line++ {
		if at, ok := tabIndent(lines[line-1]); ok {
			return Problem{Line: line, Column: at, Message: "the line is indented with a tab; write spaces instead, two for each level"}
		}
	}
	text := lines[p.Line-1]
	p.Column = utf8.RuneCountInString(text) - utf8.RuneCountInString(strings.TrimLeft(text, " \t")) + 1
	for _, a := range syntaxAdvice {
		if strings.HasPrefix(p.Message, a.begins) {
			p.Message = a.say
			break
		}
	}
	return p
}

// syntaxAdvice says what the library's most frequent errors mean.
var syntaxAdvice = []struct{ begins, say string }{
	{"mapping values are not allowed", `a ": " stands where none may; put the text in quotes, or indent it as the line before`},
	{"did not find expected key", "the line is indented unlike the lines that it belongs to; align it with them"},
	{"did not find expected '-' indicator", `the line is no element of the list above it; begin it with "- ", or indent it differently`},
	{"did not find expected ',' or '}'", `a "{" above is not closed; write "," between the fields and "}" after them`},
	{"did not find expected ',' or ']'", `a "[" above is not closed; write "," between the elements and "]" after them`},
	{"did not find expected node content", `a value is missing; write it, or close the "[" or "{" above`},
	{"found unexpected end of stream", "a quote above is not closed"},
	{"unknown anchor", `an alias "*name" stands for a value that "&name" marks before it; there is none of that name`},
}

// tabIndent finds a tab in the white space that a line begins with.
func tabIndent(line string) (column int, ok bool) {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	i := strings.IndexByte(indent, '\t')
	return i + 1, i >= 0
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// kindName says in words what a node is.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + shorten(n.Value)
	case "!!bool":
		return "the truth value " + n.Value
	case "!!timestamp":
		return "the date " + n.Value
	}
	return "the text " + strconv.Quote(shorten(n.Value))
}

// shorten keeps a value that is quoted in a message short.
func shorten(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
