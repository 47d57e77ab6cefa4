package metrics_test

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/plumbline/plumbline/server/metrics"
)

func TestScrape(t *testing.T) {
	m := metrics.New(metrics.Build{Version: "1.2.3", Commit: "abc", Engine: "1"})
	leave := m.Enter()
	m.Call("/x/Y", "grpc", "OK", 3*time.Millisecond)
	m.Submission("inserted")
	m.Submission("inserted")
	m.Submission("rejected")
	m.Assessment("time", true, 20*time.Microsecond)
	m.Commit(100, time.Millisecond)
	m.Panicked()
	received, sent := m.Streamed("/x/S")
	received()
	received()
	sent()
	m.Store(func() float64 { return 4096 }, func() float64 { return 1024 })
	m.Queue("submissions", func() float64 { return 7 })
	m.Queue("due", func() float64 { return 9 })

	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`plumbline_call_seconds_count{code="OK",method="/x/Y",transport="grpc"} 1`,
		`plumbline_calls_in_flight 1`,
		`plumbline_submissions_total{outcome="inserted"} 2`,
		`plumbline_submissions_total{outcome="rejected"} 1`,
		`plumbline_assessments_total{cause="time",changed="true"} 1`,
		`plumbline_evaluation_seconds_count 1`,
		`plumbline_commit_items_sum 100`,
		`plumbline_panics_total 1`,
		`plumbline_stream_messages_total{direction="received",method="/x/S"} 2`,
		`plumbline_store_bytes 4096`, `plumbline_store_free_bytes 1024`,
		`plumbline_queue_depth{queue="due"} 9`, `plumbline_queue_depth{queue="submissions"} 7`,
		`plumbline_build_info{commit="abc",engine="1",version="1.2.3"} 1`,
		`go_goroutines`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	leave()
	w = httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(w.Body.String(), "plumbline_calls_in_flight 0") {
		t.Error("a call that ended is still in flight")
	}
}

func TestTwoInOneProcess(t *testing.T) {
	a, b := metrics.New(metrics.Build{}), metrics.New(metrics.Build{})
	a.Submission("inserted")
	w := httptest.NewRecorder()
	b.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if strings.Contains(w.Body.String(), `outcome="inserted"`) {
		t.Error("the counters are shared")
	}
}

func TestNilCountsNothing(t *testing.T) {
	var m *metrics.Metrics
	m.Call("", "", "", 0)
	m.Enter()()
	m.Panicked()
	m.Submission("")
	m.Assessment("", false, 0)
	m.Commit(0, 0)
	m.Store(nil, nil)
	m.Queue("", nil)
	received, sent := m.Streamed("")
	received()
	sent()
}
