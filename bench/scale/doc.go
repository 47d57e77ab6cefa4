// Command scale measures a large fleet in one store: what it takes to evaluate
// all of it, or what is due, to start over it, and to read of it while much is
// stored. It prints tables, and ends with a line for each goal.
//
//   - main.go: the flags, and the order of things.
//   - service.go: the service within this process, over a file.
//   - fill.go: the fleet, as package loadgen draws it, under the sixty rules of
//     package rules.
//   - reassess.go: everything is evaluated, nothing is due, a hundredth is.
//   - floor.go: the same with the rules by hand in the place of the engine.
//   - reads.go: what a dashboard asks, with little and with much stored.
//   - year.go: bytes of a system and year.
//   - memory.go: memory that is the process's own.
//
// Everything runs in one process, which does nothing else while a side of a
// ratio is timed; clients are in it too. Servers' memory is sampled after a
// restart, without what filling has left behind.
package main
