// Package assessor is the one write path: it takes what sources say, evaluates
// every series that it touches, and appends what changed. RPCs, the scheduler
// and dry runs call the same functions; reads of states and inventories, now
// or as of an instant as known at another, stand beside them.
//
// # The way of a submission
//
//	Submit      item.go    the request becomes an item: checked, normalized, digested
//	  queue     queue.go   items are gathered by system; a system is worked on once at a time
//	  plan      plan.go    in a View: load the system, compare digests, find what is new
//	  evaluate  replay.go  evaluate at every instant at which the state may change
//	  commit    commit.go  in one Update: recheck, then append records, heads, indexes,
//	                       roll-ups, audit and request ids
//	  answer    queue.go   after the commit: receipts
//
// Beside it: body.go tells requests apart, snapshot.go joins the parts of a
// snapshot, late.go puts late views into their place, match.go and link.go find
// the host that an id means, track.go has one timeline in memory, system.go one
// system with its views, state.go the packed results, cache.go large systems
// between commits. event.go makes the events of what a commit changes, for package
// events. config.go has guidance and policy by instant, configure.go,
// claim.go and retire.go change what systems are evaluated under, scheduler.go
// evaluates what is due. read.go, resource.go and history.go are the reads; past.go
// takes what a past state rests on apart, past_ahead.go walks into the future.
// rollup.go adds what a commit's states change to the sums over all systems,
// which package rollup keeps. run.go has what runs of package operations need:
// systems picked in order, and batches that go behind what somebody waits for.
//
// Evaluation happens outside the transaction. The Update rechecks that the heads
// which the plan was made of are still those in the store; if another commit
// came between, the plan is made again.
//
// # What is stored
//
// A system's sources each have a timeline of views (SystemView, without hosts);
// a host's sources each have one too (HostView), whichever system they came
// through. A series (system, checklist, profile, tailoring) has a timeline of
// states. Timelines are bitemporal and never overwritten: package ledger has
// the keys. Heads (SystemHead, HostHead, SeriesHead) are the newest of each, at
// hand in one read, so that a submission that changes nothing costs a few reads
// and one overwritten record.
//
// # Time
//
// A state holds from its effective instant to the next breakpoint. The
// function that finds breakpoints (replay.go) walks the instants at which
// something may change: views taking effect, guidance and policy coming into
// force, and the horizons (valid_until) that evaluation itself reports. A
// submission of the present walks one step; late data walks from when it was so to
// now, and appends a correction wherever the stored state is another.
package assessor
