package clients_test

import (
	"context"
	"fmt"
	"net"

	"github.com/plumbline/plumbline/clients"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// server is the least that can be called; a real one is `plumbline serve`.
type server struct {
	pb.UnimplementedInventoryServiceServer
	pb.UnimplementedAdminServiceServer
}

func (server) GetVersion(context.Context, *pb.GetVersionRequest) (*pb.Version, error) {
	return &pb.Version{Version: "1.0.0"}, nil
}

func (server) StreamSubmit(st grpc.BidiStreamingServer[pb.SubmitItem, pb.Receipt]) error {
	for i := int32(0); ; i++ {
		item, err := st.Recv()
		if err != nil {
			return nil
		}
		receipt := &pb.Receipt{System: item.GetSubmit().GetSystem(), RequestId: item.GetSubmit().GetRequestId(), Outcome: "inserted", Index: i}
		if err := st.Send(receipt); err != nil {
			return err
		}
	}
}

// serve starts the server on this machine and gives its address.
func serve() (address string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := grpc.NewServer()
	pb.RegisterInventoryServiceServer(s, server{})
	pb.RegisterAdminServiceServer(s, server{})
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	return l.Addr().String(), func() { s.Stop(); <-done }
}

// A client of a server on this machine needs no TLS; any other does.
func ExampleDial() {
	address, stop := serve()
	defer stop()
	ctx := context.Background()
	client, err := clients.Dial(ctx, clients.Config{Address: address, Insecure: true, UserAgent: "my-sync-job/1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	version, err := client.Admin().GetVersion(ctx, &pb.GetVersionRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(version.GetVersion())
	// Output: 1.0.0
}

// A sync job streams what a CMDB knows. A broken connection is its own affair no
// longer: each item is answered once.
func ExampleSubmitter_Submit() {
	address, stop := serve()
	defer stop()
	ctx := context.Background()
	client, err := clients.Dial(ctx, clients.Config{Address: address, Insecure: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	items := func(yield func(*pb.SubmitItem, error) bool) {
		for _, id := range []string{"intranet", "extranet"} {
			item := &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
				System: "systems/" + id, Source: "cmdb",
				Inventory: &pb.Inventory{System: &pb.System{Id: id, Product: proto.String("sharepoint-2007")}},
			}}}
			if !yield(item, nil) {
				return
			}
		}
	}
	submitter := clients.NewSubmitter(client.Inventory(), clients.SubmitterConfig{})
	done, err := submitter.Submit(ctx, items, func(a clients.Answer) error {
		fmt.Println(a.Receipt.GetSystem(), a.Receipt.GetOutcome())
		return nil
	})
	fmt.Println(done.Answered, "answered,", err)
	// Output:
	// systems/intranet inserted
	// systems/extranet inserted
	// 2 answered, <nil>
}

// What a server answers is taken apart for people.
func ExampleAsProblem() {
	ctx := context.Background()
	address, stop := serve()
	stop() // nobody is there any more
	client, err := clients.Dial(ctx, clients.Config{Address: address, Insecure: true, Attempts: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	_, err = client.Inventory().GetSystem(ctx, &pb.GetSystemRequest{Name: "systems/intranet"})
	if p := clients.AsProblem(err); p != nil {
		fmt.Println(p.Code)
	}
	// Output: Unavailable
}
