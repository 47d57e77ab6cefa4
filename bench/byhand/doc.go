// Package byhand is the sixty rules as somebody would write them in Go.
//
// Twice: [Run] does all that the engine does (three-valued logic over what is
// reported, partial or absent; the facts read; the facts for want of which a
// result is unknown; the instant until which it holds) and is the floor that the
// engine is measured against. [Plain] is Go as one would write it without all
// that: two-valued, over what is taken for reported.
//
//   - machine.go: the buffers, and the few steps that the rules share.
//   - network.go, system.go, software.go, identity.go, components.go: the rules
//     with everything; the order of tests in each is that of its expression.
//   - plain*.go: the same rules, two-valued.
package byhand
