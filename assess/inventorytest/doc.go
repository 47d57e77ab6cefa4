// Package inventorytest makes random inventories for property tests.
//
// [Config] says how large and how complete; its methods are generators for
// rapid: [Config.Inventory], [Config.Host], [Config.System], and
// [Config.Input] for what several sources say under a random policy. What they
// make is valid and normalized: lists are sorted, marks agree with them, ids
// of one kind come from a small pool, so that references meet and sources speak
// of the same things, and every field with a closed vocabulary keeps to it. A
// list is absent, empty, partial or whole; with [Config.Full] all that can be
// reported is, which is what an oracle without three-valued logic needs.
//
// [Less] takes something away, [Change] changes one thing, [Shuffle] writes
// the same content in another order. They work by protoreflect alone, and so do
// not share a fault with the code that they test.
package inventorytest
