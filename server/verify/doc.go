// Package verify proves what is stored: it recomputes recorded assessments from
// the inputs that were known when they were recorded, and compares.
//
//   - verify.go: [Run] goes through the systems, several at once; a [Course] does so
//     in stretches, and can be gone on with after a restart.
//   - compare.go: what differs between a recorded state and the computed one.
//   - report.go: what was found; answer.go: the same as the API has it.
//
// Each recorded state, those that were corrected later included, is computed
// from views, guidance, policy and statements as they were known then
// ([assessor.Assessor.Recompute]). Then each system is evaluated anew from its
// first view to the present ([assessor.Assessor.Retrace]), which finds states
// that should be there and are not.
//
// Under the same version of the engine a recorded state is equal to the computed
// one in every part: checklist version, digest (of states, facts and counts),
// results with since when they stand so, scores, and until when it holds. A
// state of another version is compared by its results alone, and counted as
// "engine changed" where they differ: that is no damage. Evaluation anew goes on
// up to the first such difference of a series, since what is stored after it
// follows from it.
//
// Nothing is written. It may run beside a service, or on a store that nobody
// serves.
package verify
