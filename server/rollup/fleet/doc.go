// Package fleet answers what is asked of all systems together, from the sums of
// package rollup and never from the systems: how they stand, how that went over
// time, who is worst, which rules fail most.
//
// newest.go has what is asked of the present, trend.go what is asked of time.
// Averages over time are exact up to the last step: integrals are whole numbers,
// and only their quotient is rounded.
package fleet
