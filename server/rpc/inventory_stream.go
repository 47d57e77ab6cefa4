package rpc

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/codec"
	"github.com/plumbline/plumbline/server/fault"
)

// streamWindow is how many items of one stream may wait for their receipts.
// A client that does not read its receipts stops being read from.
const streamWindow = 1024

// StreamSubmit implements InventoryService. Items are taken as they come;
// receipts go back in the order in which items become durable, each with the
// index of its item.
func (s *Inventory) StreamSubmit(stream grpc.BidiStreamingServer[pb.SubmitItem, pb.Receipt]) error {
	ctx, stop := context.WithCancel(stream.Context())
	defer stop()
	x := &exchange{
		service: s, stream: stream, receipts: make(chan *pb.Receipt, streamWindow),
		room: make(chan struct{}, streamWindow), stop: stop,
	}
	x.sending.Add(1)
	go x.send()
	err := x.receive(ctx)
	x.waiting.Wait() // every item that was taken is answered, or failed
	close(x.receipts)
	x.sending.Wait()
	return errors.Join(err, x.err())
}

// exchange is one stream under way.
type exchange struct {
	service  *Inventory
	stream   grpc.BidiStreamingServer[pb.SubmitItem, pb.Receipt]
	receipts chan *pb.Receipt
	room     chan struct{} // one token an item without a sent receipt
	waiting  sync.WaitGroup
	sending  sync.WaitGroup
	stop     context.CancelFunc

	mu     sync.Mutex
	failed error
}

func (x *exchange) err() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.failed
}

// fail ends the stream with the first error.
func (x *exchange) fail(err error) {
	x.mu.Lock()
	if x.failed == nil {
		x.failed = err
	}
	x.mu.Unlock()
	x.stop()
}

// receive takes items until the client has no more, or the stream failed.
func (x *exchange) receive(ctx context.Context) error {
	who := auth.FromContext(ctx)
	for index := int32(0); ; index++ {
		select {
		case x.room <- struct{}{}:
		case <-ctx.Done():
			return nil // the failure, or the client's going, is known
		}
		item, err := x.stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		x.waiting.Add(1)
		if err := codec.Fault(item); err != nil {
			bad := &fault.Error{Code: codes.InvalidArgument, Reason: fault.ReasonMalformed, Message: err.Error()}
			x.answer(index, &pb.Receipt{Outcome: "rejected", Error: fault.Status(bad, "").Proto()}, nil)
			continue
		}
		if err := auth.CheckSource(ctx, sourceOf(item)); err != nil {
			x.answer(index, &pb.Receipt{Outcome: "rejected", Error: fault.Status(err, "").Proto()}, nil)
			continue
		}
		err = x.service.assessor.SubmitAsync(ctx, item, who.Actor, func(r *pb.Receipt, err error) { x.answer(index, r, err) })
		if err != nil {
			x.answer(index, nil, err)
		}
	}
}

// answer hands a receipt to the sender; there is room for every item taken.
func (x *exchange) answer(index int32, r *pb.Receipt, err error) {
	defer x.waiting.Done()
	if err != nil {
		x.fail(err)
		return
	}
	r.Index = index
	x.receipts <- r
}

// send sends receipts; after a failure it only makes room.
func (x *exchange) send() {
	defer x.sending.Done()
	broken := false
	for r := range x.receipts {
		if !broken {
			if err := x.stream.Send(r); err != nil {
				broken = true
				x.fail(err)
			}
		}
		<-x.room
	}
}
