package clients

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick is a submitter that does not wait long between connections.
func quick(c *Client, window int) *Submitter {
	return NewSubmitter(c.Inventory(), SubmitterConfig{Window: window, FirstWait: time.Millisecond, LongestWait: 5 * time.Millisecond})
}

func submission(i int) *pb.SubmitItem {
	return &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
		System: fmt.Sprintf("systems/s%d", i), Source: "cmdb", Inventory: &pb.Inventory{},
	}}}
}

func submissions(n int) iter.Seq2[*pb.SubmitItem, error] {
	return func(yield func(*pb.SubmitItem, error) bool) {
		for i := range n {
			if !yield(submission(i), nil) {
				return
			}
		}
	}
}

// TestEachItemIsAnsweredOnce drops connections, streams and single items at
// random points: every item is acknowledged to the caller exactly once and has
// taken effect exactly once.
func TestEachItemIsAnsweredOnce(t *testing.T) {
	const n = 400
	for seed := range uint64(12) {
		for _, window := range []int{1, 7, 256} {
			r := startReceiver(t, randomly(seed, 40, cutBefore, cutAfter, endEarly, resetStream, storeDown))
			c := r.client(t, "")
			answers := make([]int, n)
			// How many connections in a row bring no answer is chance here.
			submitter := quick(c, window)
			submitter.config.Attempts = 1000
			p, err := submitter.Submit(t.Context(), submissions(n), func(a Answer) error {
				answers[a.Index]++
				if want := fmt.Sprintf("systems/s%d", a.Index); a.Receipt.System != want || a.Receipt.RequestId != RequestID(a.Item) {
					return fmt.Errorf("item %d has the answer of %s", a.Index, a.Receipt.System)
				}
				return nil
			})
			if err != nil {
				t.Fatalf("seed %d, window %d: %v", seed, window, err)
			}
			for i, times := range answers {
				if times != 1 {
					t.Fatalf("seed %d, window %d: item %d was answered %d times", seed, window, i, times)
				}
			}
			if p.Taken != n || p.Answered != n || p.Inserted != n || p.Resumed == 0 || len(r.taken) != n {
				t.Errorf("seed %d, window %d: %+v, %d taken", seed, window, p, len(r.taken))
			}
			for id, times := range r.times {
				if times != 1 {
					t.Errorf("seed %d: %s took effect %d times", seed, id, times)
				}
			}
		}
	}
}

// TestWindow counts what is unanswered at any time.
func TestWindow(t *testing.T) {
	r := startReceiver(t, nil)
	c := r.client(t, "")
	most, seen, pulled := 0, 0, 0
	items := func(yield func(*pb.SubmitItem, error) bool) {
		for i := range 200 {
			pulled++
			if !yield(submission(i), nil) {
				return
			}
		}
	}
	s := NewSubmitter(c.Inventory(), SubmitterConfig{Window: 5, Progress: func(p Progress) {
		most = max(most, p.Taken-p.Answered)
		seen++
	}})
	if _, err := s.Submit(t.Context(), items, nil); err != nil {
		t.Fatal(err)
	}
	if most > 5 || seen != 200 || pulled != 200 {
		t.Errorf("up to %d unanswered of a window of 5; %d reports; %d pulled", most, seen, pulled)
	}
}

func TestRejectedItemIsNoError(t *testing.T) {
	r := startReceiver(t, nil)
	items := func(yield func(*pb.SubmitItem, error) bool) {
		bad := submission(1)
		bad.GetSubmit().Source = ""
		_ = yield(submission(0), nil) && yield(bad, nil) && yield(submission(2), nil)
	}
	var words string
	p, err := quick(r.client(t, "secret"), 2).Submit(t.Context(), items, func(a Answer) error {
		if a.Receipt.Outcome == "rejected" {
			words = ReceiptProblem(a.Receipt.Error).Error()
		}
		return nil
	})
	if err != nil || p.Inserted != 2 || p.Rejected != 1 || words != "no source" {
		t.Errorf("%+v, %v, %q", p, err, words)
	}
	if len(r.token) != 1 || r.token[0] != "Bearer secret" {
		t.Errorf("the token arrived as %q", r.token)
	}
}

// TestSameRequestID gives two items one id: the answers still reach the right one.
func TestSameRequestID(t *testing.T) {
	r := startReceiver(t, nil)
	items := func(yield func(*pb.SubmitItem, error) bool) {
		for i := range 3 {
			item := submission(i / 2)
			item.GetSubmit().RequestId = "one"
			if !yield(item, nil) {
				return
			}
		}
	}
	outcomes := make([]string, 3)
	if _, err := quick(r.client(t, ""), 9).Submit(t.Context(), items, func(a Answer) error {
		outcomes[a.Index] = fmt.Sprint(a.Receipt.Outcome, a.Receipt.RepeatedRequest)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(outcomes, " "); got != "insertedfalse insertedtrue rejectedtrue" {
		t.Error(got)
	}
}

func TestGivesUp(t *testing.T) {
	r := startReceiver(t, func() fault { return cutBefore })
	s := NewSubmitter(r.client(t, "").Inventory(), SubmitterConfig{Attempts: 4, FirstWait: time.Millisecond, LongestWait: 2 * time.Millisecond})
	p, err := s.Submit(t.Context(), submissions(10), nil)
	if err == nil || !strings.Contains(err.Error(), "gave up after 4 connections") || p.Answered != 0 || r.streams != 4 {
		t.Errorf("%v, %+v, %d streams", err, p, r.streams)
	}
}

// TestSilence lets the server end the stream again and again while there is
// nothing to send: that is no reason to give up.
func TestSilence(t *testing.T) {
	r := startReceiver(t, nil)
	r.silence = 5 * time.Millisecond
	items := func(yield func(*pb.SubmitItem, error) bool) {
		for i := range 4 {
			time.Sleep(60 * time.Millisecond)
			if !yield(submission(i), nil) {
				return
			}
		}
	}
	s := NewSubmitter(r.client(t, "").Inventory(), SubmitterConfig{Attempts: 2, FirstWait: time.Millisecond, LongestWait: time.Millisecond})
	p, err := s.Submit(t.Context(), items, nil)
	if err != nil || p.Answered != 4 || r.streams < 3 {
		t.Errorf("%v, %+v, %d streams", err, p, r.streams)
	}
	if len(r.taken) != 4 {
		t.Errorf("%d items were taken", len(r.taken))
	}
}

// TestEndsWithoutServer ends the items after the server is gone for good: all is
// answered, so there is nothing left to need it for.
func TestEndsWithoutServer(t *testing.T) {
	r := startReceiver(t, nil)
	answered := make(chan struct{})
	items := func(yield func(*pb.SubmitItem, error) bool) {
		if yield(submission(0), nil) {
			<-answered
			r.listener.Close()
			r.cut()
			time.Sleep(20 * time.Millisecond)
		}
	}
	p, err := quick(r.client(t, ""), 4).Submit(t.Context(), items, func(Answer) error {
		close(answered)
		return nil
	})
	if err != nil || p.Answered != 1 {
		t.Errorf("%v, %+v", err, p)
	}
}

// TestLastingErrorIsNotRetried answers with an error that trying again does not mend.
func TestLastingErrorIsNotRetried(t *testing.T) {
	r := startReceiver(t, func() fault { return denied })
	_, err := quick(r.client(t, ""), 4).Submit(t.Context(), submissions(1), nil)
	if status.Code(err) != codes.PermissionDenied || r.streams != 1 {
		t.Errorf("%v after %d streams", err, r.streams)
	}
}

// TestAnswerToNothing has the server answer what was never sent.
func TestAnswerToNothing(t *testing.T) {
	for _, f := range []fault{strayIndex, strayID} {
		r := startReceiver(t, func() fault { return f })
		_, err := quick(r.client(t, ""), 4).Submit(t.Context(), submissions(1), nil)
		if err == nil || !strings.Contains(err.Error(), "the server answered item") || r.streams != 1 {
			t.Errorf("%v after %d streams", err, r.streams)
		}
	}
}

func TestErrorsOfTheCaller(t *testing.T) {
	r := startReceiver(t, nil)
	c := r.client(t, "")
	boom := errors.New("line 3: not JSON")
	items := func(yield func(*pb.SubmitItem, error) bool) {
		_ = yield(submission(0), nil) && yield(submission(1), nil) && yield(nil, boom)
	}
	// What was taken before the error is answered all the same.
	p, err := quick(c, 4).Submit(t.Context(), items, nil)
	if err != boom || p.Answered != 2 {
		t.Errorf("%v, %+v", err, p)
	}
	stop := errors.New("stop")
	_, err = quick(c, 4).Submit(t.Context(), submissions(100), func(a Answer) error {
		if a.Index == 10 {
			return stop
		}
		return nil
	})
	if err != stop {
		t.Errorf("%v", err)
	}
}

func TestCancel(t *testing.T) {
	r := startReceiver(t, nil)
	c := r.client(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	endless := func(yield func(*pb.SubmitItem, error) bool) {
		for i := 0; ; i++ {
			if !yield(submission(i), nil) {
				return
			}
		}
	}
	_, err := quick(c, 16).Submit(ctx, endless, func(a Answer) error {
		if a.Index == 100 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// A context that has ended before anything was sent is no success.
	if _, err := quick(c, 16).Submit(ctx, submissions(3), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
