// Package draft makes the guidance that the benchmarks preview and publish:
// Change makes another version of the sixty rules, and Hundred writes a
// checklist of a hundred rules with three examples each.
package draft
