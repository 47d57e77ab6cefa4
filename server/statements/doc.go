// Package statements keeps what people say of systems: claims, on which
// exceptions rest; waivers, by which failures are accepted; attestations, which
// are facts.
//
//	claim.go        file and revoke claims
//	waiver.go       draft, approve and revoke waivers
//	attestation.go  file, renew and revoke attestations
//	answers.go      file the answers to a questionnaire, all or none
//	asks.go         to which question a statement is the answer
//	subject.go      warn of subjects that are not in the inventory
//	set.go          a system's statements as known at an instant, as evaluation takes them
//	keeper.go       Keeper: reads and writes
//
// A statement has a time of its own, from its start until it expires or is
// revoked, and is recorded once: nothing that was said is overwritten, so that
// what was known at an earlier instant can still be asked. Each is written in
// one commit with what makes its system due, and with an audit entry. Starts
// and ends are breakpoints of the system's series like any other.
//
// A statement answers what was asked when it was made. It carries the digests
// of those questions (of the rules waived, of the claim's or fact's
// declaration), so that it does not count for a version that asks otherwise.
package statements
