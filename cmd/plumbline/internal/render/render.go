// Package render prints what a command found: a table for people, or JSON or
// YAML for programs.
//
// The tour: render.go has the [Printer] and the three formats; view.go lays out
// tables and text; values.go writes instants, ages, scores and states.
//
// JSON is the API's own (proto3 JSON, a message as REST gives it), and YAML is
// the same JSON written as YAML, so that what one format shows the other does.
// Ages are computed here and nowhere else: what is stored and sent are instants.
package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Formats are the words for --output.
var Formats = []string{"table", "json", "yaml"}

// CheckFormat says whether a word is one of Formats.
func CheckFormat(s string) error {
	if !slices.Contains(Formats, s) {
		return fmt.Errorf("output %q: write %s", s, strings.Join(Formats, ", "))
	}
	return nil
}

// Printer prints to one place in one format.
type Printer struct {
	// Out is where to.
	Out io.Writer
	// Format is one of Formats.
	Format string
	// Color says whether states and severities are coloured.
	Color bool
	// Width is the terminal's; lines are not broken where it is zero.
	Width int
	// Now is the instant from which ages count.
	Now time.Time
}

// Emit prints a message, or, as a table, what view lays out of it. Nothing is
// printed if it fails half way.
func (p *Printer) Emit(m proto.Message, view func(*View)) error {
	if p.Format == "table" {
		return p.Text(view)
	}
	text, err := JSON(m)
	if err == nil && p.Format == "yaml" {
		text, err = YAML(text)
	}
	if err != nil {
		return fmt.Errorf("write %s as %s: %w", m.ProtoReflect().Descriptor().Name(), p.Format, err)
	}
	_, err = p.Out.Write(text)
	return err
}

// Text prints what view lays out.
func (p *Printer) Text(view func(*View)) error {
	v := &View{p: p}
	view(v)
	_, err := io.WriteString(p.Out, clean(v.b.String(), p.Color))
	return err
}

// Stream prints one of many messages as it comes: JSON on a line of its own, a
// YAML document, or what view lays out.
func (p *Printer) Stream(m proto.Message, view func(*View)) error {
	if p.Format == "table" {
		return p.Text(view)
	}
	text, err := JSON(m)
	if err == nil && p.Format == "yaml" {
		if text, err = YAML(text); err == nil {
			text = append([]byte("---\n"), text...)
		}
	} else if err == nil {
		text, err = OneLine(text)
	}
	if err != nil {
		return fmt.Errorf("write %s as %s: %w", m.ProtoReflect().Descriptor().Name(), p.Format, err)
	}
	_, err = p.Out.Write(text)
	return err
}

// JSON gives a message as indented JSON with a line end. What is absent is left
// out: an unreported list must not look like an empty one.
func JSON(m proto.Message) ([]byte, error) {
	text, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	// protojson varies its white space from build to build on purpose.
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// OneLine gives JSON on one line, as JSON Lines wants it.
func OneLine(text []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// YAML gives JSON as YAML in the same order. JSON is YAML already; what changes
// is the style.
func YAML(text []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	plain(&doc)
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return nil, err
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// plain drops JSON's brackets and quotes; the encoder puts quotes back where a
// text would be read as something else. Empty lists and maps keep their brackets.
func plain(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" && strings.Contains(n.Value, "\n") {
		n.Style = yaml.LiteralStyle
	} else if n.Kind == yaml.ScalarNode || len(n.Content) > 0 {
		n.Style = 0
	}
	for _, c := range n.Content {
		plain(c)
	}
}
