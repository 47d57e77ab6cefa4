// Package past reads what is stored of systems: their states and inventories as of an
// instant as known at another, now where neither is said. It writes nothing.
//
// [When] says which instants a caller means. Whatever is asked as known at an earlier
// instant is made of the records that were there then: heads say what is newest now,
// so timelines are read from their index.
//
//	archive.go    Archive, through which everything is read
//	systems.go    systems as resources; merged inventories
//	hosts.go      hosts and facilities as resources
//	state.go      the state of a series with its evaluation: findings, explanations,
//	              breakpoints
//	timeline.go   a series' states one after the other; Parts, what one evaluation
//	              rests on, taken apart
//	ahead.go      the states to come if nobody acts
//	recompute.go  the recorded states beside those that their inputs give, for verify;
//	              thinned.go has those of history that was thinned
//	look.go       systems as they stand, for who evaluates them otherwise
//	fleet.go      what is kept of all systems' series of an id
//	told.go       what events say of the states that they stand between
package past
