// Package merge makes one inventory of what several sources say.
//
// A source's word on a system or on a host is a view. [Merge] takes all newest
// views and an instant and gives the inventory that holds at that instant; it
// is a function of its input alone and does not depend on the order in which
// views arrived.
//
// # Who is believed
//
// Sources stand in an order: those that the policy names, in its order, then
// the others by name, then attestations. A scalar is that of the first source
// that has it. A nested message is merged field by field, but a Certificate
// and an IpsecRule are taken whole from the first source that has one: half of
// one and half of another would be what nobody has.
//
// Lists of messages are joined by key and their elements merged; lists of
// scalars and maps are joined too. So an element that one source lacks stays
// if another has it. How much of a joined list is known follows:
//
//	one source's list is whole or empty   whole (empty if nobody has elements)
//	else one source's list is partial     partial
//	else                                  not reported
//
// That a whole list lacks what another has is a disagreement, as are two
// values of one scalar or of one map key ([Merged.Disagreements]). It is shown
// and never resolved silently. A source that says nothing disagrees with nobody.
//
// # What is too old
//
// A value holds for a while after its source last confirmed it: for as long as
// the most specific entry of the policy's freshness says, which is the one with
// the longest path and of two such the one that names the source. From then on
// it is as if the source had not said it; a view is cut down to what holds
// before views are merged. Where a list's own freshness has run out but a fact
// in one of its elements still holds, the element stays and the list is
// partial. A view may also carry its own end, as an attestation does.
//
// Who something is does not become stale: a host of which nothing holds any
// more stays in the inventory with its id alone, and so does the system. A
// host that a source left out of its newest whole list stays too, with what the
// source said of it before, until that is stale ([Merged.NotReported]).
//
// # Hosts
//
// Hosts come as views of their own. Their list is whole where a fresh view of
// the system sent it whole; hosts that were only ever upserted one by one make
// a partial list.
//
// # The tour
//
// policy.go and window.go: [Compile], and how long each place of the model
// holds. view.go and merge.go: what comes in, [Merge], and the grouping of
// hosts. union.go: the rules above, over shape tables. What one source alone
// says is shared with its view and costs neither a copy nor an allocation.
// voice.go, disagree.go, origin.go, provenance.go and reporters.go: questions that
// are answered by looking at the views again, so that merging keeps no books.
//
// Package intake, below this one, cleans and checks what comes in. Paths are
// those of facts: "hosts/web1/os/version", "zones/dmz/kind", "system/product",
// with keys written by shape.PathKey.
package merge
