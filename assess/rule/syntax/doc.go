// Package syntax turns the text of a rule into a typed tree.
//
// cel-go parses and type-checks the text in the environment of one checklist
// ([Env]): the inventory's messages, the variables of the rule's scope, the
// checklist's parameters, tables, facts and claims. What it accepts is then
// lowered to a tree of [Node]s, which knows no dynamic type, no macro and no
// overload any more, and on the way everything is refused that the engine does
// not do or that would let absence, order or the clock decide: each with line,
// column and what to write instead.
//
// The tour: types.go has the types, node.go the tree, env.go and functions.go
// what a rule can name, compile.go the way from text to tree, lower*.go one
// kind of expression each, now.go the one form in which a rule can speak of
// time, lint.go what is legal but surely wrong, cost.go and hoist.go what a
// tree costs and which of its parts are computed once a system.
package syntax
