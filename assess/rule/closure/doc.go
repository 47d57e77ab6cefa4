// Package closure holds the closures that rules are made of. They know no
// syntax: each is made of closures that are there already, of constants, and
// of places in the inventory; package compile chooses them.
//
// A closure has the type of its expression. A [Condition] gives a truth value, a
// [Scalar] its value and whether that is known, a [List] its known elements and
// what it lacks. What a closure finds missing it leaves on the machine's list of
// missing facts; one that is decided in spite of that takes it off again, so
// that a result is unknown for exactly the facts that stand there in the end.
//
// Nothing is boxed and no type is looked at while a rule runs. A chain of
// fields is one closure with the offsets in it ([Place]), and the conditions
// that stand in most rules (a field compared with a constant, one of its lists
// under all or exists, a time against now) are one closure each.
//
// Functions that make a closure are marked noinline throughout: Go copies a
// closure when it inlines the function around it, and compiles the copy without
// inlining what the closure itself calls, which doubles the time of a rule.
package closure
