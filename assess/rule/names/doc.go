// Package names tells what expressions name, whatever an inventory holds: the
// checklist's parameters, tables, facts and claims, and the kinds of facts by
// their paths ([Reads], from the lowered tree); and what of an expression's text
// means something ([Plain]).
package names
