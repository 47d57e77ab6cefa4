package pagegen

import (
	"fmt"
	"path"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// version is one version of a checklist.
type version struct {
	*assess.Checklist
	src  *pb.Checklist
	text []byte // of the file
}

// checklist is a checklist with its versions, oldest first.
type checklist struct {
	id       string
	versions []version
}

func (c checklist) newest() version { return c.versions[len(c.versions)-1] }

// Pages are all pages by their paths below docs/guidance. Files come by id and
// then by version, as guidance.Shipped gives them.
func Pages(files []*guidance.File, requirements []guidance.Requirement) (map[string]string, error) {
	list, err := compile(files)
	if err != nil {
		return nil, err
	}
	out := map[string]string{"README.md": index(list, requirements)}
	for _, c := range list {
		for i, v := range c.versions {
			text, err := versionPage(c, i)
			if err != nil {
				return nil, err
			}
			out[path.Join(c.id, v.Version()+".md")] = text
			if i > 0 {
				out[path.Join(c.id, changesName(c, i))] = changesPage(c, i)
			}
		}
	}
	return out, nil
}

func compile(files []*guidance.File) ([]checklist, error) {
	var out []checklist
	for _, f := range files {
		k, problems := assess.Compile(f.Checklist)
		if k == nil {
			return nil, fmt.Errorf("%s: %v", f.Name, problems[0])
		}
		if n := len(out); n == 0 || out[n-1].id != k.ID() {
			out = append(out, checklist{id: k.ID()})
		}
		c := &out[len(out)-1]
		c.versions = append(c.versions, version{k, k.Source(), f.Text})
	}
	return out, nil
}

// changesName is the file, in the checklist's folder, of what changed in the
// version with that index.
func changesName(c checklist, i int) string {
	return c.versions[i-1].Version() + "-to-" + c.versions[i].Version() + ".md"
}

// group is a group with how deep it stands, from 0.
type group struct {
	*pb.Group
	depth int
}

// groups are a checklist's groups in its order, each before those within it.
func groups(c *pb.Checklist) (out []group) {
	var walk func(list []*pb.Group, depth int)
	walk = func(list []*pb.Group, depth int) {
		for _, g := range list {
			out = append(out, group{g, depth})
			walk(g.Groups, depth+1)
		}
	}
	walk(c.Groups, 0)
	return out
}
