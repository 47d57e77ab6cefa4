// Plumbline is a server that scores inventory against hardening guidance, and
// the commands around it, in one program.
//
// The tour: main.go hands over to run, which builds the commands (root.go), fills
// their flags from the command line, the environment and a settings file (package
// internal/settings), runs one, and turns its error into words and an exit code.
// serve.go and demo.go run a server. The other commands stand in packages below
// internal, a file each: feed submits, ask asks, state files what people state
// (waivers, attestations, claims, answers to questionnaires), guide keeps
// checklists, tailorings and assignments, manage runs a service, offline assesses
// without a server. They share package cli, read files that people keep by package
// sheet, print by package render, and show an assessment by package glance.
//
// The commands that ask a server use nothing but the public client in package
// clients. serve, demo, db and token --store open a store's file.
//
// Exit codes: 0 for success, 1 for an error or a submission that was rejected, 2
// where all went well and the answer is one that a flag asked to fail for: a score
// or coverage below --fail-under, waivers that waiver review --fail found, results
// beyond --fail-newly-failing.
package main
