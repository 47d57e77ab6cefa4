// Package rpc has the services of the API: one type a gRPC service, one method
// a call. REST calls the same methods, through the gateway.
//
// A method here is thin. It takes resource names apart, turns instants and pages
// of the request into arguments, asks whether the caller may write for a source,
// calls the package that knows the matter, and makes a page of the answer. What
// every call passes (identity, permission, the rules in the .proto, deadlines,
// the log) is behind it already: see package intercept. Errors go back as they
// are; package fault makes statuses of them.
//
// # Tour
//
//	inventory.go   InventoryService, over assessor; inventory_stream.go has the
//	               stream of submissions
//	guidance*.go   GuidanceService: checklists and their versions; assignments and
//	               tailorings; the preview, over preview
//	assessment.go  AssessmentService: states, findings, fixes, explanations
//	statement*.go  StatementService: claims, waivers, attestations; the
//	               questionnaire; the review of waivers, over review
//	history*.go    HistoryService: one series over history, the fleet over rollup/fleet
//	reassess.go    ReassessmentService and google.longrunning.Operations, over operations
//	admin*.go      AdminService: tokens, the audit log, the version
//	names.go       resource names, instants and pages, for all of them
//
// EventService stands in events/eventapi, since its streams are most of it.
// Package server registers them all; a program that has only a store's file may
// call them in place, as the commands for tokens do.
//
// All services may be used by any number of goroutines at once.
package rpc
