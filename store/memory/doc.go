// Package memory is the store as a sorted map in memory: the executable model
// of the contract, against which every other backend is tested, and a store
// for tests and for what is thrown away. It keeps nothing: Close drops it.
//
// The map is a treap whose nodes never change (tree.go). Writing copies the
// nodes on the path to the key, so a root is a snapshot, and a View is isolated
// by holding one (memory.go).
package memory
