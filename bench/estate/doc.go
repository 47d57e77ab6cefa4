// Package estate makes the hosts that the benchmarks assess: servers of about
// 3.3 KB each, of which every fact that the sixty rules read is reported, so
// that two-valued evaluators can be asked too. They are drawn from a seed, and
// so are the same in every run.
//
//   - host.go draws hosts, and parts.go what stands on them.
//   - submission.go puts a host into a system of its own, as a sync job would
//     submit it, and changes one fact of it.
//   - json.go writes a host as the JSON that a policy engine is asked about.
package estate
