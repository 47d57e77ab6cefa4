// Package complete completes ids in shells by asking the server.
//
// [Install] goes over all commands and gives them completion by what their usage
// calls their arguments ("SYSTEM ID" below waiver: a system, then one of its
// waivers) and by the names of their flags. Nothing has to be said where a
// command is made.
//
// Whoever presses the tab key wants to go on typing: an answer that takes longer
// than a moment, or an error, completes nothing, without a word.
//
//	complete.go  which ids stand where
//	ids.go       the ids, as the server lists them
package complete
