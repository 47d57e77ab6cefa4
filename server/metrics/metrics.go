package metrics

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the counters of one service. All methods are safe for concurrent
// use and cheap enough for every call. A nil Metrics counts nothing.
type Metrics struct {
	registry    *prometheus.Registry
	calls       *prometheus.HistogramVec
	inFlight    prometheus.Gauge
	streamed    *prometheus.CounterVec
	panics      prometheus.Counter
	submissions *prometheus.CounterVec
	assessments *prometheus.CounterVec
	evaluation  prometheus.Histogram
	commit      prometheus.Histogram
	batch       prometheus.Histogram
	thinned     *prometheus.CounterVec
	freed       prometheus.Counter
}

// Buckets of durations in seconds. Calls take from 50 µs to the call timeout,
// an evaluation from 10 µs to seconds for a system of 10,000 hosts.
var (
	callBuckets       = prometheus.ExponentialBuckets(0.0001, 2.5, 14)
	evaluationBuckets = prometheus.ExponentialBuckets(0.00001, 4, 11)
	sizeBuckets       = prometheus.ExponentialBuckets(1, 2, 12)
)

// Build says which binary runs; it becomes plumbline_build_info.
type Build struct{ Version, Commit, Engine string }

// New returns metrics that count from zero.
func New(b Build) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "plumbline_call_seconds", Help: "Duration of calls by method, transport (grpc or rest) and status code.", Buckets: callBuckets,
		}, []string{"method", "transport", "code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "plumbline_calls_in_flight", Help: "Calls and streams that run.",
		}),
		streamed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plumbline_stream_messages_total", Help: "Messages of streams by method and direction (received or sent).",
		}, []string{"method", "direction"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "plumbline_panics_total", Help: "Calls that panicked; each is a mistake in this program.",
		}),
		submissions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plumbline_submissions_total", Help: "Submissions by outcome: inserted, updated, unchanged, pending, rejected.",
		}, []string{"outcome"}),
		assessments: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plumbline_assessments_total", Help: "Evaluations of a series by what made them due and whether the state changed.",
		}, []string{"cause", "changed"}),
		evaluation: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "plumbline_evaluation_seconds", Help: "Duration of one evaluation of a series.", Buckets: evaluationBuckets,
		}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "plumbline_commit_seconds", Help: "Duration of one commit to the store, its fsync included.", Buckets: callBuckets,
		}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "plumbline_commit_items", Help: "Submissions that one commit makes durable.", Buckets: sizeBuckets,
		}),
		thinned: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plumbline_thinned_records_total", Help: "Records that retention thinned out, by kind: state or view.",
		}, []string{"kind"}),
		freed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "plumbline_thinned_bytes_total", Help: "By how much retention made blocks of records shorter.",
		}),
	}
	m.registry.MustRegister(m.calls, m.inFlight, m.streamed, m.panics, m.submissions, m.assessments,
		m.evaluation, m.commit, m.batch, m.thinned, m.freed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "plumbline_build_info", Help: "Always 1; its labels say which binary runs.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "engine": b.Engine},
	}, func() float64 { return 1 }))
	return m
}

// Call counts a call or stream that ended.
func (m *Metrics) Call(method, transport, code string, took time.Duration) {
	if m != nil {
		m.calls.WithLabelValues(method, transport, code).Observe(took.Seconds())
	}
}

// Enter counts a call that begins, and returns what ends it.
func (m *Metrics) Enter() (leave func()) {
	if m == nil {
		return func() {}
	}
	m.inFlight.Inc()
	return m.inFlight.Dec
}

// Streamed returns what counts the messages of a stream, received and sent.
func (m *Metrics) Streamed(method string) (received, sent func()) {
	if m == nil {
		return func() {}, func() {}
	}
	return m.streamed.WithLabelValues(method, "received").Inc, m.streamed.WithLabelValues(method, "sent").Inc
}

// Panicked counts a call that panicked.
func (m *Metrics) Panicked() {
	if m != nil {
		m.panics.Inc()
	}
}

// Submission counts an answered submission by its receipt's outcome.
func (m *Metrics) Submission(outcome string) {
	if m != nil {
		m.submissions.WithLabelValues(outcome).Inc()
	}
}

// Assessment counts an evaluation of a series: what made it due (a breakpoint's
// cause), whether the state changed, and how long it took.
func (m *Metrics) Assessment(cause string, changed bool, took time.Duration) {
	if m == nil {
		return
	}
	text := "false"
	if changed {
		text = "true"
	}
	m.assessments.WithLabelValues(cause, text).Inc()
	m.evaluation.Observe(took.Seconds())
}

// Commit counts a commit of the store that made items durable.
func (m *Metrics) Commit(items int, took time.Duration) {
	if m != nil {
		m.commit.Observe(took.Seconds())
		m.batch.Observe(float64(items))
	}
}

// Thinned counts what retention thinned out. Blocks may become longer for once,
// where a record has to be written whole; the counter leaves that out.
func (m *Metrics) Thinned(states, views, bytes int64) {
	if m != nil {
		m.thinned.WithLabelValues("state").Add(float64(states))
		m.thinned.WithLabelValues("view").Add(float64(views))
		m.freed.Add(float64(max(bytes, 0)))
	}
}

// Store has the store's size asked when somebody scrapes: bytes that it
// occupies, and bytes of those that are free.
func (m *Metrics) Store(size, free func() float64) {
	m.gauge("plumbline_store_bytes", "What the store occupies.", size)
	m.gauge("plumbline_store_free_bytes", "The part of the store that holds no data and is used before it grows.", free)
}

// Queue has the depth of a queue asked when somebody scrapes. name is one word,
// such as "submissions" or "due"; each may be given once.
func (m *Metrics) Queue(name string, depth func() float64) {
	if m == nil {
		return
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "plumbline_queue_depth", Help: "What waits to be done, by queue.",
		ConstLabels: prometheus.Labels{"queue": name},
	}, depth))
}

// Lagging has the systems counted that another version of the engine evaluated
// last when somebody scrapes.
func (m *Metrics) Lagging(count func() float64) {
	m.gauge("plumbline_systems_of_other_engine", "Systems that another version of the engine evaluated last; a full run evaluates them by this one.", count)
}

func (m *Metrics) gauge(name, help string, read func() float64) {
	if m != nil {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}
}

// Handler answers scrapes. Errors of a scrape go to log.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		MaxRequestsInFlight: 4,
		Timeout:             10 * time.Second,
		DisableCompression:  true, // the HTTP port compresses by itself
	})
}
