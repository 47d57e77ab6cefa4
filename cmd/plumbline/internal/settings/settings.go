// Package settings fills flags from the environment and from a file: one
// mechanism for every command and every flag.
//
// A flag's value comes from the first of: the command line, the environment
// variable PLUMBLINE_NAME (in capitals, "_" for "-"), the file that --config or
// PLUMBLINE_CONFIG names, the flag's default. The file is a YAML mapping of flag
// names to values; it may serve several commands, so it may name flags that the
// running one lacks, but none that no command has.
package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// Prefix begins the environment variables.
const Prefix = "PLUMBLINE_"

// maxFile bounds a settings file.
const maxFile = 1 << 20

// Variable is the environment variable of a flag.
func Variable(flag string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// File is what a settings file says.
type File struct {
	name   string
	values map[string]*yaml.Node
}

// Read reads a settings file; an empty name is an empty file.
func Read(name string) (*File, error) {
	f := &File{name: name, values: map[string]*yaml.Node{}}
	if name == "" {
		return f, nil
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("settings file %s does not exist", name)
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("settings file %s has %d bytes; more than %d are not read", name, info.Size(), maxFile)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("settings file %s: %w", name, err)
	}
	if doc.Kind == 0 {
		return f, nil
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("settings file %s: write a mapping of flag names to values, such as \"server: localhost:8443\"", name)
	}
	m := doc.Content[0].Content
	for i := 0; i+1 < len(m); i += 2 {
		if _, again := f.values[m[i].Value]; again {
			return nil, fmt.Errorf("settings file %s, line %d: %q is there twice", name, m[i].Line, m[i].Value)
		}
		f.values[m[i].Value] = m[i+1]
	}
	return f, nil
}

// Check refuses names that no command has as a flag.
func (f *File) Check(known func(flag string) bool) error {
	names := make([]string, 0, len(f.values))
	for n := range f.values {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		if !known(n) {
			return fmt.Errorf("settings file %s, line %d: no command has a flag %q", f.name, f.values[n].Line, n)
		}
	}
	return nil
}

// Apply sets the flags that the command line did not, from the environment and
// then from the file.
func Apply(flags *pflag.FlagSet, env func(string) (string, bool), file *File) error {
	var first error
	flags.VisitAll(func(f *pflag.Flag) {
		if first != nil || f.Changed {
			return
		}
		if v, ok := env(Variable(f.Name)); ok {
			if err := flags.Set(f.Name, v); err != nil {
				first = fmt.Errorf("environment variable %s: %w", Variable(f.Name), err)
			}
			return
		}
		if node, ok := file.values[f.Name]; ok {
			if err := set(flags, f, node); err != nil {
				first = fmt.Errorf("settings file %s, line %d: %s: %w", file.name, node.Line, f.Name, err)
			}
		}
	})
	return first
}

// set gives a flag the value of a YAML node: a scalar, or a list for a flag
// that takes several.
func set(flags *pflag.FlagSet, f *pflag.Flag, node *yaml.Node) error {
	switch node.Kind {
	case yaml.ScalarNode:
		return flags.Set(f.Name, node.Value)
	case yaml.SequenceNode:
		several, ok := f.Value.(pflag.SliceValue)
		if !ok {
			return errors.New("takes one value, not a list")
		}
		var values []string
		if err := node.Decode(&values); err != nil {
			return err
		}
		f.Changed = true
		return several.Replace(values)
	}
	return errors.New("takes a value, not a mapping")
}
