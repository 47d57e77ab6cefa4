// Package fact names facts of an inventory: what a rule read, and what it
// missed.
//
// A rule may read thousands of facts, so a fact is named by two words: a
// [Ref] is a pointer to a message of the inventory and a [Path] from there,
// which was made once when the rule was compiled. All else is worked out only
// when somebody asks: its value ([Ref.Value]), its canonical bytes for a digest
// ([Ref.AppendCanonical]), and its path from the inventory's root ([Paths]).
//
// A [Group] stands for the facts that several results share, so that a part
// of a rule that is computed once a system does not cost its thousand facts
// again for each host.
package fact
