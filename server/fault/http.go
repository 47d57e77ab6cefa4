package fault

import (
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// HTTPStatus is the HTTP status of a gRPC status: grpc-gateway's table, but 413
// for a message that is too large and 507 for a full store, where the table's
// 429 would make a caller try again soon.
func HTTPStatus(st *status.Status) int {
	switch Reason(st) {
	case ReasonTooLarge:
		return http.StatusRequestEntityTooLarge
	case ReasonStoreFull:
		return http.StatusInsufficientStorage
	}
	return runtime.HTTPStatusFromCode(st.Code())
}

// Reason is the ErrorInfo reason that st carries; empty where it has none.
func Reason(st *status.Status) string {
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return ""
}
