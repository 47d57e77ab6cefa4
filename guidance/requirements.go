package guidance

import (
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed requirements.yaml
var requirementsYAML []byte

// Requirement is one recommendation of a source document, in our own words.
// Every one whose document ships is covered by at least one rule, which names
// its id; a test says so.
type Requirement struct {
	ID        string `yaml:"id"`
	Document  string `yaml:"-"`         // the id of the document, as references name it
	Checklist string `yaml:"-"`         // the id of the checklist that must cover it
	Section   string `yaml:"section"`   // the document's own heading
	Area      string `yaml:"area"`      // as a rule's area
	Asks      string `yaml:"asks"`      // what is recommended
	Exception string `yaml:"exception"` // when the document itself lets it go; empty where it does not
}

type requirementsFile struct {
	Documents []struct {
		ID           string        `yaml:"id"`
		Checklist    string        `yaml:"checklist"`
		Requirements []Requirement `yaml:"requirements"`
	} `yaml:"documents"`
}

// Requirements is the list of recommendations, in the order of the documents
// and of the ids within each. It fails only if the build is broken.
func Requirements() ([]Requirement, error) {
	list, err := requirements()
	return slices.Clone(list), err
}

var requirements = sync.OnceValues(func() ([]Requirement, error) {
	var f requirementsFile
	if err := yaml.Unmarshal(requirementsYAML, &f); err != nil {
		return nil, fmt.Errorf("guidance: requirements.yaml: %w", err)
	}
	var out []Requirement
	for _, d := range f.Documents {
		for _, r := range d.Requirements {
			r.Document, r.Checklist = d.ID, d.Checklist
			out = append(out, r)
		}
	}
	return out, nil
})
