// Package events tells what changed to those who follow: streams that resume
// where they broke off, and webhooks (package webhooks).
//
//	record.go  what is stored of an event, in the commit of what it tells of
//	show.go    events as the API shows them
//	cursor.go  ids, which are cursors too
//	log.go     Log: reads a page, follows, sweeps
//	filter.go  conditions in CEL over an event
//	notify.go  Notifier: has told what falls due
//
// Package silence notices when a source falls silent, package eventapi is
// EventService.
//
// An event is put into the batch that makes it true (Ref.Put, Notice.Put): no
// crash loses one, and none tells of what was not committed. So the events in
// the ledger, in their order, are the outbox: whoever follows them, a stream or a
// webhook, is a position in that order, and nothing else is stored for him.
//
// An event about a series names the two states that it stands between ([Ref]).
// What it says is read from these when somebody asks ([Told]); they are kept
// longer than the event.
//
// # Who makes events
//
// Package assessor compares the newest state of each series before a commit
// with the one after: result.failing, result.recovered, result.unknown and
// score.below. Package statements tells of what expires, package guides of what
// comes into force, package silence of sources. Those three look at what has
// fallen due ([Notifier]), and mark in the same commit that they have told it, so
// that each is told once.
//
// # What is failing
//
// A result is failing where its state is fail and no waiver accepts it. Whoever
// adds the results of result.failing to a set, and takes those of
// result.recovered and result.unknown away, has the failing results of a series,
// as long as no event is about more than MaxResults of them.
package events
