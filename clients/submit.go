package clients

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// SubmitterConfig is how a Submitter works. The zero value works.
type SubmitterConfig struct {
	// Window is how many items may be unanswered at once; 256 where zero. The
	// server groups what is in flight into one commit, so a small window is slow
	// and a very large one gains nothing.
	Window int
	// Attempts is how many connections in a row may break without one answer
	// before Submit gives up; 8 where zero. An answer starts the count anew.
	Attempts int
	// FirstWait and LongestWait bound the wait between attempts, which doubles;
	// 100 ms and 5 s where zero. A server that says how long to wait is obeyed.
	FirstWait, LongestWait time.Duration
	// Progress is told after each answer and each broken connection; nil for
	// nobody. It is called on the goroutine that called Submit.
	Progress func(Progress)
}

// Progress says how far a Submit is.
type Progress struct {
	// Taken is how many items were taken from the caller.
	Taken int
	// Answered is how many of them have their receipt.
	Answered int
	// Inserted, Updated, Unchanged, Pending and Rejected count receipts by outcome.
	Inserted, Updated, Unchanged, Pending, Rejected int
	// Resumed is how often a broken connection was replaced.
	Resumed int
	// Broken is what broke the connection last; nil after the next answer.
	Broken error
}

// Answer is one item with its receipt.
type Answer struct {
	// Index is the item's position in what the caller gave, from 0. The
	// receipt's own index counts within one connection.
	Index int
	// Item is what was sent, with its request id.
	Item *pb.SubmitItem
	// Receipt is the server's answer.
	Receipt *pb.Receipt
}

// Submitter streams submissions and sees to it that each is answered exactly
// once, whatever happens to the connection. One Submitter may run any number of
// Submits at once.
type Submitter struct {
	client pb.InventoryServiceClient
	config SubmitterConfig
}

// NewSubmitter makes a submitter over a client, such as [Client.Inventory].
func NewSubmitter(client pb.InventoryServiceClient, c SubmitterConfig) *Submitter {
	if c.Window <= 0 {
		c.Window = 256
	}
	if c.Attempts <= 0 {
		c.Attempts = 8
	}
	if c.FirstWait <= 0 {
		c.FirstWait = firstWait
	}
	if c.LongestWait <= 0 {
		c.LongestWait = longestWait
	}
	return &Submitter{client: client, config: c}
}

// Submit streams the items and calls answered once for each, in the order in
// which answers come. It returns once every item is answered, or with the first
// error that trying again cannot mend: of the items themselves, of answered, of
// ctx, or of the server. A rejected item is no error; its receipt says why.
//
// An item without a request id is given one, in the message itself. When the
// connection breaks, what is not answered is sent again over a new one, with the
// same request ids, so that nothing is taken twice.
//
// answered and Progress run on the calling goroutine, and items on another one,
// which has ended when Submit returns; items that wait for something must stop
// waiting when ctx ends.
func (s *Submitter) Submit(ctx context.Context, items iter.Seq2[*pb.SubmitItem, error], answered func(Answer) error) (Progress, error) {
	ctx, cancel := context.WithCancel(ctx)
	source := startSource(ctx, items, s.config.Window)
	defer source.wait()
	defer cancel()
	r := &run{config: s.config, source: source, answered: answered}
	for try := 1; ; try++ {
		before := r.progress.Answered
		err := r.attempt(ctx, s.client)
		if err == nil {
			return r.state(), nil
		}
		if ctx.Err() != nil {
			p := r.state()
			return p, fmt.Errorf("stopped with %d items unanswered: %w", p.Taken-p.Answered, ctx.Err())
		}
		if !broken(err) {
			return r.state(), unwrapFinal(err)
		}
		if r.progress.Answered > before {
			try = 1
		}
		// A connection that broke while there was nothing to send, such as one that
		// the server ended for being silent, is replaced when there is something.
		if idle, err := r.awaitItem(ctx); err != nil {
			return r.state(), err
		} else if idle {
			try = 0
			continue
		}
		if try >= s.config.Attempts {
			return r.state(), fmt.Errorf("gave up after %d connections without an answer: %w", try, err)
		}
		r.progress.Resumed++
		r.progress.Broken = err
		r.report()
		d := backoff(try, s.config.FirstWait, s.config.LongestWait)
		if p := AsProblem(err); p != nil && p.RetryAfter > d {
			d = min(p.RetryAfter, time.Minute)
		}
		if wait(ctx, d) != nil {
			continue // the next attempt sees that ctx has ended
		}
	}
}

// finalError is an error that no new connection mends, whatever its code.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

func unwrapFinal(err error) error {
	var f finalError
	if errors.As(err, &f) {
		return f.error
	}
	return err
}

// broken says whether a new connection may mend an error. INTERNAL and CANCELED
// are what a reset stream looks like, DEADLINE_EXCEEDED is a server or a proxy
// that limits how long one stream may last; the caller's own end of patience is
// looked at before.
func broken(err error) bool {
	var f finalError
	if errors.As(err, &f) {
		return false
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errUnanswered) {
		return true
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.Aborted, codes.Internal, codes.Canceled, codes.DeadlineExceeded:
		return true
	}
	return false
}

// errUnanswered is a stream that the server ended in good order too early.
var errUnanswered = errors.New("the server ended the stream with items unanswered")

// newRequestID makes an id by which the server recognizes a repeated item.
func newRequestID() string { return rand.Text() }

// setRequestID gives an item an id unless it has one.
func setRequestID(item *pb.SubmitItem) {
	if s := item.GetSubmit(); s != nil && s.RequestId == "" {
		s.RequestId = newRequestID()
	}
	if u := item.GetUpsert(); u != nil && u.RequestId == "" {
		u.RequestId = newRequestID()
	}
}

// stream is the client's end of a submission stream.
type stream = grpc.BidiStreamingClient[pb.SubmitItem, pb.Receipt]
