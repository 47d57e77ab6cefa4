package server_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
)

// violation is the first field violation of an error.
func (r reply) violation(t *testing.T) (field, text string) {
	t.Helper()
	for _, d := range r.status(t).Details() {
		if br, ok := d.(*errdetails.BadRequest); ok && len(br.FieldViolations) > 0 {
			return br.FieldViolations[0].Field, br.FieldViolations[0].Description
		}
	}
	return "", ""
}

func taking(got **pb.SubmitInventoryRequest) func(*settings) {
	return func(s *settings) {
		s.inventory.submit = func(_ context.Context, r *pb.SubmitInventoryRequest) (*pb.Receipt, error) {
			*got = r
			return &pb.Receipt{System: r.System, Outcome: "inserted"}, nil
		}
	}
}

func TestStrictJSON(t *testing.T) {
	var got *pb.SubmitInventoryRequest
	sh := startShell(t, taking(&got))
	for _, c := range []struct{ name, body, field, text string }{
		{"unknown field", `{"source":"a","inventory":{"hosts":[{"id":"h","colour":"red"}]}}`, "inventory.hosts[0].colour", "unknown field"},
		{"wrong type", `{"source":5,"inventory":{}}`, "source", "string"},
		{"text for an object", `{"source":"a","inventory":"all"}`, "inventory", "unexpected token"},
		{"cut off", `{"source":"a"`, "", "EOF"},
		{"two documents", `{"source":"a"} {}`, "", "unexpected token"},
		{"not UTF-8", "{\"source\":\"\xff\"}", "source", "UTF-8"},
		{"a rule of the .proto", `{"source":"a b","inventory":{}}`, "source", "match"},
		{"nothing", ``, "inventory", "required"},
	} {
		got = nil
		r := sh.rest(t, "POST", "/v1/systems/a:submit", c.body)
		field, text := r.violation(t)
		if r.StatusCode != http.StatusBadRequest || r.status(t).Code() != codes.InvalidArgument || field != c.field || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %s", c.name, r.StatusCode, r.body)
		}
		if got != nil {
			t.Errorf("%s: the handler was called", c.name)
		}
	}
	// Both spellings are read, and one that is given twice is refused.
	for _, body := range []string{`{"source":"a","inventory":{},"requestId":"x"}`, `{"source":"a","inventory":{},"request_id":"x"}`} {
		r := sh.rest(t, "POST", "/v1/systems/a:submit", body)
		if r.StatusCode != http.StatusOK || got.RequestId != "x" || got.System != "systems/a" {
			t.Errorf("%s: %d %s", body, r.StatusCode, r.body)
		}
	}
}

func TestResponseJSON(t *testing.T) {
	sh := startShell(t, func(s *settings) {
		s.inventory.inventory = func(context.Context, *pb.GetInventoryRequest) (*pb.EffectiveInventory, error) {
			return &pb.EffectiveInventory{Inventory: &pb.Inventory{System: &pb.System{Id: "a"}, ReportedEmpty: []string{"facilities"}}}, nil
		}
		s.inventory.list = func(context.Context, *pb.ListSystemsRequest) (*pb.ListSystemsResponse, error) {
			return &pb.ListSystemsResponse{}, nil
		}
	})
	r := sh.rest(t, "GET", "/v1/systems/a/inventory", "")
	want := `{"name":"","inventory":{"system":{"id":"a"},"reportedEmpty":["facilities"]},"provenance":[],"digest":"","disagreementCount":0,"stale":[],"notReported":[]}` + "\n"
	if r.body != want || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v %s", r.Header, r.body)
	}
	if r := sh.rest(t, "GET", "/v1/systems", ""); r.body != `{"systems":[],"nextPageToken":""}`+"\n" {
		t.Errorf("%s", r.body)
	}
}

func TestBodyLimit(t *testing.T) {
	var got *pb.SubmitInventoryRequest
	sh := startShell(t, taking(&got))
	big := `{"source":"` + strings.Repeat("x", 5<<20) + `"}`
	r := sh.rest(t, "POST", "/v1/systems/a:submit", big)
	if r.StatusCode != http.StatusRequestEntityTooLarge || fault.Reason(r.status(t)) != fault.ReasonTooLarge || !strings.Contains(r.body, "upsertHosts") {
		t.Errorf("by its Content-Length: %d %s", r.StatusCode, r.body)
	}
	// Without a length it shows only when the body is read.
	req, err := http.NewRequestWithContext(t.Context(), "POST", sh.url+"/v1/systems/a:submit", io.MultiReader(strings.NewReader(big)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := sh.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	r = reply{resp, string(b)}
	if r.StatusCode != http.StatusRequestEntityTooLarge || fault.Reason(r.status(t)) != fault.ReasonTooLarge {
		t.Errorf("chunked: %d %s", r.StatusCode, r.body)
	}
	if got != nil {
		t.Error("the handler was called")
	}
	ok := `{"source":"a","inventory":{"system":{"displayName":"` + strings.Repeat("x", 3<<20) + `"}}}`
	if r := sh.rest(t, "POST", "/v1/systems/a:submit", ok); r.StatusCode != http.StatusOK {
		t.Errorf("3 MiB: %d %.200s", r.StatusCode, r.body)
	}
}

// A large answer is no error: only requests are limited.
func TestLargeAnswer(t *testing.T) {
	sh := startShell(t, func(s *settings) {
		s.inventory.inventory = func(context.Context, *pb.GetInventoryRequest) (*pb.EffectiveInventory, error) {
			return &pb.EffectiveInventory{Digest: strings.Repeat("y", 20<<20)}, nil
		}
	})
	if r := sh.rest(t, "GET", "/v1/systems/a/inventory", ""); r.StatusCode != http.StatusOK || len(r.body) < 20<<20 {
		t.Errorf("%d, %d bytes", r.StatusCode, len(r.body))
	}
}

func TestContentTypes(t *testing.T) {
	var got *pb.SubmitInventoryRequest
	sh := startShell(t, taking(&got))
	body := `{"source":"a","inventory":{}}`
	for _, c := range []struct {
		header string
		want   int
	}{
		{"Content-Type: application/json; charset=utf-8", 200},
		{"Content-Type: application/x-www-form-urlencoded", 415},
		{"Content-Type: text/plain", 415},
		{"Content-Type: application/xml", 415},
		{"Content-Encoding: gzip", 415},
	} {
		r := sh.rest(t, "POST", "/v1/systems/a:submit", body, c.header)
		if r.StatusCode != c.want {
			t.Errorf("%s: %d %s", c.header, r.StatusCode, r.body)
		}
		if c.want != 200 && r.status(t).Code() != codes.InvalidArgument {
			t.Errorf("%s: %s", c.header, r.body)
		}
	}
}

func TestETag(t *testing.T) {
	name := "one"
	sh := startShell(t, answering(func(context.Context, *pb.GetSystemRequest) (*pb.SystemRecord, error) {
		return &pb.SystemRecord{Name: name}, nil
	}))
	first := sh.rest(t, "GET", "/v1/systems/a", "")
	tag := first.Header.Get("ETag")
	if !strings.HasPrefix(tag, `W/"`) || first.Header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("headers = %v", first.Header)
	}
	for _, header := range []string{tag, strings.TrimPrefix(tag, "W/"), `"x", ` + tag, "*"} {
		r := sh.rest(t, "GET", "/v1/systems/a", "", "If-None-Match: "+header)
		if r.StatusCode != http.StatusNotModified || r.body != "" || r.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d %q %v", header, r.StatusCode, r.body, r.Header)
		}
	}
	name = "two"
	r := sh.rest(t, "GET", "/v1/systems/a", "", "If-None-Match: "+tag)
	if r.StatusCode != http.StatusOK || !strings.Contains(r.body, "two") || r.Header.Get("ETag") == tag {
		t.Errorf("after a change: %d %s", r.StatusCode, r.body)
	}
	if r := sh.rest(t, "GET", "/v1/nothing", ""); r.Header.Get("ETag") != "" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("an error can be cached: %v", r.Header)
	}
	if r := sh.rest(t, "POST", "/v1/systems/a:retire", "{}"); r.Header.Get("ETag") != "" {
		t.Errorf("the answer of a POST has an ETag")
	}
	head := sh.rest(t, "HEAD", "/v1/systems/a", "")
	if head.StatusCode != http.StatusOK || head.body != "" || head.Header.Get("ETag") != r.Header.Get("ETag") && head.Header.Get("ETag") == "" {
		t.Errorf("HEAD: %d %q %v", head.StatusCode, head.body, head.Header)
	}
}

func TestGzip(t *testing.T) {
	long := strings.Repeat("compliance ", 1000)
	sh := startShell(t, answering(func(_ context.Context, r *pb.GetSystemRequest) (*pb.SystemRecord, error) {
		if r.Name == "systems/long" {
			return &pb.SystemRecord{Name: long}, nil
		}
		return &pb.SystemRecord{Name: "short"}, nil
	}))
	for _, c := range []struct {
		path, accept string
		want         bool
	}{
		{"/v1/systems/long", "gzip", true}, {"/v1/systems/long", "br, GZIP;q=0.5", true},
		{"/v1/systems/long", "", false}, {"/v1/systems/long", "gzip;q=0", false}, {"/v1/systems/long", "br", false},
		{"/v1/systems/short", "gzip", false}, {"/openapi.json", "gzip", true}, {"/metrics", "gzip", true},
	} {
		r := sh.rest(t, "GET", c.path, "", "Accept-Encoding: "+c.accept)
		got := r.Header.Get("Content-Encoding") == "gzip"
		if got != c.want || r.StatusCode != http.StatusOK {
			t.Errorf("%s with %q: %d, gzip %v", c.path, c.accept, r.StatusCode, got)
		}
		if strings.HasPrefix(c.path, "/v1/systems/long") && !slices.Contains(r.Header.Values("Vary"), "Accept-Encoding") {
			t.Errorf("%s with %q: no Vary", c.path, c.accept)
		}
		if !got {
			continue
		}
		z, err := gzip.NewReader(strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(z)
		if err != nil || len(plain) <= len(r.body) {
			t.Errorf("%s: %v, %d bytes of %d", c.path, err, len(plain), len(r.body))
		}
	}
	a := sh.rest(t, "GET", "/v1/systems/long", "", "Accept-Encoding: gzip").Header.Get("ETag")
	if b := sh.rest(t, "GET", "/v1/systems/long", "").Header.Get("ETag"); a != b {
		t.Errorf("two tags of one content: %s, %s", a, b)
	}
}

func TestRoutingErrors(t *testing.T) {
	sh := startShell(t, nil)
	for _, c := range []struct {
		method, path string
		code         int
		allow        string
	}{
		{"GET", "/", 404, ""}, {"GET", "/v1/nothing", 404, ""}, {"GET", "/v1/systems/", 400, ""}, {"GET", "/v1//systems", 404, ""},
		{"GET", "/v1/systems/../tokens", 404, ""}, {"POST", "/v1/systems/a:nothing", 405, "GET"},
		{"PATCH", "/v1/systems/a", 405, "GET"}, {"DELETE", "/v1/systems", 405, "GET"}, {"POST", "/v1/assignments/a", 405, "DELETE, GET"},
		{"OPTIONS", "/v1/systems", 405, "GET"}, {"POST", "/healthz", 405, "GET"}, {"PUT", "/openapi.json", 405, "GET"},
		{"GET", "/v1/systems/a:retire", 400, ""}, // an id with a colon, which is refused as a name
	} {
		r := sh.rest(t, c.method, c.path, "")
		if r.StatusCode != c.code || r.Header.Get("Allow") != c.allow || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %d, Allow %q: %s", c.method, c.path, r.StatusCode, r.Header.Get("Allow"), r.body)
		}
		if st := r.status(t); fault.Reason(st) == "" || !strings.Contains(r.body, `"request_id":"`+r.Header.Get("X-Request-Id")+`"`) {
			t.Errorf("%s %s: no ErrorInfo with the request id: %s", c.method, c.path, r.body)
		}
	}
}

func TestStrictQuery(t *testing.T) {
	var got *pb.ListSystemsRequest
	sh := startShell(t, func(s *settings) {
		s.inventory.list = func(_ context.Context, r *pb.ListSystemsRequest) (*pb.ListSystemsResponse, error) {
			got = r
			return &pb.ListSystemsResponse{}, nil
		}
	})
	for _, c := range []struct{ path, field, text string }{
		{"/v1/systems?pageSise=3", "pageSise", "pageSize, pageToken, showRetired"},
		{"/v1/systems?page_size=many", "page_size", "a whole number"},
		{"/v1/systems?showRetired=maybe", "showRetired", "true or false"},
		{"/v1/systems?pageSize=1&pageSize=2", "pageSize", "more than once"},
		{"/v1/systems/a/inventory?asOf=yesterday", "asOf", "2026-03-01T00:00:00Z"},
		{"/v1/systems/a/inventory?as_of.seconds.x=1", "as_of.seconds.x", "no such parameter"},
		{"/v1/systems/a?name=systems/b", "name", "stands in the path"},
		{"/v1/version?x=1", "x", "it has none"},
	} {
		r := sh.rest(t, "GET", c.path, "")
		if field, text := r.violation(t); r.StatusCode != http.StatusBadRequest || field != c.field || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %s", c.path, r.StatusCode, r.body)
		}
	}
	if r := sh.rest(t, "POST", "/v1/systems/a:retire?etag=x", "{}"); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.body, "belongs into the body") {
		t.Errorf("a parameter of the body: %d %s", r.StatusCode, r.body)
	}
	if r := sh.rest(t, "GET", "/v1/systems?a=%zz", ""); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a malformed query: %d %s", r.StatusCode, r.body)
	}
	for _, path := range []string{"/v1/systems?pageSize=3&showRetired=true", "/v1/systems?page_size=3&show_retired=true"} {
		if r := sh.rest(t, "GET", path, ""); r.StatusCode != http.StatusOK || got.PageSize != 3 || !got.ShowRetired {
			t.Errorf("%s: %d %v", path, r.StatusCode, got)
		}
	}
}

// A page of another origin must not be able to write, not even by requests
// that browsers send without asking first.
// A panic before a request becomes a call is answered too, and the port lives.
// REST through many connections at once: nothing is mixed up.
// FuzzREST: whatever path, query and body are sent, the answer is JSON, an
// error is a google.rpc.Status, nothing panics and nothing internal shows.
