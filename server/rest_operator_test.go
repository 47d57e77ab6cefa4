package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
)

func TestProbes(t *testing.T) {
	var notReady error
	sh := startShell(t, func(s *settings) {
		s.ready = func(context.Context) error { return notReady }
	})
	for _, path := range []string{"/healthz", "/readyz"} {
		if r := sh.rest(t, "GET", path, ""); r.StatusCode != http.StatusOK || r.body != "{\"status\":\"ok\"}\n" {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.body)
		}
	}
	notReady = fmt.Errorf("compiling: %w", errSecret)
	r := sh.rest(t, "GET", "/readyz", "")
	if r.StatusCode != http.StatusServiceUnavailable || strings.Contains(r.body, "secret") {
		t.Errorf("/readyz: %d %s", r.StatusCode, r.body)
	}
	if len(sh.log.lines("/readyz", "permission denied")) != 1 {
		t.Error("the log does not say why")
	}
	if r := sh.rest(t, "GET", "/healthz", ""); r.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %d", r.StatusCode)
	}
}

func TestPanicInHTTPHandler(t *testing.T) {
	sh := startShell(t, func(s *settings) {
		s.ready = func(context.Context) error { panic("secret") }
	})
	r := sh.rest(t, "GET", "/readyz", "")
	if r.StatusCode != http.StatusInternalServerError || r.status(t).Code() != codes.Internal || strings.Contains(r.body, "secret") {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	if len(sh.log.lines(`"msg":"panic"`, "rest_operator_test.go", r.Header.Get("X-Request-Id"))) != 1 {
		t.Error("the log has no stack")
	}
	if r := sh.rest(t, "GET", "/healthz", ""); r.StatusCode != http.StatusOK {
		t.Errorf("%d", r.StatusCode)
	}
}

func TestOpenAPI(t *testing.T) {
	sh := startShell(t, nil)
	r := sh.rest(t, "GET", "/openapi.json", "")
	var doc struct {
		OpenAPI string
		Info    struct{ Title, Version string }
		Paths   map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(r.body), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.") || doc.Info.Title != "Plumbline" || doc.Info.Version != "1.2.3" || r.Header.Get("ETag") == "" {
		t.Errorf("%+v", doc.Info)
	}
	// Every operation that the document lists is routed: it answers something
	// else than "no such path" and "no such method".
	for path, operations := range doc.Paths {
		for method := range operations {
			u := path
			for _, v := range []string{"{system}", "{series}", "{host}", "{facility}", "{checklist}", "{version}", "{assignment}", "{claim}", "{waiver}", "{attestation}", "{tailoring}", "{operation}", "{webhook}", "{rule}", "{fleet}", "{token}", "{hostLink}", "{hold}"} {
				u = strings.ReplaceAll(u, v, "x")
			}
			if strings.Contains(u, "{") {
				t.Errorf("%s has an unknown variable", path)
				continue
			}
			u = (&url.URL{Path: u}).EscapedPath()
			r := sh.rest(t, strings.ToUpper(method), u, "")
			st := pbCode(t, r)
			if r.StatusCode == http.StatusMethodNotAllowed || st == codes.NotFound && !strings.Contains(r.body, "tokens/x") {
				t.Errorf("%s %s: %d %s", method, path, r.StatusCode, r.body)
			}
			// And every route knows its parameters.
			r = sh.rest(t, strings.ToUpper(method), u+"?bogus=1", "")
			if field, _ := r.violation(t); r.StatusCode != http.StatusBadRequest || field != "bogus" {
				t.Errorf("%s %s?bogus=1: %d %s", method, path, r.StatusCode, r.body)
			}
		}
	}
}

func pbCode(t *testing.T, r reply) codes.Code {
	t.Helper()
	if r.StatusCode < 300 {
		return codes.OK
	}
	return r.status(t).Code()
}

func TestMetricsEndpoint(t *testing.T) {
	sh := startShell(t, nil)
	sh.rest(t, "GET", "/v1/version", "")
	r := sh.rest(t, "GET", "/metrics", "")
	want := `plumbline_call_seconds_count{code="OK",method="/plumbline.v1.AdminService/GetVersion",transport="rest"} 1`
	if r.StatusCode != http.StatusOK || !strings.Contains(r.body, want) || !strings.Contains(r.body, `version="1.2.3"`) {
		t.Errorf("%d, lacks %s", r.StatusCode, want)
	}
}

func TestConcurrentREST(t *testing.T) {
	sh := startShell(t, answering(func(_ context.Context, r *pb.GetSystemRequest) (*pb.SystemRecord, error) {
		return &pb.SystemRecord{Name: r.Name}, nil
	}))
	done := make(chan error)
	for i := range 20 {
		go func() {
			for j := range 10 {
				name := fmt.Sprintf("s%d-%d", i, j)
				resp, err := sh.client.Get(sh.url + "/v1/systems/" + name)
				if err != nil {
					done <- err
					return
				}
				b, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if !strings.Contains(string(b), `"name":"systems/`+name+`"`) {
					done <- fmt.Errorf("%s: %s", name, b)
					return
				}
			}
			done <- nil
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func FuzzREST(f *testing.F) {
	f.Add("POST", "/v1/systems/a:submit", `{"source":"a","inventory":{}}`)
	f.Add("GET", "/v1/systems/a/inventory?asOf=2026-01-01T00:00:00Z&asOf.x=1", "")
	f.Add("GET", "/v1/systems?pageSize=-1&pageToken=AQ", "")
	f.Add("DELETE", "/v1/tokens/%2e%2e%2f", "")
	f.Add("PUT", "/v1/policy", `{"etag":[]}`)
	f.Add("POST", "/v1/systems/a/claims?claimId=x&labels[a]=b&parent=c", `{"expireTime":"2026"}`)
	sh := startShell(f, nil)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		req, err := http.NewRequestWithContext(t.Context(), method, sh.url+path, strings.NewReader(body))
		if err != nil || !strings.HasPrefix(path, "/") {
			t.Skip("no request that a client could send")
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := sh.client.Do(req)
		if err != nil {
			t.Skip("refused by net/http")
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		r := reply{resp, string(b)}
		if resp.StatusCode == http.StatusInternalServerError {
			t.Fatalf("%s %s: %s", method, path, b)
		}
		if resp.StatusCode >= 400 && method != "HEAD" && fault.Reason(r.status(t)) == "" {
			t.Fatalf("%s %s: %d without ErrorInfo: %s", method, path, resp.StatusCode, b)
		}
	})
}

func BenchmarkCalls(b *testing.B) {
	sh := startShell(b, func(s *settings) {
		s.inventory.getSystem = func(_ context.Context, r *pb.GetSystemRequest) (*pb.SystemRecord, error) {
			return &pb.SystemRecord{Name: r.Name, State: "active"}, nil
		}
	})
	b.Run("grpc", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := sh.inventory().GetSystem(b.Context(), &pb.GetSystemRequest{Name: system}); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("rest", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				resp, err := sh.client.Get(sh.url + "/v1/systems/a")
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	})
}
