package rule_test

import (
	"flag"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/rule/ruletest"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The generated tests always run on the same inventories and conditions. To
// look for what they miss, run them longer and from elsewhere:
// go test ./assess/rule -args -soak 50 -seed 1000.
var (
	soak = flag.Int("soak", 1, "how many times longer the generated tests run")
	seed = flag.Int64("seed", 0, "where their random numbers begin")
)

// world is the checklist of the tests with all that belongs to it.
type world struct {
	list    *pb.Checklist
	env     *rule.Env
	values  *rule.Values
	claims  *rule.Claims
	oracles *ruletest.Oracles
	machine *rule.Machine
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{list: ruletest.Checklist(), claims: rule.NewClaims(ruletest.Claims())}
	var issues []rule.Issue
	if w.env, issues = rule.NewEnv(w.list); len(issues) > 0 {
		t.Fatal(issues)
	}
	if w.values, issues = rule.NewValues(w.env, nil, nil); len(issues) > 0 {
		t.Fatal(issues)
	}
	w.oracles = ruletest.NewOracles(w.env, w.list)
	w.machine = rule.NewMachine(rule.Context{Inventory: &pb.Inventory{}, Values: w.values})
	return w
}

func (w *world) bind(inv *pb.Inventory, at int64) {
	w.machine.Reset(rule.Context{Inventory: inv, Values: w.values, Claims: w.claims, At: at})
}

func (w *world) compile(t testing.TB, src, scope string) *rule.Program {
	t.Helper()
	p, issues := w.env.Compile(src, scope, rule.WantBool)
	if len(issues) > 0 {
		t.Fatalf("%s: %v", src, issues)
	}
	return p
}

// element is a subject: a message and the host around it.
type element struct {
	msg, host proto.Message
}

func pointer(m proto.Message) unsafe.Pointer {
	if m == nil {
		return nil
	}
	return reflect.ValueOf(m).UnsafePointer()
}

func (w *world) subject(e element) { w.machine.Subject(pointer(e.msg), pointer(e.host)) }

// subjects are a scope's subjects in an inventory.
func subjects(inv *pb.Inventory, scope string) []element {
	var out []element
	add := func(msg, host proto.Message) { out = append(out, element{msg, host}) }
	switch scope {
	case "system":
		if inv.System != nil {
			add(inv.System, nil)
		}
		return out
	case "host":
		for _, h := range inv.Hosts {
			add(h, h)
		}
		return out
	}
	field := scope + "s"
	if strings.HasSuffix(scope, "y") {
		field = strings.TrimSuffix(scope, "y") + "ies"
	}
	in := func(owner proto.Message, host proto.Message) {
		m := shape.Of(owner)
		f := m.Field(field)
		if f == nil {
			return
		}
		for _, e := range f.Elems(pointer(owner)) {
			add(f.Elem.Proto(e), host)
		}
	}
	in(inv, nil)
	if inv.System != nil {
		in(inv.System, nil)
	}
	for _, h := range inv.Hosts {
		in(h, h)
	}
	return out
}

// oracle evaluates with cel-go.
func oracle(o *ruletest.Oracle, scope string, e element, inv *pb.Inventory, at int64) rule.Tri {
	if e.host != nil {
		o.Set("host", e.host)
	}
	o.Set(scope, e.msg)
	return o.Bool(inv, ruletest.Claims(), at)
}

// sameSubject finds the subject with the ids of e in another inventory.
func sameSubject(inv *pb.Inventory, scope string, e element) (element, bool) {
	key := func(m proto.Message) string {
		if m == nil {
			return ""
		}
		k, _ := shape.Of(m).Key.Text(pointer(m))
		return k
	}
	for _, x := range subjects(inv, scope) {
		if key(x.msg) == key(e.msg) && key(x.host) == key(e.host) {
			return x, true
		}
	}
	return element{}, false
}

// absorbs tells whether a condition has parts in which this engine lets a
// known element decide where cel-go gives an error: an element that cannot be
// computed, in a list, a third one under exists_one, or whom a claim is about
// that nobody has.
func absorbs(src string) bool {
	for _, part := range []string{"filter(", "map(", "exists_one(", "[", "claimed("} {
		if strings.Contains(src, part) {
			return true
		}
	}
	return false
}

// check compares a result with the oracle's on an inventory on which all is
// reported that the oracle's decision rests on.
func check(src string, got, want rule.Tri) error {
	switch {
	case want == rule.Unknown || got == rule.Unknown || got == want:
		return nil
	case want == rule.Error && absorbs(src):
		return nil
	}
	return fmt.Errorf("%s\nis %v, cel-go says %v", src, got, want)
}

// conditions makes random conditions that compile, with their programs.
func (w *world) condition(r *rand.Rand, scope string) (string, *rule.Program) {
	for {
		src := ruletest.Condition(r, scope, 1+r.Intn(3))
		if p, issues := w.env.Compile(src, scope, rule.WantBool); len(issues) == 0 {
			return src, p
		}
	}
}

var now = ruletest.Now.UnixMicro()
