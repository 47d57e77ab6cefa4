// Package states packs the results of an evaluation into a state as it is stored,
// and reads them again.
//
// A state is what a series says from an instant on, until another takes its place.
// Most states differ little from the one before, and are stored as differences to
// it; so a state keeps the numbers of subjects, and since when each result has
// stood as it does, in the order of the one before.
//
//	state.go    Build makes a state of an evaluation and the state before; Same tells
//	            whether two say the same; Index finds a state's results; causes,
//	            summaries and counts
//	stands.go   Stands compares an evaluation with a state in place, without unpacking
//	each.go     Each reads what sums over all systems need
//
// All are functions of their arguments.
package states
