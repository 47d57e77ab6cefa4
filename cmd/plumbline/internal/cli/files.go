package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/guidance"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	"github.com/plumbline/plumbline/guidance/protoyaml"
	"google.golang.org/protobuf/proto"
)

// Checklist compiles a checklist: a file where there is one of that name, else
// one that ships, by ID or ID@VERSION.
func (a *App) Checklist(name string) (*assess.Checklist, error) {
	if IsFile(name) {
		_, k, err := a.ChecklistFile(name)
		return k, err
	}
	id, version, _ := strings.Cut(name, "@")
	f, err := guidance.Get(id, version)
	if err != nil {
		return nil, err
	}
	k, problems := assess.Compile(f.Checklist)
	if k == nil {
		return nil, fmt.Errorf("checklist %s: %s: %s", name, problems[0].Field, problems[0].Message)
	}
	return k, nil
}

// IsFile says whether a name means a file and not a checklist's id.
func IsFile(name string) bool {
	if strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		return true
	}
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// ChecklistFile reads and compiles a checklist file; what is wrong with it goes
// to standard error.
func (a *App) ChecklistFile(name string) ([]byte, *assess.Checklist, error) {
	data, err := a.Read(name, guidance.MaxBytes)
	if err != nil {
		return nil, nil, err
	}
	_, k, diagnostics := guidance.Load(name, data)
	if k == nil {
		n := 0
		for _, d := range diagnostics {
			if d.Severity == guidance.Error {
				a.Note("%s", d)
				n++
			}
		}
		return nil, nil, fmt.Errorf("%s has %s", name, Count(n, "error"))
	}
	return data, k, nil
}

// Unreadable says what is wrong with a file.
func (a *App) Unreadable(name string, problems []protoyaml.Problem) error {
	for _, p := range problems {
		a.Note("%s:%s", name, p)
	}
	return fmt.Errorf("%s has %s", name, Count(len(problems), "error"))
}

// ReadDocuments reads files of YAML or JSON documents, each one message.
func ReadDocuments[M proto.Message](a *App, files []string, make func() M) ([]M, error) {
	var out []M
	for _, name := range files {
		data, err := a.Read(name, 4<<20)
		if err != nil {
			return nil, err
		}
		docs, problems := protoyaml.ParseYAML(data, 4<<20)
		for _, doc := range docs {
			m := make()
			found := doc.Decode(m, protoyaml.Options{Keyed: true})
			if len(found) == 0 {
				found = inventoryfile.Violations(m)
			}
			problems = append(problems, found...)
			out = append(out, m)
		}
		if len(problems) > 0 {
			return nil, a.Unreadable(name, problems)
		}
	}
	return out, nil
}

// ReadDocument reads a file of one document.
func ReadDocument[M proto.Message](a *App, name string, make func() M) (M, error) {
	list, err := ReadDocuments(a, []string{name}, make)
	if err != nil || len(list) != 1 {
		var none M
		if err == nil {
			err = fmt.Errorf("%s has %s; write one", name, Count(len(list), "document"))
		}
		return none, err
	}
	return list[0], nil
}
