// Package storetest is the conformance suite of the storage contract. Every
// backend's tests call Run; a backend that passes can carry everything that is
// written above the contract.
//
//   - run.go has Run and what the tests share;
//   - reads.go, writes.go, memory.go and life.go have a test for each promise;
//   - property.go holds a backend against the model, store/memory, over random
//     sequences of updates, with readers open across them.
package storetest
