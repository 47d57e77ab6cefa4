package rule_test

import (
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/rule/ruletest"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// partial makes an inventory of which up to n pieces are not known.
func partial(r *rand.Rand, w *world, n int) *pb.Inventory {
	inv := ruletest.Whole(r, w.list)
	for range r.Intn(n) {
		ruletest.Forget(r, inv)
	}
	return inv
}

// TestCompletions asks for what is decided on a partial inventory: cel-go must
// say the same on completions of it.
func TestCompletions(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewSource(2 + *seed))
	decided := 0
	for range 60 * *soak {
		inv := partial(r, w, 150)
		var whole []*pb.Inventory
		for range 3 {
			whole = append(whole, ruletest.Complete(r, w.list, inv))
		}
		for range 40 {
			scope := ruletest.Scopes[r.Intn(len(ruletest.Scopes))]
			all := subjects(inv, scope)
			if len(all) == 0 {
				continue
			}
			e := all[r.Intn(len(all))]
			src, p := w.condition(r, scope)
			w.bind(inv, now)
			w.subject(e)
			got := p.Bool(w.machine)
			if got == rule.Unknown {
				continue
			}
			decided++
			o, err := w.oracles.Oracle(src, scope)
			if err != nil {
				t.Fatal(err)
			}
			for _, full := range whole {
				x, ok := sameSubject(full, scope, e)
				if !ok {
					t.Fatal("a completion lacks a subject")
				}
				if err := check(src, got, oracle(o, scope, x, full, now)); err != nil {
					t.Fatalf("on a completion: %v", err)
				}
			}
		}
	}
	if decided < 500 {
		t.Errorf("only %d results were decided", decided)
	}
}

// TestInformationOnlyDecides takes pieces of information away one after
// another: a result may become unknown, and must not change otherwise.
func TestInformationOnlyDecides(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewSource(3 + *seed))
	turned := 0
	for range 120 * *soak {
		inv := ruletest.Whole(r, w.list)
		scope := ruletest.Scopes[r.Intn(len(ruletest.Scopes))]
		all := subjects(inv, scope)
		if len(all) == 0 {
			continue
		}
		e := all[r.Intn(len(all))]
		type run struct {
			src  string
			p    *rule.Program
			last rule.Tri
		}
		var runs []run
		w.bind(inv, now)
		for range 12 {
			src, p := w.condition(r, scope)
			w.subject(e)
			runs = append(runs, run{src, p, p.Bool(w.machine)})
		}
		for range 40 {
			inv = proto.CloneOf(inv)
			for range 1 + r.Intn(5) {
				ruletest.Forget(r, inv)
			}
			x, ok := sameSubject(inv, scope, e)
			if !ok {
				break // the subject itself was taken away
			}
			w.bind(inv, now)
			for i := range runs {
				w.subject(x)
				got := runs[i].p.Bool(w.machine)
				switch {
				case got == runs[i].last:
				case got == rule.Unknown:
					turned++
				default:
					t.Fatalf("%s\nwas %v and is %v after something was forgotten", runs[i].src, runs[i].last, got)
				}
				if missing := w.machine.Missing(); (got == rule.Unknown) != (len(missing) > 0) {
					t.Fatalf("%s\nis %v, and %d facts are missing", runs[i].src, got, len(missing))
				}
				runs[i].last = got
			}
		}
	}
	if turned < 100 {
		t.Errorf("only %d results became unknown", turned)
	}
}

// TestMissingSuffices fills in exactly the facts that an unknown result
// misses, from a completion of the inventory, then what it misses thereafter,
// and so on: the result comes to be decided, and nothing that was not named has
// to be known for it.
func TestMissingSuffices(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewSource(4 + *seed))
	decided := 0
	for range 300 * *soak {
		known := partial(r, w, 400)
		whole := ruletest.Complete(r, w.list, known)
		for range 20 {
			inv := proto.CloneOf(known)
			scope := ruletest.Scopes[r.Intn(len(ruletest.Scopes))]
			all := subjects(inv, scope)
			if len(all) == 0 {
				continue
			}
			src, p := w.condition(r, scope)
			if w.fillUntilDecided(t, src, p, all[r.Intn(len(all))], inv, whole) {
				decided++
			}
		}
	}
	if decided < 60 {
		t.Errorf("only %d results came to be decided", decided)
	}
}

// fillUntilDecided tells whether a result was unknown and came to be decided.
func (w *world) fillUntilDecided(t *testing.T, src string, p *rule.Program, e element, inv, whole *pb.Inventory) bool {
	for step := 0; ; step++ {
		w.bind(inv, now)
		w.subject(e)
		if p.Bool(w.machine) != rule.Unknown {
			return step > 0
		}
		if step > 40 {
			t.Fatalf("%s\nis not decided after 40 steps, misses %v", src, w.missing())
		}
		filled, seen := false, map[string]bool{}
		for _, f := range w.machine.Missing() {
			path := w.machine.Path(f)
			if path == "" || seen[path] {
				t.Fatalf("%s\nmisses %q, which is no path or stands twice", src, path)
			}
			seen[path] = true
			filled = reveal(inv, whole, path) || filled
		}
		if !filled { // ids that name nothing, and tables' entries
			return false
		}
	}
}

// reveal copies what whole has at a fact path to inv; false where it has
// nothing.
func reveal(inv, whole *pb.Inventory, path string) bool {
	steps := strings.Split(path, "/")
	to, from, m := pointer(inv), pointer(whole), shape.Of(inv)
	if f := m.Field(steps[0]); f == nil { // a list of the system
		if inv.System == nil {
			inv.System = &pb.System{Id: whole.System.Id}
		}
		to, from, m = pointer(inv.System), pointer(whole.System), shape.Of(inv.System)
	}
	for i := 0; i < len(steps); i++ {
		f := m.Field(steps[i])
		last := i == len(steps)-1
		switch {
		case f == nil:
			return false
		case f.Kind == shape.Nested && f.Card == shape.List && !last:
			i++
			to, from, m = find(f, to, steps[i]), find(f, from, steps[i]), f.Elem
			if from == nil || to == nil {
				return false
			}
		case f.Kind == shape.Nested && f.Card == shape.One && !last:
			if f.Nested(to) == nil {
				f.SetNested(to, f.Elem.New())
			}
			to, from, m = f.Nested(to), f.Nested(from), f.Elem
		case f.Card == shape.Map:
			return revealEntry(f, to, from, shape.KeyOfPath(steps[i+1]))
		default:
			f.Copy(to, from)
			empty, marked := m.Marks(to)
			m.SetMarks(to, empty, slices.DeleteFunc(slices.Clone(marked), func(s string) bool { return s == f.Name }))
			if f.Presence(from) == shape.Empty {
				f.MarkEmpty(to)
			}
			return true
		}
	}
	return false
}

func find(f *shape.Field, owner unsafe.Pointer, key string) unsafe.Pointer {
	for _, e := range f.Elems(owner) {
		if k, _ := f.Elem.Key.Text(e); k == shape.KeyOfPath(key) {
			return e
		}
	}
	return nil
}

func revealEntry(f *shape.Field, to, from unsafe.Pointer, key string) bool {
	if f.Kind == shape.Fact {
		v, ok := f.FactMap(from)[key]
		if ok {
			entries := maps.Clone(f.FactMap(to))
			if entries == nil {
				entries = map[string]*pb.FactValue{}
			}
			entries[key] = v
			f.SetFactMap(to, entries)
		}
		return ok
	}
	v, ok := f.TextMap(from)[key]
	if ok {
		entries := maps.Clone(f.TextMap(to))
		if entries == nil {
			entries = map[string]string{}
		}
		entries[key] = v
		f.SetTextMap(to, entries)
	}
	return ok
}

// TestPiecewiseConstant evaluates at instants from one until before the
// horizon: the result is the same.
func TestPiecewiseConstant(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewSource(5 + *seed))
	bounded := 0
	for range 160 * *soak {
		inv := partial(r, w, 60)
		for range 30 {
			scope := ruletest.Scopes[r.Intn(len(ruletest.Scopes))]
			all := subjects(inv, scope)
			if len(all) == 0 {
				continue
			}
			e := all[r.Intn(len(all))]
			src, p := w.condition(r, scope)
			at := now + []int64{0, -1, -3_600_000_000, 3_600_000_000, -90_000_000_000_000_000, 200_000_000_000_000_000}[r.Intn(6)]
			w.bind(inv, at)
			w.subject(e)
			got, horizon := p.Bool(w.machine), w.machine.Horizon()
			if horizon <= at {
				t.Fatalf("%s\nholds from %d until %d", src, at, horizon)
			}
			if horizon == rule.Forever {
				horizon = at + 1<<52
			} else {
				bounded++
			}
			for _, later := range []int64{at + 1, at + (horizon-at)/2, horizon - 2, horizon - 1, at + r.Int63n(horizon-at)} {
				if later < at || later >= horizon {
					continue
				}
				w.bind(inv, later)
				w.subject(e)
				if again := p.Bool(w.machine); again != got {
					t.Fatalf("%s\nis %v at %d and %v at %d, before the horizon %d", src, got, at, again, later, horizon)
				}
				if h := w.machine.Horizon(); h != rule.Forever && h < horizon && w.machine.Horizon() <= later {
					t.Fatalf("%s\nhas the horizon %d at %d", src, h, later)
				}
			}
		}
	}
	if bounded < 100 {
		t.Errorf("only %d results had a horizon", bounded)
	}
}
