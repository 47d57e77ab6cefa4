// Package peer runs the servers that are compared, each in a process of its
// own, so that what a server costs can be told from what its client costs.
//
// A child is this same program, started with the argument "peer" and a kind:
// plumbline.go serves as cmd/plumbline does, opa.go as `opa run --server` does.
// Parent and child talk in lines over the child's standard input and output:
//
//	child   ready ADDRESS ADDRESS        gRPC (or none) and HTTP
//	parent  cpu                          child: microseconds on a processor so far
//	parent  size                         child: bytes of the store, and of them free
//	parent  collect                      child: ok, once the garbage is gone
//	parent  profile FILE                 child: ok; profiles until the next "profile"
//	(end of input)                       the child ends
//
// process.go is the parent's side and child.go the child's.
package peer
