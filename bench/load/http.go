package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/rules"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// HTTP is callers with connections that are kept open, one each.
type HTTP struct {
	client *http.Client
	n      int
}

// NewHTTP makes n callers.
func NewHTTP(n int) *HTTP {
	return &HTTP{n: n, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n, MaxConnsPerHost: n}}}
}

// Close closes the connections.
func (h *HTTP) Close() { h.client.CloseIdleConnections() }

// post sends a body and returns the answer's.
func (h *HTTP) post(ctx context.Context, url string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", url, resp.Status, answer)
	}
	return answer, err
}

// Submissions are REST submissions of one-host systems, as templates.
type Submissions struct {
	bodies [][]byte
	count  atomic.Int64
}

// What stands in the templates for what each request has of its own: the
// system's number, and a release that was not there before.
const (
	numberMark  = "707070"
	releaseMark = "-606060"
)

// NewSubmissions makes templates of drawn hosts.
func NewSubmissions(drawn []*pb.Host) (*Submissions, error) {
	s := &Submissions{}
	number, err := strconv.Atoi(numberMark)
	if err != nil {
		return nil, err
	}
	release, err := strconv.Atoi(releaseMark[1:])
	if err != nil {
		return nil, err
	}
	for i := range drawn {
		e := estate.New(drawn[i : i+1])
		body, err := protojson.Marshal(e.Submission(number, estate.Change{Release: release, Flip: i%estate.FlipsEvery == 0}, time.Time{}))
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(body, []byte(numberMark)) || !bytes.Contains(body, []byte(releaseMark)) {
			return nil, fmt.Errorf("a template lacks its marks: %s", body)
		}
		s.bodies = append(s.bodies, body)
	}
	return s, nil
}

// body is the next submission.
func (s *Submissions) body(systems int) (system int, body []byte) {
	k := int(s.count.Add(1))
	system = k % systems
	body = bytes.ReplaceAll(s.bodies[system%len(s.bodies)], []byte(numberMark), fmt.Appendf(nil, "%06d", system))
	return system, bytes.ReplaceAll(body, []byte(releaseMark), fmt.Appendf(nil, "-9%07d", k))
}

// Submit submits to a server's REST port until the time is up.
func (h *HTTP) Submit(ctx context.Context, address string, s *Submissions, systems int, span time.Duration) (Done, error) {
	return callers(ctx, h.n, span, func(ctx context.Context, _ int) error {
		system, body := s.body(systems)
		answer, err := h.post(ctx, fmt.Sprintf("http://%s/v1/systems/system-%06d:submit", address, system), body)
		if err == nil && !bytes.Contains(answer, []byte(`"outcome":"updated"`)) {
			return fmt.Errorf("answered %s", answer)
		}
		return err
	})
}

// Questions are documents that a policy engine is asked about.
type Questions struct {
	bodies [][]byte
	count  atomic.Int64
}

// NewQuestions makes them of drawn hosts.
func NewQuestions(drawn []*pb.Host) (*Questions, error) {
	q := &Questions{}
	for _, h := range drawn {
		document, err := estate.Document(h)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(map[string]any{"input": document})
		if err != nil {
			return nil, err
		}
		q.bodies = append(q.bodies, body)
	}
	return q, nil
}

// Decide asks OPA's REST port until the time is up.
func (h *HTTP) Decide(ctx context.Context, address string, q *Questions, span time.Duration) (Done, error) {
	return callers(ctx, h.n, span, func(ctx context.Context, _ int) error {
		k := int(q.count.Add(1))
		answer, err := h.post(ctx, "http://"+address+"/v1/data/bench/results", q.bodies[k%len(q.bodies)])
		if err == nil && bytes.Count(answer, []byte(":")) != 1+rules.Count {
			return fmt.Errorf("answered %s", answer)
		}
		return err
	})
}
