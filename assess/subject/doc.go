// Package subject tells whether an inventory holds what a statement is about,
// and what is nearest to it where it does not.
//
// [NewIndex] goes over an inventory once. [Index.Path] takes a subject as
// findings, waivers and attestations name it ("hosts/web1/endpoints/443", a pair
// of two such, a pattern); [Index.ID] an id as claims name it ("dc1"), of which
// it is enough that something refers to it: that a host stands in dc1 is what a
// claim about dc1 is asked for, whether or not anybody reports dc1.
//
// That something is not there is no error: it may be reported later.
package subject
