// Package machine is what compiled rules run on: the variables, the facts
// read and missing, the horizon and the budget of one evaluation ([Machine]),
// the inventory with its lookups, the claims ([Claims]), and the memory of what
// is computed once a system ([Memo]).
//
// It evaluates nothing itself: package compile makes closures over a Machine,
// and package rule gives both a face.
package machine
