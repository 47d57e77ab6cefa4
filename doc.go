// Package plumbline is the root of the module. It has no code: it says where
// things are, and its test holds all packages to the rules below.
//
//	proto      the API and the one data model (.proto); generated code in proto/gen
//	assess     pure: compile a checklist, merge and evaluate an inventory, score, explain
//	guidance   the checklists that ship (YAML, a file a version); loading, linting, examples
//	store      the storage contract, its backends, and the ledger written once above it
//	server     the service: gRPC, REST, authentication, the one write path, the scheduler
//	clients    the Go client, and readers of what other programs write
//	cmd        plumbline, the one program
//	examples   inventories to try it with
//	bench      the benchmarks, a module of their own
//
// # The import rule
//
// Imports point one way:
//
//	cmd → server → (assess, store, guidance) → proto
//
// Beside that, guidance may import assess; clients imports proto alone; store
// imports nothing of the module, not even proto; assess imports neither gRPC nor
// anything that reads a clock, a file or a network; and a concrete backend
// (store/bolt, store/memory) is named by cmd alone, and by what runs whole
// services for tests and benchmarks.
//
// docs/architecture.md follows one submission through these packages,
// docs/decisions.md says why things are as they are, and CONTRIBUTING.md how to
// add a rule, an RPC or a backend.
package plumbline
