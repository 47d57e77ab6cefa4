package digest_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/inventorytest"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := inventorytest.Config{}.Inventory().Draw(t, "inventory")
		want := digest.Of(inv)
		inventorytest.Shuffle(t, inv)
		if got := digest.Of(inv); got != want {
			t.Fatalf("shuffled: %s, want %s", got, want)
		}
		// What is known survives the wire, and so does the digest.
		wire, err := proto.Marshal(inv)
		if err != nil {
			t.Fatal(err)
		}
		var back pb.Inventory
		if err := proto.Unmarshal(wire, &back); err != nil {
			t.Fatal(err)
		}
		if got := digest.Of(&back); got != want {
			t.Fatalf("after the wire: %s, want %s", got, want)
		}
	})
}

func TestAnyChangeShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := inventorytest.Config{Hosts: 2}.Inventory().Draw(t, "inventory")
		before, text := digest.Of(inv), inv.String()
		at := inventorytest.Change(t, inv)
		if digest.Of(inv) == before {
			t.Fatalf("a change at %s does not show:\n%s\n%s", at, text, inv)
		}
	})
}

// TestKnownAlikeOrNot goes through what may be known of a list and of a message.
func TestKnownAlikeOrNot(t *testing.T) {
	hosts := map[string]*pb.Host{
		"names not reported": {Id: "a"},
		"names empty":        {Id: "a", ReportedEmpty: []string{"names"}},
		"names partial":      {Id: "a", Partial: []string{"names"}},
		"names whole":        {Id: "a", Names: []string{"x"}},
		"names part known":   {Id: "a", Names: []string{"x"}, Partial: []string{"names"}},
		"os present":         {Id: "a", Os: &pb.OperatingSystem{}},
		"os empty name":      {Id: "a", Os: &pb.OperatingSystem{Name: proto.String("")}},
		"virtual false":      {Id: "a", Virtual: proto.Bool(false)},
		"virtual true":       {Id: "a", Virtual: proto.Bool(true)},
		"label empty":        {Id: "a", Labels: map[string]string{"": ""}},
		"setting empty":      {Id: "a", Settings: map[string]string{"": ""}},
		"fact without value": {Id: "a", Facts: map[string]*pb.FactValue{"f": {}}},
		"fact false":         {Id: "a", Facts: map[string]*pb.FactValue{"f": {Value: &pb.FactValue_BoolValue{}}}},
		"fact zero":          {Id: "a", Facts: map[string]*pb.FactValue{"f": {Value: &pb.FactValue_IntValue{}}}},
		"fact empty list": {Id: "a", Facts: map[string]*pb.FactValue{"f": {Value: &pb.FactValue_StringList{
			StringList: &pb.StringList{}}}}},
	}
	seen := map[digest.Digest]string{}
	for name, h := range hosts {
		d := digest.Of(h)
		if other, ok := seen[d]; ok {
			t.Errorf("%q and %q have one digest", name, other)
		}
		seen[d] = name
	}
	equal := func(what string, a, b proto.Message) {
		if digest.Of(a) != digest.Of(b) {
			t.Errorf("%s: digests differ", what)
		}
	}
	equal("an empty map", hosts["names not reported"], &pb.Host{Id: "a", Labels: map[string]string{}})
	equal("marks in any order", &pb.Host{Partial: []string{"names", "ports"}}, &pb.Host{Partial: []string{"ports", "names", "ports"}})
	equal("nanoseconds", &pb.Host{Os: &pb.OperatingSystem{PatchedTime: instant(1, 1999)}},
		&pb.Host{Os: &pb.OperatingSystem{PatchedTime: instant(1, 1000)}})
	unknown := &pb.Host{Id: "a"}
	unknown.ProtoReflect().SetUnknown(protoreflect.RawFields{0xf8, 0x3f, 1}) // field 1023
	equal("a field that is not known", hosts["names not reported"], unknown)
	if digest.Of(&pb.Zone{Id: "a"}) == digest.Of(&pb.Domain{Id: "a"}) {
		t.Error("the message's type does not show")
	}
}

// TestPartsMakeTheWhole holds Parts against Of.
func TestPartsMakeTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := inventorytest.Config{}.Inventory().Draw(t, "inventory")
		p := digest.Parts{Empty: inv.ReportedEmpty, Partial: inv.Partial}
		if inv.System != nil {
			p.System = digest.Of(inv.System)
		}
		for _, h := range inv.Hosts {
			p.Hosts = append(p.Hosts, digest.Of(h))
		}
		for _, f := range inv.Facilities {
			p.Facilities = append(p.Facilities, digest.Of(f))
		}
		if got, want := p.Digest(), digest.Of(inv); got != want {
			t.Fatalf("parts %s, whole %s", got, want)
		}
		if digest.Sum(digest.AppendInventory(nil, inv)) != digest.Of(inv) {
			t.Fatal("Of is not the sum of Append")
		}
	})
}

// TestInventoriesWhereverTheyStand looks at an inventory below a checklist.
func TestInventoriesWhereverTheyStand(t *testing.T) {
	checklist := func(hosts ...string) *pb.Checklist {
		inv := &pb.Inventory{}
		for _, id := range hosts {
			inv.Hosts = append(inv.Hosts, &pb.Host{Id: id})
		}
		rule := &pb.Rule{Id: "r", Examples: []*pb.Example{{Name: "e", Inventory: inv}}}
		return &pb.Checklist{Id: "c", Groups: []*pb.Group{{Id: "g", Rules: []*pb.Rule{rule, {Id: "s"}}}}}
	}
	a, b := checklist("a", "b"), checklist("b", "a")
	if digest.Of(a) != digest.Of(b) {
		t.Error("the order of an example's hosts shows")
	}
	rules := b.Groups[0].Rules
	rules[0], rules[1] = rules[1], rules[0]
	if digest.Of(a) == digest.Of(b) {
		t.Error("the order of rules does not show")
	}
}

func TestPolicySaysNothingOfItself(t *testing.T) {
	p := &pb.Policy{Precedence: []string{"agent", "cmdb"}}
	q := &pb.Policy{Name: "policy", Precedence: []string{"agent", "cmdb"}, Etag: "7", Digest: "v1:x", UpdateTime: instant(1, 0)}
	if digest.OfPolicy(p) != digest.OfPolicy(q) {
		t.Error("etag, digest or time show")
	}
	q.Precedence = []string{"cmdb", "agent"}
	if digest.OfPolicy(p) == digest.OfPolicy(q) {
		t.Error("the order of precedence does not show")
	}
}
