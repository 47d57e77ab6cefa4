// Package score combines results and scores them, as XCCDF 1.2 says (NISTIR
// 7275 revision 4, section 7.3.2, tables 12-14, 26, 40 and 41).
//
// It is arithmetic only: it knows states, weights and a tree, and neither
// rules nor inventories. Everything in it is a function of its arguments and
// safe for concurrent use.
//
// Tour:
//   - state.go has the result states, what counts and what is positive;
//   - combine.go has the tables AND, OR and NOT, each the greater of two states
//     in a total order, and Tally, which is a rule's results as two counts;
//   - tree.go has the tree of groups and rules, compiled once a profile, and
//     the four scoring models: default, flat, flat-unweighted and absolute.
//
// Where the standard is silent: nothing counted is no score, neither 0 nor 100,
// and neither is a sum of weights of 0. A group without a score is left out of
// the one it stands in.
package score
