package guide

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/plumbline/plumbline/guidance"
	"github.com/plumbline/plumbline/guidance/protoyaml"
)

// checklistFiles puts the checklist files below folders in the folders' places;
// other names stay as they are.
func (a *app) checklistFiles(names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			out = append(out, name)
			continue
		}
		found, err := a.below(name)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s has no checklist files (*.yaml, *.yml) below it", name)
		}
		out = append(out, found...)
	}
	return out, nil
}

// below finds the checklist files below a folder, in the order of their names.
// Files of tests, and hidden ones, are not what somebody means by a folder of
// guidance. Other YAML files are said, so that none is left out unnoticed.
func (a *app) below(folder string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if name != folder && (strings.HasPrefix(base, ".") || d.IsDir() && base == "testdata") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(base); d.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		data, err := a.Read(name, guidance.MaxBytes)
		if err != nil {
			return err
		}
		if !looksLikeChecklist(data) {
			a.Note("%s is left out: it has neither groups nor profiles, so it is no checklist", name)
			return nil
		}
		out = append(out, name)
		return nil
	})
	return out, err
}

// looksLikeChecklist says whether a file is meant to be a checklist. What cannot
// be read may be one, and its reader says what is wrong with it.
func looksLikeChecklist(data []byte) bool {
	docs, problems := protoyaml.ParseYAML(data, guidance.MaxBytes)
	if len(problems) > 0 {
		return true
	}
	for _, d := range docs {
		if d.Lookup("groups") != nil || d.Lookup("profiles") != nil {
			return true
		}
	}
	return false
}
