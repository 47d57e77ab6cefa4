// Package replay evaluates a system over a stretch of time: from an instant to now,
// from one instant at which something may change to the next.
//
// A state holds from its effective instant to the next breakpoint. [Walk] visits the
// instants at which something may change: views taking effect, guidance and policy
// coming into force, and the horizons (valid_until) that evaluation itself reports.
// A submission of the present walks one step; late data walks from when it was so to
// now, and stages a correction wherever the stored state is another. Nothing is
// written here: package change writes what is staged, package past throws it away.
//
//	walk.go    Walk and the Series on its way; the causes of breakpoints
//	since.go   what need not be packed again, since nothing but time has passed
//	event.go   which events there are between two states of a series
package replay
