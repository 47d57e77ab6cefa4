package clients

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// entry is an item that was taken and is not answered.
type entry struct {
	index int
	item  *pb.SubmitItem
}

// source pulls the caller's items on one goroutine that lives as long as the
// Submit: a connection that breaks must not have to wait for the next item.
type source struct {
	entries chan *entry
	// window has a place for each item that may be unanswered. A place is taken
	// before the item is, and given back with its answer.
	window chan struct{}
	done   chan struct{}
	// err is the items' own error, or that of ctx if it stopped them; it is read
	// after entries is closed.
	err error
}

func startSource(ctx context.Context, items iter.Seq2[*pb.SubmitItem, error], window int) *source {
	s := &source{entries: make(chan *entry), window: make(chan struct{}, window), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		defer close(s.entries)
		index := 0
		for item, err := range items {
			if err != nil {
				s.err = err
				return
			}
			setRequestID(item)
			select {
			case s.window <- struct{}{}:
			case <-ctx.Done():
				s.err = ctx.Err()
				return
			}
			select {
			case s.entries <- &entry{index, item}:
				index++
			case <-ctx.Done():
				s.err = ctx.Err()
				return
			}
		}
	}()
	return s
}

func (s *source) wait() { <-s.done }

// run is one Submit. Its fields below mu are shared by the goroutine that sends
// and the one that receives; the rest belongs to the one that receives.
type run struct {
	config   SubmitterConfig
	source   *source
	answered func(Answer) error
	progress Progress

	mu sync.Mutex
	// unanswered holds what was taken and not answered, in the order of taking.
	unanswered []*entry
	// sent holds what was sent over the current connection, by the position that
	// the server answers with, less base. An answered one is nil, and left out
	// where all before it are answered too.
	sent []*entry
	base int
	// taken counts the items taken so far.
	taken int
	// ended is set once the items are all taken.
	ended bool
}

// attempt works over one connection until all is answered or it breaks.
func (r *run) attempt(ctx context.Context, client pb.InventoryServiceClient) error {
	if r.finished() {
		return r.sourceError()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	st, err := client.StreamSubmit(ctx)
	if err != nil {
		return err
	}
	sender := make(chan error, 1)
	go func() { sender <- r.send(ctx, st) }()
	err = r.receive(st)
	// Whatever ended the receiving, the sender must be gone before the next
	// attempt, since both would take items. Cancelling frees it.
	cancel()
	if sent := <-sender; sent != nil && !errors.Is(sent, context.Canceled) && err == nil {
		err = sent
	}
	if err == nil {
		err = r.sourceError()
	}
	return err
}

// finished says whether there is nothing more to send and nothing unanswered.
func (r *run) finished() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended && len(r.unanswered) == 0
}

// sourceError is the items' own error. It is asked for once they have ended.
func (r *run) sourceError() error {
	if r.source.err == nil {
		return nil
	}
	return finalError{r.source.err}
}

// send sends what is unanswered, then new items, then says that there are no
// more. An error of the stream itself is not returned: the receiver sees it
// too, with the server's reason.
func (r *run) send(ctx context.Context, st stream) error {
	r.mu.Lock()
	again := append([]*entry(nil), r.unanswered...)
	r.sent, r.base = nil, 0
	r.mu.Unlock()
	for _, e := range again {
		if !r.sendOne(st, e) {
			return nil
		}
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-r.source.entries:
			if !ok {
				r.mu.Lock()
				r.ended = true
				r.mu.Unlock()
				return st.CloseSend()
			}
			r.mu.Lock()
			r.unanswered = append(r.unanswered, e)
			r.taken++
			r.mu.Unlock()
			if !r.sendOne(st, e) {
				return nil
			}
		}
	}
}

// sendOne notes the item before it is sent: its answer may come first.
func (r *run) sendOne(st stream, e *entry) bool {
	r.mu.Lock()
	r.sent = append(r.sent, e)
	r.mu.Unlock()
	return st.Send(e.item) == nil
}

// receive takes receipts until the server ends the stream.
func (r *run) receive(st stream) error {
	for {
		receipt, err := st.Recv()
		if errors.Is(err, io.EOF) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if len(r.unanswered) > 0 || !r.ended {
				return errUnanswered
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.take(receipt); err != nil {
			return err
		}
	}
}

// take matches one receipt with its item and tells the caller.
func (r *run) take(receipt *pb.Receipt) error {
	// A store in trouble answers single items with UNAVAILABLE: whether they were
	// taken is not known, so they are sent again like all that is unanswered.
	if e := receipt.GetError(); e != nil && codes.Code(e.GetCode()) == codes.Unavailable {
		return status.FromProto(e).Err()
	}
	e, err := r.match(receipt)
	if err != nil {
		return finalError{err}
	}
	<-r.source.window
	p := &r.progress
	p.Answered++
	p.Broken = nil
	switch receipt.GetOutcome() {
	case "inserted":
		p.Inserted++
	case "updated":
		p.Updated++
	case "unchanged":
		p.Unchanged++
	case "pending":
		p.Pending++
	case "rejected":
		p.Rejected++
	}
	if r.answered != nil {
		if err := r.answered(Answer{e.index, e.item, receipt}); err != nil {
			return finalError{err}
		}
	}
	r.report()
	return nil
}

// awaitItem waits for the next item if nothing is unanswered. idle says that it
// did so. It is called between two connections.
func (r *run) awaitItem(ctx context.Context) (idle bool, err error) {
	r.mu.Lock()
	idle = len(r.unanswered) == 0 && !r.ended
	r.mu.Unlock()
	if !idle {
		return false, nil
	}
	select {
	case e, ok := <-r.source.entries:
		r.mu.Lock()
		defer r.mu.Unlock()
		if ok {
			r.unanswered = append(r.unanswered, e)
			r.taken++
		} else {
			r.ended = true
		}
		return true, nil
	case <-ctx.Done():
		return true, fmt.Errorf("stopped: %w", ctx.Err())
	}
}

// match finds the item that a receipt answers, by its position on the
// connection. The request id must agree, where the receipt has one.
func (r *run) match(receipt *pb.Receipt) (*entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	index, id := int(receipt.GetIndex()), receipt.GetRequestId()
	i := index - r.base
	if i < 0 || i >= len(r.sent) || r.sent[i] == nil {
		return nil, fmt.Errorf("the server answered item %d (request id %q), which was not sent or is answered already", index, id)
	}
	e := r.sent[i]
	if id != "" && id != RequestID(e.item) {
		return nil, fmt.Errorf("the server answered item %d with request id %q, but %q was sent", index, id, RequestID(e.item))
	}
	r.sent[i] = nil
	for len(r.sent) > 0 && r.sent[0] == nil {
		r.sent = r.sent[1:]
		r.base++
	}
	for k, u := range r.unanswered {
		if u == e {
			// Answers come nearly in order, so this is near the front.
			r.unanswered = append(r.unanswered[:k], r.unanswered[k+1:]...)
			break
		}
	}
	return e, nil
}

// state says how far the run is.
func (r *run) state() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.Taken = r.taken
	return r.progress
}

func (r *run) report() {
	if r.config.Progress != nil {
		r.config.Progress(r.state())
	}
}
