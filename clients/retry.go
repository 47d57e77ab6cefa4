package clients

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Waits between attempts of one call: doubled each time, with jitter.
const (
	firstWait   = 100 * time.Millisecond
	longestWait = 5 * time.Second
)

// pure are calls that change nothing although their names do not say so.
var pure = []string{"AssessInventory", "ExplainResult", "LintChecklist", "DiffChecklistVersions", "ReviewWaivers", "Forecast",
	"CompareAssessments", "WaitOperation"}

// readOnly says whether a method changes nothing.
func readOnly(method string) bool {
	if strings.HasPrefix(method, "Get") || strings.HasPrefix(method, "List") {
		return true
	}
	for _, m := range pure {
		if m == method {
			return true
		}
	}
	return false
}

// serviceConfig is gRPC's own description of what is tried again: reads that
// were UNAVAILABLE. Throttling stops retries while most calls fail, so that a
// server in trouble is left alone.
func serviceConfig(attempts int) string {
	type name struct {
		Service string `json:"service"`
		Method  string `json:"method"`
	}
	type policy struct {
		MaxAttempts          int      `json:"maxAttempts"`
		InitialBackoff       string   `json:"initialBackoff"`
		MaxBackoff           string   `json:"maxBackoff"`
		BackoffMultiplier    float64  `json:"backoffMultiplier"`
		RetryableStatusCodes []string `json:"retryableStatusCodes"`
	}
	type methodConfig struct {
		Name        []name  `json:"name"`
		RetryPolicy *policy `json:"retryPolicy,omitempty"`
	}
	type throttling struct {
		MaxTokens  float64 `json:"maxTokens"`
		TokenRatio float64 `json:"tokenRatio"`
	}
	reads := methodConfig{}
	for _, d := range services {
		for _, m := range d.Methods {
			if readOnly(m.MethodName) {
				reads.Name = append(reads.Name, name{d.ServiceName, m.MethodName})
			}
		}
	}
	if attempts > 1 {
		reads.RetryPolicy = &policy{
			MaxAttempts: attempts, InitialBackoff: "0.1s", MaxBackoff: "5s", BackoffMultiplier: 2,
			RetryableStatusCodes: []string{"UNAVAILABLE"},
		}
	}
	out, err := json.Marshal(map[string]any{
		"methodConfig":    []methodConfig{reads},
		"retryThrottling": throttling{MaxTokens: 20, TokenRatio: 0.5},
	})
	if err != nil {
		panic(err) // strings and numbers only: it cannot fail
	}
	return string(out)
}

// services are the services whose calls are retried.
var services = []*grpc.ServiceDesc{
	&pb.InventoryService_ServiceDesc, &pb.GuidanceService_ServiceDesc,
	&pb.AssessmentService_ServiceDesc, &pb.StatementService_ServiceDesc,
	&pb.HistoryService_ServiceDesc, &pb.ReassessmentService_ServiceDesc, &pb.EventService_ServiceDesc, &pb.AdminService_ServiceDesc,
}

// retrySubmits tries submissions again that were UNAVAILABLE and carry a
// request id. A service config cannot look into a request, so this is an
// interceptor.
func retrySubmits(attempts int) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		for try := 1; ; try++ {
			err := invoke(ctx, method, req, reply, cc, opts...)
			if status.Code(err) != codes.Unavailable || try >= attempts || !repeatable(req) {
				return err
			}
			if wait(ctx, backoff(try, firstWait, longestWait)) != nil {
				return err
			}
		}
	}
}

// repeatable says whether a submission may be sent again.
func repeatable(req any) bool {
	switch r := req.(type) {
	case *pb.SubmitInventoryRequest:
		return r.GetRequestId() != ""
	case *pb.UpsertHostsRequest:
		return r.GetRequestId() != ""
	case *pb.BatchSubmitRequest:
		for _, item := range r.GetItems() {
			if RequestID(item) == "" {
				return false
			}
		}
		return true
	}
	return false
}

// RequestID gives an item's request id.
func RequestID(item *pb.SubmitItem) string {
	if s := item.GetSubmit(); s != nil {
		return s.GetRequestId()
	}
	return item.GetUpsert().GetRequestId()
}

// backoff is how long to wait after the try-th attempt (from 1) failed: doubled
// each time up to most, of which a random half is left out so that many clients
// do not come back at once.
func backoff(try int, first, most time.Duration) time.Duration {
	d := most
	if try < 30 && first<<(try-1) < most {
		d = first << (try - 1)
	}
	return d/2 + rand.N(d/2+1)
}

// wait sleeps unless ctx ends first.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
