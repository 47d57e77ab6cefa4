// Package guides keeps what systems are assessed under: published checklist
// versions, tailorings, assignments, and the policy; and tells what held at any
// instant.
//
//	checklist.go   publish, deprecate, withdraw, read versions
//	tailoring.go   publish and read versions of tailorings
//	assignment.go  assign, activate at an instant, unassign, list
//	policy.go      set and read the policy
//	labels.go      set and read the labels by which systems are counted
//	content.go     what is stored, and what of it holds at an instant
//	history.go     Guide: what holds from one instant to the next; History: all of them
//	library.go     checklists and plans, compiled once
//	keeper.go      Keeper: the current History, and the one way to change it
//
// What is recorded holds from the instant of its commit, or from a later one
// that was asked for: never from an earlier one. So the history of guides before
// now does not change, and one list of instants serves every system. Each
// instant has a number, its epoch, by which a system knows under which guide it
// was last evaluated.
//
// A Keeper is safe for concurrent use; what it hands out is immutable.
package guides
