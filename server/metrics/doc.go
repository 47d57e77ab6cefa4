// Package metrics counts what the service does, for Prometheus.
//
// Everything is in one [Metrics] with its own registry, so that two servers in
// one process do not share counters. Who does the work calls its methods; what
// can be asked instead (the store's size, the queue's depth) is given as a
// function and asked when somebody scrapes. Labels have few values: methods,
// status codes, outcomes; never a system's or a caller's name.
//
// Tour: metrics.go has the names, all beginning with "plumbline_".
package metrics
