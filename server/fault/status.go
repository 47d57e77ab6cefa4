package fault

import (
	"context"
	"errors"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// A status travels in an HTTP/2 header, and some clients accept no more than
// 8 KiB of those. So its parts are bounded, in bytes before base64.
const (
	maxText       = 400  // a message, a description, a name
	maxViolations = 3000 // all violations together; the message says how many there are
)

// Status maps err to the status that the caller gets. It returns nil for nil.
// The request id goes into ErrorInfo's metadata as "request_id", so that the
// caller can name it to the operator.
func Status(err error, requestID string) *status.Status {
	if err == nil {
		return nil
	}
	if e := find(err); e != nil {
		return e.status(requestID)
	}
	if st, ok := foreign(err); ok {
		return complete(st, requestID)
	}
	return internal(err).status(requestID)
}

// find looks for what the caller may see in err's chain; nil where nothing is.
func find(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: codes.DeadlineExceeded, Reason: ReasonDeadline, Cause: err,
			Message: "the call did not end in time; if it writes, send it again with the same request_id"}
	case errors.Is(err, context.Canceled):
		return &Error{Code: codes.Canceled, Reason: ReasonCanceled, Cause: err,
			Message: "the call was canceled; if it writes, send it again with the same request_id"}
	}
	return fromStore(err)
}

// foreign takes a status that a library made, such as gRPC's own refusal of a
// message that is too large. INTERNAL and UNKNOWN ones are not taken: their
// text was not written for callers.
func foreign(err error) (*status.Status, bool) {
	var s interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &s) {
		return nil, false
	}
	st := s.GRPCStatus()
	switch st.Code() {
	case codes.OK, codes.Unknown, codes.Internal:
		return nil, false
	}
	return st, true
}

func internal(cause error) *Error {
	return &Error{Code: codes.Internal, Reason: ReasonInternal, Cause: cause}
}

// Code is the code of the status that err maps to.
func Code(err error) codes.Code {
	if err == nil {
		return codes.OK
	}
	if e := find(err); e != nil {
		if e.Code == codes.OK {
			return codes.Internal
		}
		return e.Code
	}
	if st, ok := foreign(err); ok {
		return st.Code()
	}
	return codes.Internal
}

// Internal tells whether the operator has to look at err: it is a fault of the
// service or of its disk, and none of the caller.
func Internal(err error) bool {
	switch Code(err) {
	case codes.Internal, codes.DataLoss:
		return true
	}
	e := find(err)
	return e != nil && (e.Reason == ReasonStoreFull || e.Reason == ReasonOutcomeUnknown)
}

// status builds the status with all details.
func (e *Error) status(requestID string) *status.Status {
	code, message := e.Code, e.Message
	if code == codes.OK { // an Error is never a success, whatever its maker forgot
		code = codes.Internal
	}
	if code == codes.Internal {
		message = "internal error, request id " + requestID + "; the service's log has the cause under this id"
	}
	st := status.New(code, clip(message))
	details := []protoadapt.MessageV1{e.info(requestID)}
	if len(e.Violations) > 0 {
		details = append(details, e.badRequest())
	}
	if e.Resource != "" {
		details = append(details, &errdetails.ResourceInfo{ResourceName: clip(e.Resource)})
	}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	return withDetails(st, details...)
}

func (e *Error) info(requestID string) *errdetails.ErrorInfo {
	info := &errdetails.ErrorInfo{Reason: e.Reason, Domain: Domain, Metadata: map[string]string{}}
	if info.Reason == "" {
		info.Reason = reasonOf(e.Code)
	}
	for k, v := range e.Metadata {
		info.Metadata[k] = clip(v)
	}
	if requestID != "" {
		info.Metadata["request_id"] = requestID
	}
	return info
}

func (e *Error) badRequest() *errdetails.BadRequest {
	out := &errdetails.BadRequest{}
	size := 0
	for _, v := range e.Violations {
		one := &errdetails.BadRequest_FieldViolation{
			Field: clip(v.Field), Description: clip(v.Description), Reason: clip(v.Reason),
		}
		size += len(one.Field) + len(one.Description) + len(one.Reason)
		if size > maxViolations {
			break
		}
		out.FieldViolations = append(out.FieldViolations, one)
	}
	return out
}

// complete gives a library's status the ErrorInfo that every error here has.
func complete(st *status.Status, requestID string) *status.Status {
	for _, d := range st.Details() {
		if _, ok := d.(*errdetails.ErrorInfo); ok {
			return st
		}
	}
	e := &Error{Code: st.Code()}
	return withDetails(st, e.info(requestID))
}

func withDetails(st *status.Status, details ...protoadapt.MessageV1) *status.Status {
	full, err := st.WithDetails(details...)
	if err != nil { // only for an OK status or a detail that cannot be marshaled
		return st
	}
	return full
}

// reasonOf is the reason of an error that has none of its own.
func reasonOf(c codes.Code) string {
	switch c {
	case codes.InvalidArgument, codes.OutOfRange:
		return ReasonMalformed
	case codes.NotFound:
		return ReasonNotFound
	case codes.AlreadyExists:
		return ReasonAlreadyExists
	case codes.FailedPrecondition, codes.Aborted:
		return ReasonFailedPrecondition
	case codes.ResourceExhausted:
		return ReasonTooLarge
	case codes.Unavailable:
		return ReasonUnavailable
	case codes.Unauthenticated:
		return ReasonNoToken
	case codes.PermissionDenied:
		return ReasonRole
	case codes.Canceled:
		return ReasonCanceled
	case codes.DeadlineExceeded:
		return ReasonDeadline
	case codes.Unimplemented:
		return ReasonUnimplemented
	case codes.DataLoss:
		return ReasonCorrupt
	}
	return ReasonInternal
}

// clip shortens s to maxText bytes at a rune's boundary, and makes it valid
// UTF-8, without which a status cannot be marshaled.
func clip(s string) string {
	if len(s) > maxText {
		cut := maxText
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return s
}
