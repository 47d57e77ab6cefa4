package submission

import (
	"crypto/sha256"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/digest"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// bodyOf identifies what a request says, so that a request id that comes again
// with something else to say is refused. Requests without an id need none.
// What a client may well change when it sends again, the order of lists, does
// not count: the digest is that of the canonical encoding.
func bodyOf(req proto.Message) [16]byte {
	switch r := req.(type) {
	case *pb.SubmitInventoryRequest:
		if r.RequestId == "" {
			return [16]byte{}
		}
		b := header(r.System, r.Source, r.SnapshotId, r.SnapshotComplete, r.ObservedTime.GetSeconds(), r.ObservedTime.GetNanos())
		return short(digest.Append(b, r.Inventory))
	case *pb.UpsertHostsRequest:
		if r.RequestId == "" {
			return [16]byte{}
		}
		b := header(r.System, r.Source, "", false, r.ObservedTime.GetSeconds(), r.ObservedTime.GetNanos())
		return short(digest.Append(b, &pb.Inventory{Hosts: r.Hosts}))
	}
	return [16]byte{}
}

func header(system, source, snapshot string, closing bool, seconds int64, nanos int32) []byte {
	b := make([]byte, 0, 4096)
	for _, s := range []string{system, source, snapshot} {
		b = append(append(b, s...), 0)
	}
	if closing {
		b = append(b, 1)
	}
	for shift := 0; shift < 64; shift += 8 {
		b = append(b, byte(seconds>>shift))
	}
	return append(b, byte(nanos), byte(nanos>>8), byte(nanos>>16), byte(nanos>>24))
}

func short(b []byte) [16]byte {
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}
