package fault

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

// Domain is the ErrorInfo domain of every error of this service.
const Domain = "plumbline"

// Reasons that stand in ErrorInfo. They are part of the API: a reason's
// meaning never changes.
const (
	ReasonInvalidField       = "INVALID_FIELD"
	ReasonMalformed          = "MALFORMED_REQUEST"
	ReasonPageToken          = "INVALID_PAGE_TOKEN"
	ReasonNotFound           = "NOT_FOUND"
	ReasonAlreadyExists      = "ALREADY_EXISTS"
	ReasonFailedPrecondition = "FAILED_PRECONDITION"
	ReasonEtagMismatch       = "ETAG_MISMATCH"
	ReasonThinned            = "HISTORY_THINNED"
	ReasonCursorExpired      = "CURSOR_EXPIRED"
	ReasonCursorForeign      = "CURSOR_OF_ANOTHER_STREAM"
	ReasonStoreFull          = "STORE_FULL"
	ReasonTooLarge           = "MESSAGE_TOO_LARGE"
	ReasonTooMany            = "TOO_MANY_REQUESTS"
	ReasonOutcomeUnknown     = "OUTCOME_UNKNOWN"
	ReasonShuttingDown       = "SHUTTING_DOWN"
	ReasonUnavailable        = "UNAVAILABLE"
	ReasonNoToken            = "NO_TOKEN"
	ReasonBadToken           = "TOKEN_NOT_ACCEPTED"
	ReasonRole               = "ROLE_NOT_SUFFICIENT"
	ReasonSource             = "SOURCE_NOT_ALLOWED"
	ReasonOrigin             = "ORIGIN_NOT_ALLOWED"
	ReasonCorrupt            = "DATA_CORRUPT"
	ReasonCanceled           = "CANCELED"
	ReasonDeadline           = "DEADLINE_EXCEEDED"
	ReasonUnimplemented      = "UNIMPLEMENTED"
	ReasonInternal           = "INTERNAL"
)

// Violation is one field that is not as it must be.
type Violation struct {
	// Field is the path from the request's root in proto names, such as
	// "inventory.hosts[3].id"; empty for the request as a whole.
	Field string
	// Description says what is wrong and what to write instead.
	Description string
	// Reason is a short constant for programs, such as "string.pattern"; may be empty.
	Reason string
}

// Error is an error that a caller shall see. It is immutable once returned.
type Error struct {
	// Code is the gRPC status code. OK is not allowed.
	Code codes.Code
	// Reason is the ErrorInfo reason, one of the constants of this package.
	Reason string
	// Message tells a person what is wrong and what to do about it.
	Message string
	// Metadata is ErrorInfo's metadata; may be nil.
	Metadata map[string]string
	// Violations become google.rpc.BadRequest.
	Violations []Violation
	// Resource becomes google.rpc.ResourceInfo: the name of what is missing,
	// is there already, or is not as expected.
	Resource string
	// RetryAfter becomes google.rpc.RetryInfo where it is not zero.
	RetryAfter time.Duration
	// Cause goes to the log and to errors.Is; a caller never sees it.
	Cause error
}

// Error gives code, message and cause, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Code, e.Message)
	for _, v := range e.Violations {
		fmt.Fprintf(&b, "; %s: %s", v.Field, v.Description)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, " (%v)", e.Cause)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// With adds a pair to ErrorInfo's metadata and returns e. It is for the
// function that makes the error, before it is returned.
func (e *Error) With(key, value string) *Error {
	if e.Metadata == nil {
		e.Metadata = map[string]string{}
	}
	e.Metadata[key] = value
	return e
}

// Because sets the cause and returns e, as With does.
func (e *Error) Because(cause error) *Error {
	e.Cause = cause
	return e
}

// Invalid is INVALID_ARGUMENT with field violations, of which there must be one
// at least. Collect them all before returning, so that a caller mends them in
// one go.
func Invalid(violations ...Violation) *Error {
	text := "the request has an invalid field"
	if len(violations) == 1 && violations[0].Field != "" {
		text = violations[0].Field + ": " + violations[0].Description
	} else if len(violations) == 1 {
		text = violations[0].Description
	} else if len(violations) > 1 {
		text = fmt.Sprintf("the request has %d invalid fields; the first is %s: %s",
			len(violations), violations[0].Field, violations[0].Description)
	}
	return &Error{Code: codes.InvalidArgument, Reason: ReasonInvalidField, Message: text, Violations: violations}
}

// InvalidField is Invalid for one field.
func InvalidField(field, format string, args ...any) *Error {
	return Invalid(Violation{Field: field, Description: fmt.Sprintf(format, args...)})
}

// NotFound says that a resource, given by its name, is not there.
func NotFound(resource, remedy string) *Error {
	return &Error{
		Code: codes.NotFound, Reason: ReasonNotFound, Resource: resource,
		Message: join(resource+" does not exist", remedy),
	}
}

// AlreadyExists says that a resource, given by its name, is there already.
func AlreadyExists(resource, remedy string) *Error {
	return &Error{
		Code: codes.AlreadyExists, Reason: ReasonAlreadyExists, Resource: resource,
		Message: join(resource+" exists already", remedy),
	}
}

// FailedPrecondition says that the state of the service does not allow the
// request now; the message says which state, and what would.
func FailedPrecondition(reason, format string, args ...any) *Error {
	if reason == "" {
		reason = ReasonFailedPrecondition
	}
	return &Error{Code: codes.FailedPrecondition, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// EtagMismatch is ABORTED: somebody changed the resource since the caller read it.
func EtagMismatch(resource, have string) *Error {
	e := &Error{
		Code: codes.Aborted, Reason: ReasonEtagMismatch, Resource: resource,
		Message: resource + " has changed since it was read; read it again and repeat the change",
	}
	return e.With("etag", have)
}

// Exhausted is RESOURCE_EXHAUSTED.
func Exhausted(reason, format string, args ...any) *Error {
	return &Error{Code: codes.ResourceExhausted, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Unavailable says that the same request may succeed after the delay.
func Unavailable(reason string, after time.Duration, format string, args ...any) *Error {
	return &Error{Code: codes.Unavailable, Reason: reason, RetryAfter: after, Message: fmt.Sprintf(format, args...)}
}

// Unauthenticated says that it is not known who calls.
func Unauthenticated(reason, format string, args ...any) *Error {
	return &Error{Code: codes.Unauthenticated, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// PermissionDenied says that who calls may not do this.
func PermissionDenied(reason, format string, args ...any) *Error {
	return &Error{Code: codes.PermissionDenied, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// DataLoss says that what is stored cannot be read. The cause names the record
// for the log; the caller learns only whom to tell.
func DataLoss(cause error) *Error {
	return &Error{
		Code: codes.DataLoss, Reason: ReasonCorrupt, Cause: cause,
		Message: "a stored record is damaged; the operator should run `plumbline db check` and restore a backup if it confirms this",
	}
}

// Unimplemented says that the method is not there.
func Unimplemented(format string, args ...any) *Error {
	return &Error{Code: codes.Unimplemented, Reason: ReasonUnimplemented, Message: fmt.Sprintf(format, args...)}
}

func join(text, remedy string) string {
	if remedy == "" {
		return text
	}
	return text + "; " + remedy
}
