// Package attest writes facts that people state into inventories, so that what
// a person says is a source's view like others.
//
// A fact is named by what it is about and by its name there, as in a
// questionnaire: subject "hosts/web1" and fact "os/patched_time". [Locate] makes
// this of a fact's path from the inventory's root, [Type] says which type a value
// must have, and [SetFact] puts one where it belongs, creating what is around
// it.
//
// # Names
//
// A subject is "system", or the path of an element: "hosts/web1",
// "hosts/web1/components/iis", "facilities/dc1", "zones/dmz". A fact is a path
// below it: of a scalar field ("virtual", "os/patched_time"), of a list of texts
// ("names"), or of an entry of a map ("labels/tier"). A name without a slash
// stands for a declared fact, unless the subject's message has a scalar field or
// a list of texts of that name; "facts/NAME" stands for a declared fact in any
// case. Keys are written as in all paths, with %2F for a slash and %25 for a
// percent sign.
//
// # What a view of single facts says
//
// A list that SetFact creates to hold the subject is marked partial, so that the
// view claims no more than that the subject is there. A list of texts that is
// stated is whole. A certificate and a rule of IPsec are merged as one, from the
// source that is believed most: a fact of theirs counts only where no better
// source reports the message.
package attest
