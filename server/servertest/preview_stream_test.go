package servertest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/servertest"
	"github.com/plumbline/plumbline/store"
)

// crowd is a service with n systems of some hosts each, under one checklist.
func crowd(t *testing.T, n int, c server.Config) *governance {
	t.Helper()
	clock := servertest.NewClock(day0)
	c.Clock = clock.Now
	s := servertest.Start(t, servertest.Options{Config: c})
	g := &governance{client: connect(t, s), statements: pb.NewStatementServiceClient(s.Conn), clock: clock}
	g.publishYAML(governed)
	g.assign("all", &pb.Assignment{Checklist: "gov"})
	g.tick()
	for i := 0; i < n; i += 100 {
		var items []*pb.SubmitItem
		for j := i; j < min(n, i+100); j++ {
			req := estate(fmt.Sprintf("s%04d", j))
			for k := range 20 {
				req.Inventory.Hosts = append(req.Inventory.Hosts, host(fmt.Sprintf("s%04d-%02d", j, k), k%2 == 0))
			}
			items = append(items, &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: req}})
		}
		must[*pb.BatchSubmitResponse](g)(g.inventory.BatchSubmit(t.Context(), &pb.BatchSubmitRequest{Items: items}))
	}
	return g
}

// draft in which half of the hosts flip.
func flipping() string { return edited("1.0.0", "2.0.0", "all(a, a.static)", "all(a, !a.static)") }

// post starts a preview over REST.
func (g *governance) post(ctx context.Context, body string) *http.Response {
	g.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.REST+"/v1/checklists:preview", strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = resp.Body.Close() }) // read as far as the test wanted
	return resp
}

// TestPreviewOverREST: a message a line, sent as they are made, and the same
// messages as over gRPC.
func TestPreviewOverREST(t *testing.T) {
	log := &logLines{}
	g := crowd(t, 600, server.Config{Logger: slog.New(slog.NewTextHandler(log, nil))})
	resp := g.post(t.Context(), fmt.Sprintf(`{"yaml": %q, "flipsPerSeries": 2}`, flipping()))
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	got := &preview{rows: map[string]*pb.PreviewSeries{}}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if len(got.progress) == 0 && log.line("PreviewChecklist") != "" {
			t.Error("the first line comes when the call has ended")
		}
		m := &pb.PreviewChecklistResponse{}
		if err := protojson.Unmarshal(lines.Bytes(), m); err != nil {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
		got.take(g, m)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	p := g.previewed(&pb.PreviewChecklistRequest{Yaml: flipping(), FlipsPerSeries: 2})
	if !proto.Equal(got.summary, p.summary) || fmt.Sprint(got.order) != fmt.Sprint(p.order) || len(p.order) != 600 {
		t.Errorf("over REST %d rows and %v\nover gRPC %d rows and %v", len(got.order), got.summary, len(p.order), p.summary)
	}
	for key, row := range p.rows {
		if !proto.Equal(row, got.rows[key]) {
			t.Errorf("%s over REST %v, over gRPC %v", key, got.rows[key], row)
		}
	}
}

// TestPreviewThatFailsOnItsWay: the last line is a google.rpc.Status.
func TestPreviewThatFailsOnItsWay(t *testing.T) {
	g := crowd(t, 300, server.Config{})
	g.damageLastSystem()
	g.harmed = true
	resp := g.post(t.Context(), `{"checklistVersion": "checklists/gov/versions/1.0.0", "summaryOnly": true}`)
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	var all []map[string]any
	for lines.Scan() {
		var m map[string]any
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
		all = append(all, m)
	}
	if len(all) != 2 || all[0]["progress"] == nil || all[1]["code"] == nil || all[1]["message"] == nil {
		t.Fatalf("lines: %v", all)
	}
	jsonHas(t, all[1], "google.rpc.ErrorInfo")
}

// damageLastSystem flips a bit of the head of the system that was made last, so
// that reading it fails.
func (g *governance) damageLastSystem() {
	g.t.Helper()
	if err := g.Store.Update(g.t.Context(), func(w store.Writer) error {
		var key, value []byte
		for k, v := range w.Scan([]byte("hs"), []byte("ht")) {
			key, value = bytes.Clone(k), bytes.Clone(v)
		}
		value[len(value)/2] ^= 1
		w.Put(key, value)
		return nil
	}); err != nil {
		g.t.Fatal(err)
	}
}

// logLines is a log that can be read while it is written.
type logLines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// line is the line of a method's call, which is written when it has ended; ""
// before that.
func (l *logLines) line(method string) string {
	l.mu.Lock()
	text := l.b.String()
	l.mu.Unlock()
	for line := range strings.Lines(text) {
		if strings.Contains(line, method) {
			return line
		}
	}
	return ""
}

// call waits for the line of a method's call.
func (l *logLines) call(t *testing.T, method string) string {
	t.Helper()
	for range 1000 {
		if line := l.line(method); line != "" {
			return line
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the call of %s does not end", method)
	return ""
}

// TestPreviewIsCancelled: who goes away in the middle ends it.
func TestPreviewIsCancelled(t *testing.T) {
	for _, over := range []string{"gRPC", "REST"} {
		t.Run(over, func(t *testing.T) {
			log := &logLines{}
			g := crowd(t, 600, server.Config{Logger: slog.New(slog.NewTextHandler(log, nil))})
			ctx, cancel := context.WithCancel(t.Context())
			if over == "gRPC" {
				stream, err := g.guidance.PreviewChecklist(ctx, &pb.PreviewChecklistRequest{Yaml: flipping(), SummaryOnly: true})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := stream.Recv(); err != nil {
					t.Fatal(err)
				}
				cancel()
				if _, err := stream.Recv(); status.Code(err) != codes.Canceled {
					t.Errorf("after it was cancelled: %v", err)
				}
			} else {
				resp := g.post(ctx, fmt.Sprintf(`{"yaml": %q, "summaryOnly": true}`, flipping()))
				if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			cancel()
			if line := log.call(t, "PreviewChecklist"); !strings.Contains(line, "Canceled") && !strings.Contains(line, "CANCELLED") {
				t.Errorf("the call ends with %s", line)
			}
		})
	}
}
