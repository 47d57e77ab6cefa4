// Package live is the whole service within this process, over a new store in a
// file, so that what guidance costs can be timed with the processor time of one
// process, and one side of a ratio against the other.
//
//   - service.go opens and closes it: the store, the assessor, and the server
//     behind a gRPC port of loopback.
//   - estate.go fills it with one-host systems, and looks at them.
//   - reassess.go changes guidance and evaluates everything anew.
//   - preview.go asks for a preview.
//   - publish.go publishes, and tells the parts of that apart.
//
// The scheduler does not run: what is due is evaluated when this package says
// so, by the function that the scheduler calls. The clock is set by hand and
// moves by ten milliseconds at each change of guidance, so that hardly anything
// becomes due by itself meanwhile. A Service is not safe for concurrent use.
package live
