package clients

import (
	"errors"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	statuspb "google.golang.org/genproto/googleapis/rpc/status"
)

// Problem is what a person needs of an error that a server answered.
type Problem struct {
	// Code is gRPC's code.
	Code codes.Code
	// Reason is the constant by which programs tell errors apart; may be empty.
	Reason string
	// Message says what is wrong.
	Message string
	// Violations are the fields that are not as they must be.
	Violations []Violation
	// RetryAfter is how long the server asks to be left alone; zero for nothing.
	RetryAfter time.Duration
	// RequestID finds the error in the server's log; may be empty.
	RequestID string
}

// Violation is one field that is not as it must be.
type Violation struct {
	// Field is its path from the request's root.
	Field string
	// Message says what is wrong and what to write instead.
	Message string
}

// AsProblem takes an error of a call apart. It returns nil for an error that did
// not come from a server or from gRPC, and for no error.
func AsProblem(err error) *Problem {
	if err == nil {
		return nil
	}
	var s *status.Status
	// The innermost status is the server's: what wraps it says what a retry or a
	// caller added.
	for e := err; e != nil; {
		var holder interface{ GRPCStatus() *status.Status }
		if !errors.As(e, &holder) {
			break
		}
		s = holder.GRPCStatus()
		inner, ok := holder.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = inner.Unwrap()
	}
	if s == nil {
		return nil
	}
	return fromStatus(s)
}

// ReceiptProblem takes apart why an item was rejected; nil if it was not.
func ReceiptProblem(s *statuspb.Status) *Problem {
	if s == nil {
		return nil
	}
	return fromStatus(status.FromProto(s))
}

func fromStatus(s *status.Status) *Problem {
	p := &Problem{Code: s.Code(), Message: s.Message()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			p.Reason = d.GetReason()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				p.Violations = append(p.Violations, Violation{v.GetField(), v.GetDescription()})
			}
		case *errdetails.RetryInfo:
			p.RetryAfter = d.GetRetryDelay().AsDuration()
		case *errdetails.RequestInfo:
			p.RequestID = d.GetRequestId()
		}
	}
	return p
}

// Error gives the message and the fields in one line.
func (p *Problem) Error() string {
	parts := []string{p.Message}
	for _, v := range p.Violations {
		parts = append(parts, v.Field+": "+v.Message)
	}
	return strings.Join(parts, "; ")
}
