package machine

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestClaims compares with asking each claim in turn, at every instant of a
// short time, and holds the horizon against what comes.
func TestClaims(t *testing.T) {
	const end = 12
	at := rapid.Int64Range(0, end)
	claimAt := rapid.Custom(func(t *rapid.T) *pb.Claim {
		stamp := func(name string) *timestamppb.Timestamp { return timestamppb.New(time.UnixMicro(at.Draw(t, name))) }
		c := &pb.Claim{Claim: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id"), Subject: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "subject")}
		c.ExpireTime = stamp("expire")
		if rapid.Bool().Draw(t, "starts") {
			c.StartTime = stamp("start")
		}
		if rapid.IntRange(0, 3).Draw(t, "revoked") == 0 {
			c.RevokeTime = stamp("revoke")
		}
		return c
	})
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(claimAt, 0, 6).Draw(t, "claims")
		holds := func(at int64, subject string) bool {
			for _, c := range list {
				from, to := int64(-1), c.ExpireTime.AsTime().UnixMicro()
				if c.StartTime != nil {
					from = c.StartTime.AsTime().UnixMicro()
				}
				if c.RevokeTime != nil {
					to = min(to, c.RevokeTime.AsTime().UnixMicro())
				}
				if c.Claim == "a" && (subject == "" || c.Subject == subject) && from <= at && at < to {
					return true
				}
			}
			return false
		}
		m := &Machine{}
		for at := range int64(end) {
			for _, subject := range []string{"x", ""} {
				m.Reset(Context{Inventory: &pb.Inventory{}, Claims: NewClaims(list), At: at, Budget: 1})
				got := m.AnyClaimed("a")
				if subject != "" {
					m.Reset(Context{Inventory: &pb.Inventory{}, Claims: NewClaims(list), At: at, Budget: 1})
					got = m.Claimed("a", subject)
				}
				if got != holds(at, subject) {
					t.Fatalf("at %d, subject %q: claimed is %v", at, subject, got)
				}
				// The horizon is the next instant at which the answer differs.
				turn := int64(Forever)
				for later := at + 1; later <= end; later++ {
					if holds(later, subject) != got {
						turn = later
						break
					}
				}
				if m.Horizon() != turn {
					t.Fatalf("at %d, subject %q: it is %v until %d, want %d", at, subject, got, m.Horizon(), turn)
				}
				if got && subject != "" && m.ClaimUsed() != "a for x" {
					t.Fatalf("the claim used is %q", m.ClaimUsed())
				}
			}
		}
	})
}

// TestFind looks up elements in short and long lists: the index and the search
// agree, and the first of two with one id counts.
func TestFind(t *testing.T) {
	for _, n := range []int{0, 1, searched, searched + 1, 200} {
		inv := &pb.Inventory{System: &pb.System{Id: "s"}}
		for i := range n {
			inv.Hosts = append(inv.Hosts, &pb.Host{Id: fmt.Sprint("h", i)})
			inv.System.Zones = append(inv.System.Zones, &pb.Zone{Id: fmt.Sprint("h", i)})
		}
		if n > 0 {
			inv.Hosts = append(inv.Hosts, &pb.Host{Id: "h0"})
		}
		m := &Machine{}
		for range 2 { // the second time over a machine that was used
			m.Reset(Context{Inventory: inv, Budget: 1000})
			for i := range n {
				if got := m.Find(inventoryShape.Field("hosts"), m.system.root, fmt.Sprint("h", i)); got != shape.Ptr(inv.Hosts[i]) {
					t.Errorf("host %d of %d is not found", i, n)
				}
				if got := m.Find(systemShape.Field("zones"), m.system.sys, fmt.Sprint("h", i)); got != shape.Ptr(inv.System.Zones[i]) {
					t.Errorf("zone %d of %d is not found", i, n)
				}
			}
			if got := m.Find(inventoryShape.Field("hosts"), m.system.root, "nope"); got != nil {
				t.Errorf("of %d something else is found", n)
			}
			m.Reset(Context{Inventory: &pb.Inventory{}, Budget: 1000})
			if got := m.Find(inventoryShape.Field("hosts"), m.system.root, "h0"); got != nil {
				t.Error("a host of the context before is found")
			}
		}
	}
}
