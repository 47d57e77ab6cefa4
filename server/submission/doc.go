// Package submission makes items of what sources submit: checked, normalized,
// digested and taken apart, so that nothing behind it meets a bad inventory.
//
//	item.go      Parse makes an Item of a request; the limits of one submission
//	body.go      what tells two requests of the same id apart
//	snapshot.go  the parts of a snapshot become one item
//	outcome.go   what can come of a submission
//
// Parse takes a request over and may change it; all are functions of their
// arguments.
package submission
