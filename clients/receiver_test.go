package clients

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
)

// receiver is a small server that keeps to the API's contract: it takes an item
// once, whatever is repeated, and answers each item of a stream once.
type receiver struct {
	pb.UnimplementedInventoryServiceServer
	pb.UnimplementedAdminServiceServer
	listener *bufconn.Listener
	// trouble decides before and after each item what goes wrong; nil for nothing.
	trouble func() fault
	// silence is how long a stream may be silent; zero for ever.
	silence time.Duration

	mu    sync.Mutex
	taken map[string]*pb.SubmitItem
	// times counts how often an item took effect.
	times   map[string]int
	conns   map[net.Conn]bool
	calls   int
	streams int
	token   []string
}

// fault is what goes wrong with one item.
type fault int

const (
	noFault fault = iota
	// cutBefore cuts all connections before the item is taken.
	cutBefore
	// cutAfter cuts all connections once it is taken and before it is answered.
	cutAfter
	// endEarly ends the stream in good order with the item unanswered.
	endEarly
	// resetStream ends it as a proxy's reset looks.
	resetStream
	// storeDown answers the item with UNAVAILABLE.
	storeDown
	// denied ends the stream with PERMISSION_DENIED.
	denied
	// strayIndex and strayID answer something that was not sent.
	strayIndex
	strayID
)

// startReceiver serves over memory until the test ends.
func startReceiver(t testing.TB, trouble func() fault) *receiver {
	t.Helper()
	r := &receiver{
		listener: bufconn.Listen(64 << 10), trouble: trouble,
		taken: map[string]*pb.SubmitItem{}, times: map[string]int{}, conns: map[net.Conn]bool{},
	}
	s := grpc.NewServer()
	pb.RegisterInventoryServiceServer(s, r)
	pb.RegisterAdminServiceServer(s, r)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Serve(r.listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) && err.Error() != "closed" {
			t.Errorf("serve: %v", err)
		}
	}()
	t.Cleanup(func() { s.Stop(); <-done })
	return r
}

// client dials the receiver.
func (r *receiver) client(t testing.TB, token string) *Client {
	t.Helper()
	c, err := Dial(t.Context(), Config{Address: "passthrough:///memory", Insecure: true, Token: token, Dialer: r.dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// dial keeps the connections so that they can be cut.
func (r *receiver) dial(ctx context.Context, _ string) (net.Conn, error) {
	c, err := r.listener.DialContext(ctx)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = true
	return c, nil
}

func (r *receiver) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		c.Close()
	}
	clear(r.conns)
}

// take takes an item once; a repeated one gives the same answer.
func (r *receiver) take(item *pb.SubmitItem, index int) *pb.Receipt {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := RequestID(item)
	receipt := &pb.Receipt{RequestId: id, Index: int32(index), System: item.GetSubmit().GetSystem(), Outcome: "inserted"}
	if item.GetSubmit().GetSource() == "" && item.GetUpsert().GetSource() == "" {
		receipt.Outcome = "rejected"
		receipt.Error = &statuspb.Status{Code: int32(codes.InvalidArgument), Message: "no source"}
		return receipt
	}
	if before, ok := r.taken[id]; ok {
		receipt.RepeatedRequest = true
		if !proto.Equal(before, item) {
			receipt.Outcome, receipt.Error = "rejected", &statuspb.Status{Code: int32(codes.InvalidArgument), Message: "other content"}
		}
		return receipt
	}
	r.taken[id] = item
	r.times[id]++
	return receipt
}

// recv receives an item, unless the client is silent for too long.
func (r *receiver) recv(st grpc.BidiStreamingServer[pb.SubmitItem, pb.Receipt]) (*pb.SubmitItem, error) {
	if r.silence == 0 {
		return st.Recv()
	}
	type received struct {
		item *pb.SubmitItem
		err  error
	}
	got := make(chan received, 1)
	go func() {
		item, err := st.Recv()
		got <- received{item, err}
	}()
	select {
	case x := <-got:
		return x.item, x.err
	case <-time.After(r.silence):
		return nil, status.Error(codes.DeadlineExceeded, "the stream was silent for too long")
	}
}

func (r *receiver) StreamSubmit(st grpc.BidiStreamingServer[pb.SubmitItem, pb.Receipt]) error {
	r.mu.Lock()
	r.streams++
	md, _ := metadata.FromIncomingContext(st.Context())
	r.token = md.Get("authorization")
	r.mu.Unlock()
	for index := 0; ; index++ {
		item, err := r.recv(st)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		f := noFault
		if r.trouble != nil {
			f = r.trouble()
		}
		var receipt *pb.Receipt
		switch f {
		case cutBefore:
			r.cut()
			return nil
		case endEarly:
			return nil
		case resetStream:
			return status.Error(codes.Internal, "stream terminated by RST_STREAM")
		case denied:
			return status.Error(codes.PermissionDenied, "this token may not write")
		case strayIndex:
			receipt = &pb.Receipt{Index: 7, RequestId: RequestID(item)}
		case strayID:
			receipt = &pb.Receipt{Index: int32(index), RequestId: "another"}
		case storeDown:
			receipt = &pb.Receipt{Index: int32(index), RequestId: RequestID(item), Outcome: "rejected",
				Error: status.New(codes.Unavailable, "the outcome is not known").Proto()}
		default:
			receipt = r.take(item, index)
		}
		if f == cutAfter {
			r.cut()
			return nil
		}
		if err := st.Send(receipt); err != nil {
			return err
		}
	}
}

// SubmitInventory is unavailable as often as trouble says.
func (r *receiver) SubmitInventory(_ context.Context, req *pb.SubmitInventoryRequest) (*pb.Receipt, error) {
	r.mu.Lock()
	r.calls++
	r.mu.Unlock()
	if r.trouble != nil && r.trouble() != noFault {
		return nil, status.Error(codes.Unavailable, "shutting down")
	}
	return r.take(&pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: req}}, 0), nil
}

// CreateToken fails always, so that a test can count the calls.
func (r *receiver) CreateToken(context.Context, *pb.CreateTokenRequest) (*pb.CreateTokenResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	return nil, status.Error(codes.Unavailable, "shutting down")
}

// GetVersion is unavailable as often as trouble says.
func (r *receiver) GetVersion(ctx context.Context, _ *pb.GetVersionRequest) (*pb.Version, error) {
	r.mu.Lock()
	r.calls++
	md, _ := metadata.FromIncomingContext(ctx)
	r.token = md.Get("authorization")
	r.mu.Unlock()
	if r.trouble != nil && r.trouble() != noFault {
		return nil, status.Error(codes.Unavailable, "shutting down")
	}
	return &pb.Version{Version: "1"}, nil
}

// randomly gives a fault once in so many items.
func randomly(seed uint64, once int, faults ...fault) func() fault {
	rng := rand.New(rand.NewPCG(seed, 1))
	var mu sync.Mutex
	return func() fault {
		mu.Lock()
		defer mu.Unlock()
		if rng.IntN(once) == 0 {
			return faults[rng.IntN(len(faults))]
		}
		return noFault
	}
}
