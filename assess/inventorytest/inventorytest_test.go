package inventorytest_test

import (
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/assess/merge/intake"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// TestInventoriesAreValidAndNormal holds what is generated against the
// constraints of the .proto files and against the normal form.
func TestInventoriesAreValidAndNormal(t *testing.T) {
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]inventorytest.Config{"any": {}, "full": {Full: true, Hosts: 2, Elements: 2}} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			inv := c.Inventory().Draw(t, "inventory")
			if err := validator.Validate(inv); err != nil {
				t.Fatal(err)
			}
			if v := intake.Validate(inv); len(v) > 0 {
				t.Fatal(v)
			}
			normal := proto.Clone(inv).(*pb.Inventory)
			intake.Normalize(normal)
			if !proto.Equal(normal, inv) {
				t.Fatalf("not normal:\n%v\n%v", inv, normal)
			}
		}))
	}
}

// TestFullIsFull looks for a field that was left out.
func TestFullIsFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := inventorytest.Config{Full: true, Hosts: 1, Elements: 1}.Inventory().Draw(t, "inventory")
		var walk func(m protoreflect.Message)
		walk = func(m protoreflect.Message) {
			fields := m.Descriptor().Fields()
			empty := m.Interface().(interface{ GetReportedEmpty() []string })
			for i := range fields.Len() {
				fd := fields.Get(i)
				switch {
				case fd.Number() > 100 && !fd.IsMap():
				case fd.IsList() && !m.Has(fd):
					found := false
					for _, n := range empty.GetReportedEmpty() {
						found = found || n == string(fd.Name())
					}
					if !found {
						t.Fatalf("%s is not reported", fd.FullName())
					}
				case !fd.IsList() && !fd.IsMap() && fd.HasPresence() && !m.Has(fd):
					t.Fatalf("%s is absent", fd.FullName())
				case fd.IsMap() && !m.Has(fd):
					t.Fatalf("%s is empty", fd.FullName())
				case fd.IsList() && fd.Message() != nil:
					for j := range m.Get(fd).List().Len() {
						if el := m.Get(fd).List().Get(j).Message(); hasLists(el) {
							walk(el)
						}
					}
				}
			}
		}
		walk(inv.ProtoReflect())
	})
}

func hasLists(m protoreflect.Message) bool {
	_, ok := m.Interface().(interface{ GetReportedEmpty() []string })
	return ok
}

// TestAlterations holds Less, Change and Shuffle to what they promise, by
// protobuf's own comparison.
func TestAlterations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := inventorytest.Config{}.Inventory().Draw(t, "inventory")
		less, taken := inventorytest.Less(t, inv)
		if taken != "" && proto.Equal(less, inv) {
			t.Fatalf("nothing was taken at %s", taken)
		}
		if v := intake.Validate(less); len(v) > 0 {
			t.Fatalf("taking %s: %v", taken, v)
		}
		changed := proto.Clone(inv).(*pb.Inventory)
		at := inventorytest.Change(t, changed)
		if proto.Equal(changed, inv) {
			t.Fatalf("nothing changed at %s", at)
		}
		shuffled := proto.Clone(inv).(*pb.Inventory)
		inventorytest.Shuffle(t, shuffled)
		intake.Normalize(shuffled)
		if !proto.Equal(shuffled, inv) {
			t.Fatalf("shuffling changed the content:\n%v\n%v", inv, shuffled)
		}
	})
}
