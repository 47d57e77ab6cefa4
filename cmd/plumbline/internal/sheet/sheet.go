package sheet

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/plumbline/plumbline/guidance/protoyaml"
	"go.yaml.in/yaml/v3"
)

// MaxBytes is how large a file may be.
const MaxBytes = 4 << 20

// maxEntries bounds how many entries are read, aliases included.
const maxEntries = 10_000

// File is a file under reading.
type File struct {
	// Name is what the file is called.
	Name string
	// Head has what stands beside the list of entries; empty where nothing does.
	Head *Entry
	// Entries are the entries in the order of the file.
	Entries []*Entry
	// Problems is all that is wrong so far.
	Problems []protoyaml.Problem
}

// Read reads a file. list is the key under which the entries stand where the
// file is a mapping, such as "waivers".
func Read(name string, data []byte, list string) *File {
	f := &File{Name: name}
	f.Head = &Entry{file: f, node: &yaml.Node{Kind: yaml.MappingNode}}
	if _, problems := protoyaml.ParseYAML(data, MaxBytes); len(problems) > 0 {
		f.Problems = problems
		return f
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		if err := dec.Decode(&doc); err != nil {
			if !errors.Is(err, io.EOF) {
				f.Problems = append(f.Problems, protoyaml.Problem{Message: err.Error()})
			}
			break
		}
		if len(doc.Content) == 1 {
			f.document(target(doc.Content[0]), list)
		}
	}
	if len(f.Entries) == 0 && len(f.Problems) == 0 {
		f.Problems = append(f.Problems, protoyaml.Problem{Message: fmt.Sprintf("has no entries; write a list, or a list under %s:", list)})
	}
	return f
}

// document takes the entries of one document.
func (f *File) document(n *yaml.Node, list string) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return
	}
	var entries *yaml.Node
	switch {
	case n.Kind == yaml.SequenceNode:
		entries = n
	case n.Kind == yaml.MappingNode:
		if entries = find(n, list); entries == nil {
			f.add(n, "")
			return
		}
		f.head(n, list)
	default:
		f.problem(n, "", "is no list of entries; write - id: …")
		return
	}
	if entries.Kind != yaml.SequenceNode {
		f.problem(entries, list, "is no list; write each entry with a dash before it")
		return
	}
	for i, e := range entries.Content {
		f.add(target(e), fmt.Sprintf("%s[%d]", list, i))
	}
}

// head takes what stands beside the list.
func (f *File) head(n *yaml.Node, list string) {
	h := *n
	h.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != list {
			h.Content = append(h.Content, n.Content[i], n.Content[i+1])
		}
	}
	f.Head = &Entry{file: f, node: &h}
	f.Head.unique()
}

// add takes one entry.
func (f *File) add(n *yaml.Node, path string) {
	switch {
	case len(f.Entries) >= maxEntries:
		if len(f.Entries) == maxEntries && len(f.Problems) == 0 {
			f.problem(n, path, fmt.Sprintf("is one too many; a file may hold %d entries", maxEntries))
		}
	case n.Kind != yaml.MappingNode:
		f.problem(n, path, "is no entry; write key: value lines")
	default:
		e := &Entry{file: f, node: n, path: path, head: f.Head}
		e.unique()
		f.Entries = append(f.Entries, e)
	}
}

// problem notes what is wrong at a place.
func (f *File) problem(n *yaml.Node, field, message string) {
	f.Problems = append(f.Problems, protoyaml.Problem{Line: n.Line, Column: n.Column, Field: field, Message: message})
}

// Sorted gives the problems in the order of their places.
func (f *File) Sorted() []protoyaml.Problem {
	slices.SortStableFunc(f.Problems, func(a, b protoyaml.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f.Problems
}

// find is the value of a key of a mapping, never an alias; nil where it is not
// there.
func find(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return target(n.Content[i+1])
		}
	}
	return nil
}

// target is what an alias stands for.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
