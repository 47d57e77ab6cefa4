// Package compile turns lowered rules into closures.
//
// A closure has the type of its expression: a condition gives a truth value,
// a scalar its value and whether that is known, a list its known elements and
// what it lacks. Nothing is boxed, no type is looked at while a rule runs, a
// chain of fields is one closure with the offsets in it, and the conditions
// that stand in most rules (a field compared with a constant, a list of one's
// fields under all or exists, a time against now) are one closure each.
//
// The tour: program.go has what a program gives, gen.go the generator and what
// holds for all types, field.go what reads the inventory, condition.go and
// list.go logic and lists, call.go CEL's functions, now.go comparisons with the
// clock, memo.go what is computed once a system, show.go values as text.
//
// Functions that make a closure are marked noinline throughout: Go copies a
// closure when it inlines the function around it, and compiles the copy without
// inlining what the closure itself calls, which doubles the time of a rule.
package compile
