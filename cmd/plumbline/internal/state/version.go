package state

import (
	"strings"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/sheet"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/proto"
)

// answersTo is the flag that names the version of a checklist that a statement
// answers.
type answersTo struct{ name string }

func (v *answersTo) flag(f *pflag.FlagSet) {
	f.StringVar(&v.name, "for", "", "the version whose question it answers, as CHECKLIST@VERSION, such as one to be activated later; those in force where empty")
}

// version is the version's name for the API.
func (v *answersTo) version() string { return versionName(v.name) }

func versionName(written string) string {
	if written == "" {
		return ""
	}
	return cli.Version("checklists", written, "latest")
}

// readVersion reads it from an entry of a file.
func readVersion(e *sheet.Entry) string { return versionName(e.Text("for")) }

// otherVersion says where a file names another version than what is stored
// answers; "latest" was another one when that was filed.
func otherVersion(file, stored interface {
	proto.Message
	GetChecklistVersion() string
}) []string {
	if name := file.GetChecklistVersion(); name == "" || strings.HasSuffix(name, "/latest") {
		return nil
	}
	return differences(file, stored, "checklist_version")
}
