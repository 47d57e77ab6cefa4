// Package compile turns lowered rules into programs: it chooses, node by node,
// the closures of package closure, and gives them their constants, their places
// in the inventory and the closures of their operands.
//
// The tour: program.go has what a program gives, gen.go the generator and what
// holds for all types, field.go what reads the inventory, condition.go, equal.go
// and quantify.go conditions, list.go lists, call.go CEL's functions, memo.go
// what is computed once a system or once a subject, show.go values as text.
//
// Functions that make a closure are marked noinline; package closure says why.
package compile
