// Package assessor is the one write path: it takes what sources say, evaluates
// every series that it touches, and appends what changed. RPCs, the scheduler
// and dry runs call the same functions. Reads stand in package past, whose Archive
// an Assessor has.
//
// # The way of a submission
//
//	Submit      assessor.go         the request becomes an item (package submission)
//	  queue     queue.go            items are gathered by system; a system is worked on
//	                                once at a time
//	  plan      change, replay      what is new is found, and evaluated
//	  commit    queue.go, change    in one Update, many systems at once
//	  answer    queue.go            after the commit: receipts
//
// Beside it: scheduler.go evaluates what is due, run.go has what runs of package
// operations need: which systems are wanted, and batches that go behind what somebody
// waits for. link.go and retire.go change what ids mean and what is assessed,
// statement.go carries what people say into the same path, engine.go counts the
// systems that another version of the engine evaluated last.
//
// Evaluation happens outside the transaction. The Update rechecks that the heads
// which a plan was made of are still those in the store; if another commit came
// between, the plan is made again.
//
// # What stands below
//
//	submission  a request, checked, normalized and digested
//	change      what items change in one system: plans, and how they are written
//	replay      evaluation over a stretch of time
//	states      results, packed into what is stored
//	estate      what is stored of a system and its hosts
//	past        reads, as of an instant as known at another
package assessor
