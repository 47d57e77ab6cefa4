package byhand

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/rules"
)

// TestSameWork: by hand all is found that the engine finds, on hosts of which
// everything is reported and on hosts with holes: the states, the instants until
// which they hold, the facts read and the facts missing. So the floor is a floor
// of the same work.
func TestSameWork(t *testing.T) {
	k, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	programs, err := rules.Compile(k)
	if err != nil {
		t.Fatal(err)
	}
	ids := rules.IDs(k)
	at := estate.Now.UnixMicro()
	unknown := 0
	for i, h := range estate.Hosts(1, 300) {
		if i >= 60 {
			r := rand.New(rand.NewPCG(7, uint64(i)))
			holes(r, h.ProtoReflect(), 1+r.IntN(30))
		}
		inv := rules.Inventory(h)
		var hand Machine
		engine := programs.NewMachine(inv, at)
		for n := range ids {
			want := programs.One(engine, n, inv, at)
			got := hand.One(n, h, at)
			if got.State != want.State || got.ValidUntil != until(want.ValidUntil) {
				t.Errorf("host %d, rule %s: %v until %d, and the engine says %v until %d", i, ids[n], got.State, got.ValidUntil, want.State, want.ValidUntil)
			}
			same(t, fmt.Sprintf("host %d, rule %s: facts read", i, ids[n]), named(hand.facts), engineNames(engine.Facts()))
			same(t, fmt.Sprintf("host %d, rule %s: facts missing", i, ids[n]), named(hand.missing), engineNames(engine.Missing()))
			if want.State == score.Unknown {
				unknown++
			}
		}
		if t.Failed() {
			t.Fatalf("%v", h)
		}
	}
	if unknown < 1000 {
		t.Errorf("only %d results are unknown: the holes are too few to show anything", unknown)
	}
}

// until leaves out the one horizon that is not written by hand: the engine ends
// a shifted now before the year 10000, where CEL's instants end.
func until(t int64) int64 {
	if t > 253_000_000_000_000_000 {
		return forever
	}
	return t
}

type name struct {
	base unsafe.Pointer
	text string
}

func named(refs []ref) map[name]bool {
	out := map[name]bool{}
	for _, r := range refs {
		if r.base == nil {
			out[name{text: "a table"}] = true
			continue
		}
		out[name{r.base, r.path.text}] = true
	}
	return out
}

func engineNames(refs []rule.FactRef) map[name]bool {
	out := map[name]bool{}
	for _, r := range refs {
		if r.Base == nil {
			out[name{text: "a table"}] = true
			continue
		}
		out[name{r.Base, r.Path.String()}] = true
	}
	return out
}

func same(t *testing.T, what string, got, want map[name]bool) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	texts := func(m map[name]bool) []string {
		var out []string
		for n := range m {
			out = append(out, n.text)
		}
		slices.Sort(out)
		return out
	}
	t.Errorf("%s are\n%v\nand the engine's are\n%v", what, texts(got), texts(want))
}

// holes takes values away from a message: n of a hundred of its fields, lists
// whole or in part.
func holes(r *rand.Rand, m protoreflect.Message, n int) {
	var partial, emptied []string
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := string(fd.Name())
		if name == "reported_empty" || name == "partial" || fd.Number() == 1 && fd.Kind() == protoreflect.StringKind {
			return true
		}
		away := r.IntN(100) < n
		switch {
		case fd.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
				if r.IntN(100) < n {
					v.Map().Clear(k)
				}
				return true
			})
		case fd.IsList():
			if fd.Message() != nil {
				for i := range v.List().Len() {
					holes(r, v.List().Get(i).Message(), n)
				}
			}
			switch {
			case away && r.IntN(3) == 0:
				m.Clear(fd)
				emptied = append(emptied, name)
			case away && r.IntN(2) == 0:
				m.Clear(fd)
			case away:
				v.List().Truncate(v.List().Len() - 1)
				partial = append(partial, name)
			}
		case away:
			m.Clear(fd)
		case fd.Message() != nil:
			holes(r, v.Message(), n)
		}
		return true
	})
	set := func(field string, names []string) {
		if fd := m.Descriptor().Fields().ByName(protoreflect.Name(field)); fd != nil {
			for _, n := range names {
				m.Mutable(fd).List().Append(protoreflect.ValueOfString(n))
			}
		}
	}
	set("reported_empty", emptied)
	set("partial", partial)
}
