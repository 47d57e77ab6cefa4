// Package history tells how series came to stand as they do, and how they will
// stand if nobody acts. It computes over what package assessor reads, and
// stores nothing.
//
//	timeline.go  one result over time: spans, how often and how long it failed
//	trend.go     exact averages over spans of time
//	forecast.go  what changes until an instant if nobody acts
//	compare.go   two states: which results differ, and which facts
//	replay.go    why they differ: the causes exchanged one after the other
//	outcome.go   a state's results in a form that is compared
//
// # Attribution
//
// A difference between two states of one series is split over its causes by
// exchanging what the evaluation rests on, one part after the other, always in
// this order, from the earlier instant to the later one:
//
//	guidance     the checklist's version
//	tailoring
//	policy
//	inventory    what sources said; what was said later counts as said now
//	attestation  those in force
//	claim        those in force
//	waiver       those in force
//	time         the instant: certificates expire, patches age, facts become stale
//	engine       what an evaluation by this engine gives, against what is stored
//	             of another
//
// Each step is evaluated; the change of the score is the part of its cause. The
// first state is the one before, the last the one after, so the parts add up to
// the whole. Other orders would split it otherwise, which is why the order
// is fixed. Where versions and tailorings do not fit each other crosswise,
// both are exchanged at once and the part is guidance's.
package history
