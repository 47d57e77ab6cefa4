package server_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
)

func TestHeadersThatArePassedOn(t *testing.T) {
	var md metadata.MD
	sh := startShell(t, answering(func(ctx context.Context, _ *pb.GetSystemRequest) (*pb.SystemRecord, error) {
		md, _ = metadata.FromIncomingContext(ctx)
		return &pb.SystemRecord{}, nil
	}))
	sh.rest(t, "GET", "/v1/systems/a", "", "X-Request-Id: id", "Grpc-Metadata-X-Request-Id: other", "Grpc-Metadata-Actor: root",
		"Grpc-Metadata-Authorization: Bearer x", "Cookie: a=b", "X-Anything: 1", "Referer: http://x", "Accept: */*")
	var keys []string
	for k := range md {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	allowed := []string{":authority", "content-type", "grpc-accept-encoding", "user-agent", "x-forwarded-for", "x-forwarded-host", "x-request-id"}
	for _, k := range keys {
		if !slices.Contains(allowed, k) {
			t.Errorf("%s is passed on: %v", k, md[k])
		}
	}
	if got := md.Get("x-request-id"); len(got) != 1 || got[0] != "id" {
		t.Errorf("x-request-id = %v", got)
	}
	if got := md.Get("user-agent"); len(got) != 1 || !strings.HasPrefix(got[0], "grpc-go") {
		t.Errorf("user-agent = %v", got)
	}
}

func TestMethodOverrideIsOff(t *testing.T) {
	retired := false
	sh := startShell(t, answering(func(context.Context, *pb.GetSystemRequest) (*pb.SystemRecord, error) {
		retired = true
		return &pb.SystemRecord{}, nil
	}))
	r := sh.rest(t, "POST", "/v1/systems/a", "{}", "X-HTTP-Method-Override: GET", "Content-Type: application/json")
	if r.StatusCode != http.StatusMethodNotAllowed || retired {
		t.Errorf("%d, handler called %v", r.StatusCode, retired)
	}
	r = sh.rest(t, "GET", "/v1/tokens/x", "", "X-HTTP-Method-Override: DELETE")
	if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "DELETE" {
		t.Errorf("%d Allow %q", r.StatusCode, r.Header.Get("Allow"))
	}
}

func TestEncodedSlash(t *testing.T) {
	var name string
	sh := startShell(t, answering(func(_ context.Context, r *pb.GetSystemRequest) (*pb.SystemRecord, error) {
		name = r.Name
		return &pb.SystemRecord{}, nil
	}))
	for _, path := range []string{
		"/v1/systems/a%2Fseries%2Fb", "/v1/systems/a%2fb", "/v1/systems%2Fa", "/v1/hosts/..%2f..%2fpolicy", "/v1/systems/a%5Cb",
	} {
		r := sh.rest(t, "GET", path, "")
		if r.StatusCode != http.StatusBadRequest || r.status(t).Code() != codes.InvalidArgument || name != "" {
			t.Errorf("%s: %d %s, handler got %q", path, r.StatusCode, r.body, name)
		}
	}
	// Escaped once more it is an id with a percent sign, which no id has.
	if r := sh.rest(t, "GET", "/v1/systems/a%252Fb", ""); r.StatusCode != http.StatusBadRequest || name != "" {
		t.Errorf("escaped twice: %d %s, handler got %q", r.StatusCode, r.body, name)
	}
	// An escape that is none needed is still the same name.
	if r := sh.rest(t, "GET", "/v1/systems/%61", ""); r.StatusCode != http.StatusOK || name != "systems/a" {
		t.Errorf("%d %s, handler got %q", r.StatusCode, r.body, name)
	}
}

func TestCORS(t *testing.T) {
	sh := startShell(t, func(s *settings) {
		s.config.AllowedOrigins = []string{"https://dash.example"}
		s.inventory.getSystem = func(context.Context, *pb.GetSystemRequest) (*pb.SystemRecord, error) { return &pb.SystemRecord{}, nil }
	})
	preflight := func(origin string) reply {
		return sh.rest(t, "OPTIONS", "/v1/systems/a", "", "Origin: "+origin, "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization")
	}
	r := preflight("https://dash.example")
	if r.StatusCode != http.StatusNoContent || r.Header.Get("Access-Control-Allow-Origin") != "https://dash.example" ||
		!strings.Contains(r.Header.Get("Access-Control-Allow-Headers"), "Authorization") || !strings.Contains(r.Header.Get("Access-Control-Allow-Methods"), "GET") {
		t.Errorf("preflight: %d %v", r.StatusCode, r.Header)
	}
	if r := preflight("https://evil.example"); r.StatusCode != http.StatusForbidden || r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin's preflight: %d %v", r.StatusCode, r.Header)
	}
	r = sh.rest(t, "GET", "/v1/systems/a", "", "Origin: https://dash.example")
	if r.StatusCode != http.StatusOK || r.Header.Get("Access-Control-Allow-Origin") != "https://dash.example" ||
		!slices.Contains(r.Header.Values("Vary"), "Origin") || !strings.Contains(r.Header.Get("Access-Control-Expose-Headers"), "ETag") {
		t.Errorf("GET: %d %v", r.StatusCode, r.Header)
	}
	for name := range r.Header {
		if name == "Access-Control-Allow-Credentials" {
			t.Error("credentials are allowed")
		}
	}
	if r := sh.rest(t, "GET", "/v1/systems/a", "", "Origin: https://evil.example"); r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin may read: %v", r.Header)
	}
	// Errors can be read by the page too.
	if r := sh.rest(t, "GET", "/v1/nothing", "", "Origin: https://dash.example"); r.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("an error cannot be read by the page")
	}
}

func TestCORSIsOffByDefault(t *testing.T) {
	sh := startShell(t, nil)
	r := sh.rest(t, "GET", "/v1/version", "", "Origin: https://dash.example")
	if r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", r.Header)
	}
}

func TestCrossOriginWrites(t *testing.T) {
	called := false
	sh := startShell(t, func(s *settings) {
		s.config.AllowedOrigins = []string{"https://dash.example"}
		s.inventory.submit = func(context.Context, *pb.SubmitInventoryRequest) (*pb.Receipt, error) {
			called = true
			return &pb.Receipt{}, nil
		}
	})
	body := `{"source":"a","inventory":{}}`
	for _, headers := range [][]string{
		{"Origin: https://evil.example"}, {"Sec-Fetch-Site: cross-site"}, {"Origin: null"},
		{"Origin: https://evil.example", "Content-Type: text/plain"},
	} {
		r := sh.rest(t, "POST", "/v1/systems/a:submit", body, headers...)
		if r.StatusCode != http.StatusForbidden || fault.Reason(r.status(t)) != fault.ReasonOrigin || called {
			t.Errorf("%v: %d %s", headers, r.StatusCode, r.body)
		}
	}
	if r := sh.rest(t, "POST", "/v1/systems/a:submit", body, "Origin: https://dash.example", "Sec-Fetch-Site: cross-site"); r.StatusCode != http.StatusOK {
		t.Errorf("an allowed origin: %d %s", r.StatusCode, r.body)
	}
}

func TestForeignHostName(t *testing.T) {
	sh := startShell(t, nil)
	for _, c := range []struct {
		host string
		code int
	}{
		{"localhost:8080", 200}, {"127.0.0.1", 200}, {"[::1]:8080", 200}, {"demo.localhost", 200},
		{"rebound.evil.example", 403}, {"127.0.0.1.evil.example", 403}, {"10.0.0.1", 403},
	} {
		if r := sh.rest(t, "GET", "/v1/version", "", "Host: "+c.host); r.StatusCode != c.code {
			t.Errorf("%s: %d %s", c.host, r.StatusCode, r.body)
		}
	}
	// With authentication the name does not matter: pages have no token.
	sh = startShell(t, authOn)
	if r := sh.rest(t, "GET", "/healthz", "", "Host: plumb.example.com"); r.StatusCode != http.StatusOK {
		t.Errorf("with authentication: %d", r.StatusCode)
	}
}
