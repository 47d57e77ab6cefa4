// Package change works out what submissions change in one system, or what time alone
// does, and writes it.
//
//	plan      plan.go    in a View: load the system, compare digests, find what is new
//	evaluate             package replay, at every instant at which the state may change
//	write     write.go   in one Update: recheck, then append records, heads, indexes,
//	                     roll-ups, audit and request ids
//
// A [Planner] makes plans; several may be made at once, for different systems. A
// [Plan] belongs to one goroutine. Evaluation happens outside of the transaction that
// writes: [Plan.Recheck] tells there whether the heads that the plan was made of are
// still those in the store ([ErrConflict] where another commit came between, and the
// plan is to be made again), and [Plan.Apply] writes.
//
// Beside these: late.go puts late views into their place, snapshot.go keeps the parts
// of a snapshot, match.go finds the host that an id means, rollup.go adds what states
// change to the sums over all systems, which package rollup keeps, anew.go evaluates
// what is not due, cache.go keeps large systems between commits.
package change
