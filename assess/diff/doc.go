// Package diff tells what differs between two versions of a checklist.
//
// [Checklists] compares them. Rules and parts are matched by their ids, and
// written as lists of fields in an order of their own (rule.go, part.go), with
// values as people read them (text.go); two lists that differ make the list of
// fields that differ. So what is shown follows the order of the newer version,
// with what only the older one has at the end.
//
// A field of a rule belongs to one kind of change. It is one of logic only where
// what the rule asks has another digest (assess.Checklist.Ask): a condition that
// only has other comments or line breaks is a change of text.
package diff
