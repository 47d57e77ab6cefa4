package protoyaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// ParseJSON parses one JSON document of at most limit bytes. It does not go
// through the YAML parser, since YAML 1.2 holds JSON only almost (escaped
// surrogate pairs are one difference).
func ParseJSON(data []byte, limit int) (*Document, []Problem) {
	if p := checkText(data, limit); p != nil {
		return nil, []Problem{*p}
	}
	p := &jsonParser{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	p.dec.UseNumber()
	root, err := p.value(0)
	if err == nil {
		if _, err = p.dec.Token(); errors.Is(err, io.EOF) {
			return &Document{root: root}, nil
		}
		if err == nil {
			err = errors.New("something follows the document; write one document, or one a line in a .jsonl file")
		}
	}
	return nil, []Problem{p.problem(err)}
}

// jsonParser makes the tree that the decoder walks, with places.
type jsonParser struct {
	data []byte
	dec  *json.Decoder
	// line and col are the place of byte at; they only move forward, so that
	// finding all places takes one pass.
	at, line, col int
}

func (p *jsonParser) problem(err error) Problem {
	offset := int(p.dec.InputOffset())
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = int(syntax.Offset) - 1
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		offset, err = len(p.data), errors.New("the document ends too early; a bracket or quote is not closed")
	}
	line, col := lineColumn(p.data, max(0, min(offset, len(p.data))))
	return Problem{Line: line, Column: col, Message: err.Error()}
}

// next reads one token with the place where it begins.
func (p *jsonParser) next() (json.Token, *yaml.Node, error) {
	start := int(p.dec.InputOffset())
	tok, err := p.dec.Token()
	if err != nil {
		return nil, nil, err
	}
	for start < len(p.data) && bytes.IndexByte([]byte(" \t\r\n,:"), p.data[start]) >= 0 {
		start++
	}
	n := &yaml.Node{}
	n.Line, n.Column = p.place(start)
	return tok, n, nil
}

func (p *jsonParser) place(offset int) (line, col int) {
	if p.line == 0 {
		p.line, p.col = 1, 1
	}
	for ; p.at < offset; p.at++ {
		switch b := p.data[p.at]; {
		case b == '\n':
			p.line, p.col = p.line+1, 1
		case b&0xC0 != 0x80: // not the inside of a character
			p.col++
		}
	}
	return p.line, p.col
}

func (p *jsonParser) value(depth int) (*yaml.Node, error) {
	tok, n, err := p.next()
	if err != nil {
		return nil, err
	}
	return p.rest(tok, n, depth)
}

// rest makes the node that begins with tok.
func (p *jsonParser) rest(tok json.Token, n *yaml.Node, depth int) (*yaml.Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("values nest more than %d deep", maxDepth)
	}
	n.Kind = yaml.ScalarNode
	switch v := tok.(type) {
	case nil:
		n.Tag, n.Value = "!!null", "null"
	case bool:
		n.Tag, n.Value = "!!bool", fmt.Sprint(v)
	case json.Number:
		n.Tag, n.Value = "!!int", v.String()
		if bytes.ContainsAny([]byte(n.Value), ".eE") {
			n.Tag = "!!float"
		}
	case string:
		n.Tag, n.Value, n.Style = "!!str", v, yaml.DoubleQuotedStyle
	case json.Delim:
		return n, p.inside(v, n, depth)
	}
	return n, nil
}

// inside reads what stands between two brackets.
func (p *jsonParser) inside(open json.Delim, n *yaml.Node, depth int) error {
	n.Kind, n.Tag = yaml.MappingNode, "!!map"
	if open == '[' {
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
	}
	for {
		tok, e, err := p.next()
		if err != nil {
			return err
		}
		if d, ok := tok.(json.Delim); ok && (d == ']' || d == '}') {
			return nil
		}
		if e, err = p.rest(tok, e, depth+1); err != nil {
			return err
		}
		n.Content = append(n.Content, e)
	}
}
