package subject_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/assess/shape"
	"github.com/plumbline/plumbline/assess/subject"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func inventory() *pb.Inventory {
	return &pb.Inventory{
		System: &pb.System{
			Id: "shop", Zones: []*pb.Zone{{Id: "dmz"}}, Units: []*pb.Unit{{Id: "farm", Parent: proto.String("site")}},
			Channels: []*pb.Channel{{Id: "c", From: &pb.Party{Zone: proto.String("lan")}, Boundaries: []string{"fw"}}},
		},
		Hosts: []*pb.Host{
			{Id: "web1", Facility: proto.String("dc1"), Endpoints: []*pb.Endpoint{{Id: "tcp/443"}}, Components: []*pb.Component{{Id: "iis"}}},
			{Id: "web2"}, {Id: "db1"},
		},
		Facilities: []*pb.Facility{{Id: "dc2"}},
	}
}

func TestPath(t *testing.T) {
	x := subject.NewIndex(inventory())
	for in, want := range map[string]string{
		"hosts/web1": "", "system": "", "hosts/web1/endpoints/tcp%2F443": "", "zones/dmz": "", "units/farm": "", "facilities/dc2": "",
		"hosts/?": "", "hosts/web1/endpoints/?": "", "hosts/web9/endpoints/?": "none",
		"hosts/web1|hosts/web2": "", "hosts/web1|hosts/web9": "hosts/web1 hosts/web2 hosts/db1",
		"hosts/*": "", "*": "", "*/components/*": "", "hosts/x*": "none", "hosts/w*b1": "", "hosts/w*x1": "none", "hosts/d*|hosts/*2": "", "hosts/d*|hosts/*9": "none",
		"hosts/wbe1": "hosts/db1 hosts/web1 hosts/web2", "zones/lan": "zones/dmz", "facilities/dc1": "facilities/dc2",
		"hosts/web1/components/isi": "hosts/web1/components/iis", "web1": "hosts/web1 hosts/db1 hosts/web2", "domains/d": "none",
	} {
		near, ok := x.Path(in)
		if got := strings.Join(near, " "); ok != (want == "") || !ok && got != strings.TrimPrefix(want, "none") {
			t.Errorf("%s: %v, near %s; want %s", in, ok, got, want)
		}
	}
}

func TestID(t *testing.T) {
	x := subject.NewIndex(inventory())
	for _, c := range []struct{ scope, id, want string }{
		{"host", "web1", ""}, {"host", "wbe1", "db1 web1 web2"}, {"host", "hosts/web1", "web1"}, {"host", "hosts/web7", "web1 web2 db1"},
		{"facility", "dc1", ""}, {"facility", "dc2", ""}, {"facility", "dc3", "dc1 dc2"}, {"unit", "site", ""}, {"boundary", "fw", ""},
		{"zone", "lan", ""}, {"system", "shop", ""}, {"system", "system", ""}, {"system", "web1", "shop"}, {"population", "all", "none"},
		{"component", "iis", ""}, {"component", "hosts/web1/components/iis", ""}, {"component", "hosts/web2/components/iis", "iis"},
	} {
		near, ok := x.ID(c.scope, c.id)
		if got := strings.Join(near, " "); ok != (c.want == "") || !ok && got != strings.TrimPrefix(c.want, "none") {
			t.Errorf("%s %s: %v, near %s; want %s", c.scope, c.id, ok, got, c.want)
		}
	}
	if _, ok := subject.NewIndex(nil).ID("host", "web1"); ok {
		t.Error("nothing has a host")
	}
}

// TestWhatIsThereIsFound asks for all hosts and facilities of drawn inventories.
func TestWhatIsThereIsFound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		inv := inventorytest.Config{Hosts: 3, Elements: 2}.Inventory().Draw(rt, "inventory")
		x := subject.NewIndex(inv)
		for _, h := range inv.Hosts {
			path := "hosts/" + shape.PathKey(h.Id)
			if _, ok := x.ID("host", h.Id); !ok {
				rt.Errorf("host %s is not found", h.Id)
			}
			if _, ok := x.Path(path); !ok {
				rt.Errorf("%s: %v", path, ok)
			}
			if f := h.GetFacility(); f != "" {
				if _, ok := x.ID("facility", f); !ok {
					rt.Errorf("facility %s, in which %s stands, is not found", f, h.Id)
				}
			}
		}
	})
}
