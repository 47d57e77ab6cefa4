package intake_test

import (
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/assess/merge/intake"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestAgreesWithProtovalidate: what protovalidate says of the model's rules by
// reflection, Validate says by its table.
func TestAgreesWithProtovalidate(t *testing.T) {
	texts := []string{"", "x", "a/b", "tcp/443", "10.0.0.1", "fe80::1", "member", "emperor", "none", strings.Repeat("x", 300), "ipsec", "a\x01"}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.SampledFrom(texts)
		num := rapid.SampledFrom([]int32{-1, 0, 1, 443, 65535, 65536})
		inv := &pb.Inventory{
			System: &pb.System{
				Id:       text.Draw(rt, "system"),
				Channels: []*pb.Channel{{Id: text.Draw(rt, "channel"), Protection: []string{text.Draw(rt, "protection")}, Port: proto.Int32(num.Draw(rt, "port"))}},
				Zones:    []*pb.Zone{{Id: "z", Kind: proto.String(text.Draw(rt, "kind"))}},
			},
			Hosts: []*pb.Host{{
				Id: text.Draw(rt, "host"), DomainRole: proto.String(text.Draw(rt, "role")),
				Addresses: []*pb.Address{{Ip: text.Draw(rt, "ip")}},
				Ports:     []*pb.ListeningPort{{Id: text.Draw(rt, "id"), Port: proto.Int32(num.Draw(rt, "number"))}},
				Shares:    []*pb.Share{{Name: text.Draw(rt, "share")}},
			}},
		}
		want := protovalidate.Validate(inv) == nil
		var got []intake.Violation
		for _, v := range intake.Validate(inv) {
			if v.Reason == intake.NotAllowed || v.Reason == intake.OutOfRange || v.Reason == intake.EmptyKey {
				got = append(got, v)
			}
		}
		// A placeholder in an optional field is about to become absent, which
		// is the one difference.
		if want != (len(got) == 0) && !placeheld(inv) {
			rt.Fatalf("protovalidate: %v; Validate: %v\n%v", protovalidate.Validate(inv), got, inv)
		}
	})
}

func placeheld(inv *pb.Inventory) bool {
	return *inv.System.Zones[0].Kind == "" || *inv.Hosts[0].DomainRole == ""
}

// TestGeneratedAreValid: what protovalidate takes, Validate takes.
func TestGeneratedAreValid(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		inv := inventorytest.Config{Hosts: 2}.Inventory().Draw(rt, "inventory")
		if v := intake.Validate(inv); len(v) > 0 {
			rt.Fatalf("%v", v)
		}
	})
}
