package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store"
)

func TestStatusTable(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		code   codes.Code
		reason string
		http   int
	}{
		{"invalid", fault.InvalidField("page_size", "must not be negative"), codes.InvalidArgument, "INVALID_FIELD", 400},
		{"not found", fault.NotFound("systems/x", "submit it first"), codes.NotFound, "NOT_FOUND", 404},
		{"exists", fault.AlreadyExists("tokens/x", "choose another id"), codes.AlreadyExists, "ALREADY_EXISTS", 409},
		{"precondition", fault.FailedPrecondition("", "retired"), codes.FailedPrecondition, "FAILED_PRECONDITION", 400},
		{"etag", fault.EtagMismatch("policy", "3"), codes.Aborted, "ETAG_MISMATCH", 409},
		{"unauthenticated", fault.Unauthenticated(fault.ReasonNoToken, "send a token"), codes.Unauthenticated, "NO_TOKEN", 401},
		{"denied", fault.PermissionDenied(fault.ReasonRole, "needs admin"), codes.PermissionDenied, "ROLE_NOT_SUFFICIENT", 403},
		{"shutting down", fault.Unavailable(fault.ReasonShuttingDown, time.Second, "soon gone"), codes.Unavailable, "SHUTTING_DOWN", 503},
		{"too large", fault.Exhausted(fault.ReasonTooLarge, "4 MiB"), codes.ResourceExhausted, "MESSAGE_TOO_LARGE", 413},
		{"wrapped", fmt.Errorf("reading: %w", fault.NotFound("systems/x", "")), codes.NotFound, "NOT_FOUND", 404},
		{"full", fmt.Errorf("put: %w", store.ErrFull), codes.ResourceExhausted, "STORE_FULL", 507},
		{"outcome unknown", fmt.Errorf("commit: %w", store.ErrOutcomeUnknown), codes.Unavailable, "OUTCOME_UNKNOWN", 503},
		{"closed", store.ErrClosed, codes.Unavailable, "SHUTTING_DOWN", 503},
		{"corrupt", fmt.Errorf("record 7: %w", store.ErrCorrupt), codes.DataLoss, "DATA_CORRUPT", 500},
		{"value too long", store.ErrValue, codes.InvalidArgument, "MESSAGE_TOO_LARGE", 413},
		{"canceled", fmt.Errorf("scan: %w", context.Canceled), codes.Canceled, "CANCELED", 499},
		{"deadline", context.DeadlineExceeded, codes.DeadlineExceeded, "DEADLINE_EXCEEDED", 504},
		{"library", status.Error(codes.Unimplemented, "method X not implemented"), codes.Unimplemented, "UNIMPLEMENTED", 501},
		{"library internal", status.Error(codes.Internal, "secret"), codes.Internal, "INTERNAL", 500},
		{"unknown", errors.New("secret"), codes.Internal, "INTERNAL", 500},
		{"file", &fs.PathError{Op: "open", Path: "secret", Err: fs.ErrPermission}, codes.Internal, "INTERNAL", 500},
		{"an Error without a code", &fault.Error{Message: "secret"}, codes.Internal, "INTERNAL", 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := fault.Status(c.err, "req-1")
			if st.Code() != c.code || fault.Reason(st) != c.reason || fault.HTTPStatus(st) != c.http {
				t.Errorf("got %s %s %d, want %s %s %d", st.Code(), fault.Reason(st), fault.HTTPStatus(st), c.code, c.reason, c.http)
			}
			if strings.Contains(st.String(), "secret") {
				t.Errorf("the cause reaches the caller: %s", st)
			}
			if info := detail[*errdetails.ErrorInfo](st); info.GetDomain() != "plumbline" || info.GetMetadata()["request_id"] != "req-1" {
				t.Errorf("ErrorInfo = %v", info)
			}
			if st.Code() == codes.Internal && !strings.Contains(st.Message(), "req-1") {
				t.Errorf("an internal error must name its request id: %q", st.Message())
			}
		})
	}
	if fault.Status(nil, "x") != nil || fault.Code(nil) != codes.OK {
		t.Error("no error must be no status")
	}
}

func TestDetails(t *testing.T) {
	st := fault.Status(fault.Invalid(
		fault.Violation{Field: "system", Description: "must match", Reason: "string.pattern"},
		fault.Violation{Field: "source", Description: "is required"},
	), "r")
	br := detail[*errdetails.BadRequest](st)
	if len(br.GetFieldViolations()) != 2 || br.FieldViolations[0].Field != "system" || br.FieldViolations[0].Reason != "string.pattern" {
		t.Errorf("BadRequest = %v", br)
	}
	if !strings.Contains(st.Message(), "2 invalid fields") || !strings.Contains(st.Message(), "system: must match") {
		t.Errorf("message = %q", st.Message())
	}
	st = fault.Status(store.ErrOutcomeUnknown, "r")
	if d := detail[*errdetails.RetryInfo](st).GetRetryDelay().AsDuration(); d <= 0 {
		t.Errorf("RetryInfo = %s", d)
	}
	st = fault.Status(fault.NotFound("systems/x", "submit it first"), "r")
	if n := detail[*errdetails.ResourceInfo](st).GetResourceName(); n != "systems/x" {
		t.Errorf("ResourceInfo = %q", n)
	}
	st = fault.Status(fault.EtagMismatch("policy", "abc"), "r")
	if m := detail[*errdetails.ErrorInfo](st).GetMetadata(); m["etag"] != "abc" {
		t.Errorf("metadata = %v", m)
	}
}

// A status must fit into the headers that clients accept, whatever the
// request made of it, and must be valid UTF-8.
func TestStatusStaysSmall(t *testing.T) {
	var vs []fault.Violation
	for i := range 5000 {
		vs = append(vs, fault.Violation{Field: fmt.Sprintf("hosts[%d].\xff%s", i, strings.Repeat("é", 300)), Description: strings.Repeat("x", 5000)})
	}
	st := fault.Status(fault.Invalid(vs...), "r")
	b, err := proto.Marshal(st.Proto())
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 5000 {
		t.Errorf("the status has %d bytes", len(b))
	}
	if !strings.Contains(st.Message(), "5000") {
		t.Errorf("the message does not say how many: %q", st.Message())
	}
}

func TestInternal(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{errors.New("x"), true}, {store.ErrFull, true}, {store.ErrOutcomeUnknown, true}, {store.ErrCorrupt, true},
		{fault.NotFound("x", ""), false}, {context.Canceled, false}, {nil, false},
	} {
		if got := fault.Internal(c.err); got != c.want {
			t.Errorf("Internal(%v) = %v", c.err, got)
		}
	}
}

func TestErrorKeepsItsCause(t *testing.T) {
	err := fault.DataLoss(fmt.Errorf("record 9: %w", store.ErrCorrupt))
	if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "record 9") {
		t.Errorf("the log would not see the cause: %v", err)
	}
	if http.StatusInternalServerError != fault.HTTPStatus(fault.Status(err, "r")) {
		t.Error("data loss is a 500")
	}
}

func detail[T any](st *status.Status) (zero T) {
	for _, d := range st.Details() {
		if got, ok := d.(T); ok {
			return got
		}
	}
	return zero
}
