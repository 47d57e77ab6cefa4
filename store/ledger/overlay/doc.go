// Package overlay shows changes that have not been written yet over a store's
// content: an [Overlay] is a store.Reader that has its own puts and deletes on
// top of another's, until [Overlay.Write] hands them to a store.Writer in order
// of key.
//
// A B-tree likes neighbours, so writing in order is faster; a key that was put
// ten times is written once; and a caller may put inside a loop over a Scan,
// which the storage contract refuses.
package overlay
