// Package load is the clients of the servers that are measured: a sync job over
// streams, many callers at once, and callers of REST. Each works for a span of
// time and says how much was answered in it.
//
// A caller sends the next request when the one before is answered, so that the
// servers set the pace. What clients do for a request is kept small, since they
// run on the servers' processors: hosts share messages, and JSON is made of
// templates.
package load
