// Package retention thins history by policy: every breakpoint is kept for so
// long, then one a day, then one a month, in UTC.
//
//   - keeper.go: the policy, and passes that carry it out in the background.
//   - pass.go: one commit's work of a pass; wall.go: how far history is thinned.
//   - grid.go: which instants are kept; choose.go: which entries of a timeline
//     that leaves; pin.go: instants that waivers and holds keep.
//   - hold.go: holds.
//
// # What is kept
//
// The wall is an instant, a midnight in UTC. Before it history may be thinned;
// from it on it is whole, as known at any time since the wall's own. The grid is
// the last instant of each day before the wall, or of each month where the
// policy says so, and instants that waivers and holds of a system name. Of each
// timeline (a source's views of a system or host, a series' states) the entry
// that is in force at an instant of the grid stays, and the rest goes, with what
// was corrected. So at each instant of the grid all inputs of a state are
// there, and it can be computed again as of that instant.
//
// # The wall
//
// It is stored in a commit of its own before anything is thinned, moves only
// forward, and never past what is due and not evaluated yet. From then on nothing
// is written before it: views observed before it are refused, and what statements
// or guidance change is evaluated from the wall on. A plan that was made before
// the wall moved is made anew ([Wall.Line]). So the sums of roll-ups over the time
// before it stay as they were when history was whole.
//
// # A pass
//
// It goes through systems, then hosts, and takes entries out of timelines
// ([ledger.Batch.Thin]); then through the blocks of records ([ledger.Batch.Sweep]).
// Each commit does a bounded part of it and notes how far it came, so that a pass
// goes on where it was when the process ended. Whoever has a thinned system in
// memory, or planned, is told by its head, which changes.
package retention
