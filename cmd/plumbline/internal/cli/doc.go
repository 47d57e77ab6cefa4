// Package cli is what the commands share.
//
// The tour: app.go has [App], one run with its streams and shared flags;
// command.go makes commands; errors.go turns errors into words; online.go has the
// connection, resource names and pages; instant.go instants as people write them;
// threshold.go --fail-under; files.go reads checklists and documents; console.go
// and terminal.go what is written beside the output; words.go small words.
package cli
