// Package assess scores inventories against checklists.
//
// An assessment is a function: checklist, inventory, policy, claims, waivers
// and an instant give results. It is pure: no clock, no I/O, no randomness.
// As a function of the instant it is piecewise constant, so each result says
// until when it holds if nothing else changes (ValidUntil).
//
// The way through the package:
//
//   - [Compile] checks a checklist (checklist.go) and compiles its rules, each
//     to programs of package rule. What is wrong comes back as [Problem]s that
//     name the field, the line and the column.
//   - [Checklist.Plan] resolves a profile and a tailoring (plan.go): which rules
//     are selected, how much they weigh, what the parameters are.
//   - [Plan.Evaluate] finds each rule's subjects (subjects.go, pair.go), runs the
//     rule on each (evaluate.go), finds the waivers that accept failures
//     (waiver.go) and gives an [Evaluation].
//   - An [Evaluation] is scored (tally.go), shown (finding.go, explain.go; fix.go
//     says what to mend first) and digested (digest.go).
//   - [Evaluation.Questionnaire] says what to ask people, and which answers
//     decide most (questionnaire.go); [Evaluation.Review] what a waiver does.
//   - [Checklist.Ask] is the digest of what a rule asks (ask.go), by which
//     waivers, claims and attestations carry over to another version, and
//     [Checklist.Needs] the kinds of facts that rules read (needs.go).
//
// Packages below it: shape reads messages by offset, rule compiles CEL, merge
// makes one inventory of what several sources say, score combines states as
// XCCDF 1.2 does, digest gives content an identity, waive finds waivers, message
// renders messages, question words questions, attest writes what people state
// into inventories. Above it stands diff, which compares two checklists.
//
// Checklists and plans are immutable and safe for concurrent use; so is an
// Evaluation once it is returned. Instants are microseconds since 1970 UTC.
package assess

// EngineVersion names the semantics of evaluation. It changes when the same
// inputs may give another result; assessments name it.
const EngineVersion = "1"
