// Package preview says what would change if systems were assessed under another
// version of a checklist, or under a draft. It stores nothing.
//
// It walks the systems in the order of their ids, a batch at a time, several
// systems at once: each is read and merged as the write path does it, evaluated
// under the previewed version, and compared with the state that is stored for
// the same series, which is not evaluated again. So a preview costs what a
// re-evaluation costs, and holds no more than a batch in memory.
//
//	preview.go  Run: the walk
//	series.go   one series: before, after, flips
//	total.go    the summary
package preview
