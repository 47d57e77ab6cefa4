// Package estate has what is stored of a system and its hosts: what each source says,
// from when, and until when it was confirmed. Who submits, evaluates or asks begins
// with [Open].
//
// A system's sources each have a timeline of views (SystemView, without hosts); a
// host's sources each have one too (HostView), whichever system they came through.
// Timelines are bitemporal and never overwritten. Heads (SystemHead, HostHead,
// SeriesHead) are the newest of each, at hand in one read, and say where it stands.
//
//	system.go   System: its sources, its hosts, and the views that held at an instant,
//	            for the merge
//	track.go    Track: one timeline in memory, read as far as it is asked for; the
//	            few values of the format that package envelope has not
//	known.go    Moment: an instant as known at another; views as they were known then
//	said.go     what people said of the system; attestations as views
//	head.go     what a head says of itself: until when it holds, by which engine
//	settle.go   what becomes of a system after its commit; memory that is used again
//
// A System belongs to the transaction that it was opened in, and to one goroutine.
// Package change stages versions in its tracks and writes them; all others read.
package estate
