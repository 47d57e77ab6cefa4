// Command bench measures Plumbline against peers and floors, side by side in
// one run, and prints the ratios. `make bench` runs it.
//
// A figure without its neighbour says as much about the machine as about the
// program. So everything is measured as a ratio to something that does the same
// work or less of it, in the same run and by turns: A B A B …, many times, and
// the median over the rounds is what counts. The run ends with one line for
// each goal:
//
//	goal NAME VALUE <= BOUND ok|missed
//
// It exits with 0 also where a goal is missed: a goal is for people to act on,
// and machines that run tests have neighbours that no build can be blamed for.
// It exits with 1 where a part does not work, which includes that the peers do
// not agree on every result.
//
// The parts:
//
//   - evaluation.go: the sixty rules on one host, by the engine, by hand in Go, by
//     cel-go and by OPA.
//   - serving.go: the server against bbolt alone, and against OPA's server.
//   - guidance.go: a preview against a re-evaluation of the same hosts, and
//     publishing.
//   - history.go: bytes on disk.
//
// and the packages they are made of:
//
//   - rules, byhand, celgo, rego: the sixty rules, five times; agree compares
//     their results.
//   - estate: the hosts.
//   - draft: guidance to preview and to publish; live: the service within this
//     process.
//   - peer: servers in processes of their own; load: their clients; floor: bbolt
//     alone; space: bytes on disk.
//   - measure: rounds, medians, processor time.
//
// It is a module of its own, so that what only a benchmark needs (OPA) is no
// dependency of the program. It needs a Unix system. docs/benchmarks.md says
// how each figure is made.
package main
