// Package rollup has the sums over all systems that dashboards read: how every
// series of one id stands now, and how it stood over time. They are written in
// the commit that changes what they are sums of, and reading them costs the
// same however many systems and breakpoints there are.
//
// # Tour
//
//   - standing.go: what one state of one system adds to the sums.
//   - pending.go: what a batch changes, gathered and written once.
//   - scale.go, walk.go: buckets of time, and how integrals are read from them.
//   - read.go: the sums as they are read.
//   - key.go: where they stand.
//
// # Newest state
//
// For each id of a series there are sums over the newest states of all systems:
// how many there are, how many have a score, the sums of scores, effective
// scores and coverages in millionths, results by state, failures by severity and
// by area; results of each rule; systems by checklist version. A state that
// takes the place of another adds the difference. One that ends its series adds
// nothing, so the difference takes the system out. Systems with a score stand in
// an ordered list besides, the lowest score first.
//
// # History
//
// The state of a system is a step function of time, and so is the sum over all
// systems. It is kept by its steps: a bucket has for each counter
//
//	D = Σ change            of the steps in the bucket
//	M = Σ change × (instant of the step − start of the bucket)
//
// so that with L, the level at its start, the integral over the bucket is
// L × length + D × length − M, the level at its end L + D, and L the sum of D over
// all buckets before. Scores are whole millionths and instants whole
// microseconds, so all of this is exact, and a Wide has room for it: a hundred
// million millionths times 2³² systems times 2⁵⁵ microseconds are 114 bits.
//
// D and M are sums, so a correction adds the difference: where late data changes
// what held from one instant to another, the difference of the two states is
// added at the first and taken back at the second, or nowhere if it goes on.
//
// Buckets are hours and days in UTC, and 32 and 1,024 days, aligned to 1970: a
// level needs one sum for each 1,024 days since the beginning and 31 + 31 + 23
// others, and a span of any length at most twice as many. Rules have no hours.
package rollup
