// Package webhooks sends events to addresses that want them.
//
//	keeper.go   Keeper: makes, lists and deletes webhooks
//	run.go      a worker for each webhook, so that one address does not hold up another
//	deliver.go  what a worker does: the next events, in order, until one is not taken
//	post.go     one attempt: the request, its signature, what counts as taken
//	dead.go     events that were given up: list, send again, forget
//
// # At least once, in order
//
// The log of events is the outbox; a webhook is a position in it, kept in the
// ledger. It moves on only behind an event that the address took (any 2xx) or
// that was given up, so that no crash loses one, and events come in the order in
// which they were recorded. What was sent and not yet noted is sent again: the
// event's id, in the body and in the header Plumbline-Event, tells what came
// before.
//
// An attempt that fails holds up what follows. It is made again after a second,
// then ever later, a quarter of an hour at the most, until the address takes it,
// or has taken nothing for a day since the event was there: then it becomes a
// dead letter and the next one has its turn.
package webhooks
