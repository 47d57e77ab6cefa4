// Package ruletest is a kit for testing what evaluates rules: inventories made
// at random, ways to know less of them, and cel-go's own evaluator as the
// oracle.
//
// [Whole] makes a fully reported inventory, [Forget] takes one piece of
// information away, [Complete] fills what is not known. With them the two
// promises of three-valued evaluation can be tested on any rule: what is
// decided on a partial inventory holds on every completion of it, and
// forgetting turns results into unknown and never into another decision.
// [NewOracle] answers what a rule gives on a fully reported inventory.
//
// Randomness is an argument; nothing here is used outside tests.
package ruletest
