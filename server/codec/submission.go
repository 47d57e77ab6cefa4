package codec

import (
	"bytes"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/shape/wire"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// slabMost is up to how many bytes a submission is decoded by package wire, whose
// texts point into the bytes and whose messages lie side by side: it takes a third
// of the allocations. What outlives its request, be it one text, keeps all of that
// alive, so a large one is decoded piece by piece.
const slabMost = 64 << 10

// Of all requests, submissions alone are large and many.
var (
	submits = wire.For[pb.SubmitInventoryRequest]()
	upserts = wire.For[pb.UpsertHostsRequest]()
)

// arenas are empty: what was decoded is its request's.
var arenas sync.Pool // of *wire.Arena

// decode reads bytes, which stay the caller's, into an empty message.
func decode(m generated, b []byte) error {
	if len(b) <= slabMost && intoSlabs(m, b) {
		return nil
	}
	proto.Reset(m)
	return m.UnmarshalVT(b)
}

// intoSlabs decodes a submission, and tells whether it is one and could be decoded.
func intoSlabs(m generated, b []byte) bool {
	switch m := m.(type) {
	case *pb.SubmitInventoryRequest:
		return into(submits, m, b)
	case *pb.UpsertHostsRequest:
		return into(upserts, m, b)
	case *pb.SubmitItem:
		return item(m, b)
	}
	return false
}

func into[T any](t wire.Type[T], m *T, b []byte) bool {
	a, ok := arenas.Get().(*wire.Arena)
	if !ok {
		a = new(wire.Arena)
	}
	err := t.DecodeStrictly(a, m, bytes.Clone(b))
	a.Leave()
	arenas.Put(a)
	return err == nil
}

// item decodes an item that is one field, as an item should be.
func item(m *pb.SubmitItem, b []byte) bool {
	number, kind, n := protowire.ConsumeTag(b)
	if n < 0 || kind != protowire.BytesType {
		return false
	}
	value, k := protowire.ConsumeBytes(b[n:])
	if k < 0 || n+k != len(b) {
		return false
	}
	switch number {
	case 1:
		x := &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{}}
		m.Item = x
		return into(submits, x.Submit, value)
	case 2:
		x := &pb.SubmitItem_Upsert{Upsert: &pb.UpsertHostsRequest{}}
		m.Item = x
		return into(upserts, x.Upsert, value)
	}
	return false
}
