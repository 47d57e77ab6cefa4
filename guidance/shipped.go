package guidance

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
)

//go:embed checklists
var checklists embed.FS

//go:embed checklist.schema.json
var schema []byte

// Schema is the JSON Schema of checklist files, for editors.
func Schema() []byte { return slices.Clone(schema) }

// Latest names the newest version of a checklist: the greatest by semantic
// versioning, releases before pre-releases.
const Latest = "latest"

// shipped reads the embedded files once. Tests keep them without errors, so
// one is a fault of the build.
var shipped = sync.OnceValues(func() ([]*File, error) { return readAll(checklists) })

// Shipped are the checklists that ship with this build, by id and then by
// version, oldest first. It fails only if the build is broken.
func Shipped() ([]*File, error) {
	files, err := shipped()
	return slices.Clone(files), err
}

// Get is one shipped checklist. The version is a semantic version or [Latest];
// empty means the latest too. An error says what there is instead.
func Get(id, version string) (*File, error) {
	files, err := shipped()
	if err != nil {
		return nil, err
	}
	var ids, versions []string
	var found *File
	for _, f := range files {
		if !slices.Contains(ids, f.Checklist.Id) {
			ids = append(ids, f.Checklist.Id)
		}
		if f.Checklist.Id != id {
			continue
		}
		versions = append(versions, f.Checklist.Version)
		switch v := f.Checklist.Version; {
		case v == version:
			found = f
		case version == "" || version == Latest:
			if found == nil || newer(v, found.Checklist.Version) {
				found = f
			}
		}
	}
	switch {
	case found != nil:
		return found, nil
	case len(versions) == 0:
		return nil, fmt.Errorf("no checklist %q ships; there are %s", id, strings.Join(ids, ", "))
	}
	return nil, fmt.Errorf("checklist %s has no version %q; there are %s", id, version, strings.Join(versions, ", "))
}

// newer tells whether version a is newer than b; a release is newer than any
// pre-release.
func newer(a, b string) bool {
	x, y := semver.MustParse(a), semver.MustParse(b)
	if (x.Prerelease() == "") != (y.Prerelease() == "") {
		return x.Prerelease() == ""
	}
	return x.GreaterThan(y)
}

func readAll(fsys fs.FS) ([]*File, error) {
	var out []*File
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".yaml" {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		f, found := Parse(name, data)
		if HasErrors(found) {
			return fmt.Errorf("guidance: %s", found[0])
		}
		if want := path.Join("checklists", f.Checklist.Id, f.Checklist.Version+".yaml"); name != want {
			return fmt.Errorf("guidance: %s holds %s@%s, which belongs into %s", name, f.Checklist.Id, f.Checklist.Version, want)
		}
		out = append(out, f)
		return nil
	})
	slices.SortFunc(out, func(a, b *File) int {
		if c := strings.Compare(a.Checklist.Id, b.Checklist.Id); c != 0 {
			return c
		}
		return semver.MustParse(a.Checklist.Version).Compare(semver.MustParse(b.Checklist.Version))
	})
	return out, err
}
