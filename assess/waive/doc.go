// Package waive finds the waiver that accepts a failure.
//
// A waiver accepts failures of a rule or of an area's rules, of all subjects or
// of some, while it is in force ([SpanOf]). [NewIndex] works out once an
// evaluation what each waiver says, by rule, so that a failure looks only at
// waivers that may cover it ([Index.Find]). Which rules a waiver covers is
// the checklist's business, and so comes as a function.
package waive
