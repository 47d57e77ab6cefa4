// Package loadgen makes up fleets: servers as a configuration database and a
// scanner would report them, with the faults that real ones have, for load
// tests, for demonstrations and for whoever wants to see a store with a year in it.
//
// Everything follows from a seed. The state of a host at an instant is a function
// of (seed, host, instant): no state is carried along, so that any system can be
// made at any instant alone, and a fleet of a million hosts takes the memory of
// one system. The same seed gives the same bytes, on every machine; a test holds
// a digest.
//
//   - config.go: what a fleet is made of, and the faults by their rates.
//   - draw.go: drawing from the seed.
//   - fleet.go: how large systems are, and the items of a fleet at its instant.
//   - system.go: a system with zones, boundaries, channels, accounts, places.
//   - host.go, software.go, endpoint.go: its hosts.
//   - cycle.go: what changes with time, such as patches and certificates.
//   - year.go: a year of it, as events in the order of time.
//   - file.go: items as JSON Lines.
//
// Systems have 1 to 500 hosts by a law like Zipf's: most have few. They are
// reported by two sources: "cmdb" says whole systems, and for a share of them
// "scanner" says what the listeners answer. Systems do not share hosts, and
// share facilities.
//
// Two facts are never reported, since no database has them fresh enough to be
// true when they are read: when a clock was last synchronized, and when
// signatures of malware were last updated.
package loadgen
