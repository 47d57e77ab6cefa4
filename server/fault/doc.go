// Package fault is the one place that turns errors into gRPC statuses.
//
// Handlers and what they call return ordinary Go errors. Those that a caller
// shall understand are an [Error]: a code, a reason that programs can compare,
// a text for people that says what to do, and the details that google.rpc
// defines (ErrorInfo always; BadRequest, RetryInfo, ResourceInfo where they
// fit). [Invalid], [NotFound] and the other constructors make them.
//
// At the edge, once a call, [Status] maps whatever came: an Error as it says;
// the errors of the storage contract by a table ([fromStore]); a context's end
// as CANCELED or DEADLINE_EXCEEDED; a status as it is; and everything else as
// INTERNAL with nothing but the request's id in it, because the text of an
// unknown error may hold paths, keys or data. Its cause belongs in the log,
// where the same request id finds it.
//
// Tour: fault.go has Error and its constructors; status.go has the mapping;
// store.go has the table of storage errors; http.go has the HTTP statuses and the
// JSON that REST callers get.
package fault
