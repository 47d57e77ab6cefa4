// Package state has the commands for what people state of systems: waivers, by
// which failures are accepted; attestations, which are facts; claims, on which
// exceptions rest; and the questionnaire that asks for them.
//
// The tour: waiver.go, attest.go and claim.go have a family each, with review.go
// beside the first. apply.go brings statements that are kept in files to a
// server, whatever their kind, and compare.go says what differs; the files
// <kind>_apply.go say how each kind is read and stored. questionnaire.go asks,
// worksheet.go writes the questions as a file to fill in, and answers.go files
// what was filled in.
//
// Nothing here decides what a statement covers or whether it is in force: the
// server does, and says so in the statement's state.
package state

import (
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/spf13/cobra"
)

// app is the run that this package's commands belong to.
type app struct{ *cli.App }

// Commands makes the commands of this package for a run.
func Commands(run *cli.App) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.questionnaireCommand(), a.attestCommand(), a.claimCommand(), a.waiverCommand()}
}
