// Package intercept is what every call passes before and after its handler,
// over gRPC and over REST alike (the gateway dials the same server).
//
// A call goes through these steps, in this order:
//
//	request id   the caller's x-request-id if it is well-formed, else a new one; it goes
//	             back as a header, into every error and into every line of the log
//	recover      a panic in anything below becomes INTERNAL, its stack goes to the log
//	account      in the end one line in the log, one observation in the metrics, and the
//	             error becomes a status (package fault)
//	deadline     unary calls get one; streams an idle bound
//	admit        who calls, and whether the method's permission is granted (package auth)
//	validate     the rules in the .proto (package check)
//
// They are one interceptor each for unary calls and streams rather than a chain
// of six: every step needs what the first one found, and one function shows
// the order.
//
// Streams differ in what may go on for hours: a revoked or expired token ends
// them at their next message, silence ends them, and so does the service's
// shutting down, after the handler has answered what it had taken. Messages of
// streams are not validated here, since a bad item must not end a stream: the
// handler does it, item by item.
//
// Tour: chain.go has [Chain] and unary calls; call.go has what is known of a
// call; stream.go has streams and pump.go the reading that can be interrupted.
package intercept
