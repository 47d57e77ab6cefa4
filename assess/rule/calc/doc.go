// Package calc is what rules compute with: Kleene's three-valued logic with
// errors beside it ([Tri]), the gaps of lists that are not known whole
// ([Gaps]), and CEL's functions on plain Go values, which give a [Cause] where
// CEL gives an error.
//
// It holds no state and knows no inventory.
package calc
