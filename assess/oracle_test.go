package assess_test

import (
	"fmt"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/rule/ruletest"
	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// cel-go's own evaluator is the oracle: it is two-valued, and so it answers
// for inventories that are reported in full. What remains open in them are
// lookups that find nothing and keys that maps and tables lack, which cel-go
// calls unknown or an error; then the engine must not decide either.

// oracle evaluates a checklist by cel-go.
type oracle struct {
	rules map[string]*oracleRule
}

type oracleRule struct {
	src            *pb.Rule
	scope          string
	applies, check *ruletest.Oracle // nil where the rule has none
	outdecides     bool             // the engine decides some of what cel-go does not
	exceptions     []oracleException
	undecided      map[string]bool  // pairs of which the oracle cannot say whether they are some
	inLeft         *ruletest.Oracle // of a pair: whether left and right are among
	inRight        *ruletest.Oracle // the elements, and whether the keys are equal
	sameKey        *ruletest.Oracle
	left, right    protoreflect.FieldDescriptor // the lists in which the elements stand
}

func newOracle(t testing.TB, c *assess.Checklist) *oracle {
	env, issues := rule.NewEnv(c.Source())
	if env == nil {
		t.Fatal(issues)
	}
	compiler := ruletest.NewOracles(env, c.Source())
	compile := func(src, scope string) *ruletest.Oracle {
		if strings.TrimSpace(src) == "" {
			return nil
		}
		o, err := compiler.Oracle(src, scope)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		return o
	}
	out := &oracle{rules: map[string]*oracleRule{}}
	for _, r := range c.Rules() {
		o := &oracleRule{src: r, scope: r.Scope, outdecides: partialLists.MatchString(r.Applies + r.Check)}
		if r.Scope == "pair" {
			p, issues := env.CompilePair(r.Pair)
			if p == nil {
				t.Fatal(issues)
			}
			o.scope = p.Scope
			types := strings.Split(strings.TrimPrefix(p.Scope, "pair:"), ",")
			o.left, o.right = listOf(types[0]), listOf(types[1])
			o.inLeft = compile(fmt.Sprintf("(%s).exists(x, x.id == left.id)", r.Pair.Left), o.scope)
			o.inRight = compile(fmt.Sprintf("(%s).exists(x, x.id == right.id)", r.Pair.Right), o.scope)
			o.sameKey = compile(fmt.Sprintf("(%s) == (%s)", r.Pair.LeftKey, r.Pair.RightKey), o.scope)
		}
		o.applies, o.check = compile(r.Applies, o.scope), compile(r.Check, o.scope)
		for _, x := range r.Exceptions {
			o.outdecides = o.outdecides || partialLists.MatchString(x.When)
			exception := oracleException{when: compile(x.When, o.scope), unclaimed: compile(unclaimed(x.When), o.scope)}
			for _, m := range claimID.FindAllStringSubmatch(x.When, -1) {
				exception.claims = append(exception.claims, m[1])
			}
			o.exceptions = append(o.exceptions, exception)
		}
		out.rules[r.Id] = o
	}
	return out
}

// oracleException is an exception, and what it comes to while its claims are in
// force for nobody: then claimed is false whatever its subject is, also one
// that is not known, which cel-go would call unknown.
type oracleException struct {
	claims          []string // its claims' ids
	when, unclaimed *ruletest.Oracle
}

// partialLists finds what cel-go cannot decide if it cannot decide it for every
// element, and the engine sometimes can: two that match suffice against
// exists_one, and one that is left suffices for what is asked of a filtered list.
var partialLists = regexp.MustCompile(`exists_one\(|filter\(|map\(`)

var claimID = regexp.MustCompile(`claimed\("([^"]*)"`)

// unclaimed puts false for the calls of claimed.
func unclaimed(when string) string {
	for {
		from := strings.Index(when, "claimed(")
		if from < 0 {
			return when
		}
		end, depth := from+len("claimed("), 1
		for ; depth > 0; end++ {
			switch when[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
		}
		when = when[:from] + "false" + when[end:]
	}
}

// anyInForce tells whether a claim of an id is in force for anybody.
func anyInForce(claims []*pb.Claim, id string, at int64) bool {
	now := time.UnixMicro(at)
	return slices.ContainsFunc(claims, func(c *pb.Claim) bool {
		return c.Claim == id && (c.StartTime == nil || !now.Before(c.StartTime.AsTime())) && now.Before(c.ExpireTime.AsTime()) &&
			(c.RevokeTime == nil || now.Before(c.RevokeTime.AsTime()))
	})
}

// listOf is the list in which messages of a type stand.
func listOf(typ string) protoreflect.FieldDescriptor {
	for _, m := range []proto.Message{&pb.Inventory{}, &pb.System{}} {
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			if fd := fields.Get(i); fd.IsList() && fd.Message() != nil && string(fd.Message().Name()) == typ {
				return fd
			}
		}
	}
	return nil
}

// candidate is what a rule may be asked about.
type candidate struct {
	id   string
	bind map[string]proto.Message
}

// candidates are all subjects of a scope, found by protoreflect alone.
func candidates(inv *pb.Inventory, scope string) (out []candidate) {
	add := func(prefix string, m protoreflect.Message, list protoreflect.Name, host *pb.Host) {
		fd := m.Descriptor().Fields().ByName(list)
		for _, e := range membersOf(m, fd) {
			c := candidate{prefix + string(list) + "/" + memberName(e, fd), map[string]proto.Message{scope: e.Message().Interface()}}
			if host != nil {
				c.bind["host"] = host
			}
			out = append(out, c)
		}
	}
	lists := map[string]protoreflect.Name{
		"unit": "units", "zone": "zones", "boundary": "boundaries", "channel": "channels", "population": "populations", "domain": "domains",
		"component": "components", "endpoint": "endpoints",
	}
	switch scope {
	case "system":
		return []candidate{{id: "system"}}
	case "host", "facility":
		add("", inv.ProtoReflect(), map[string]protoreflect.Name{"host": "hosts", "facility": "facilities"}[scope], nil)
	case "component", "endpoint":
		for _, h := range inv.Hosts {
			add("hosts/"+h.Id+"/", h.ProtoReflect(), lists[scope], h)
		}
	case "account":
		add("", inv.System.ProtoReflect(), "accounts", nil)
		for _, h := range inv.Hosts {
			add("hosts/"+h.Id+"/", h.ProtoReflect(), "accounts", nil)
		}
	default:
		add("", inv.System.ProtoReflect(), lists[scope], nil)
	}
	return out
}

// pairs are all pairs of two lists' elements, found the slow way. open tells
// that some may be missing.
func (o *oracleRule) pairs(inv *pb.Inventory, at int64) (out []candidate, open bool) {
	o.undecided = map[string]bool{}
	elems := func(fd protoreflect.FieldDescriptor) []protoreflect.Value {
		m := inv.ProtoReflect()
		if fd.ContainingMessage().Name() == "System" {
			m = inv.System.ProtoReflect()
		}
		return membersOf(m, fd)
	}
	for _, l := range elems(o.left) {
		for _, r := range elems(o.right) {
			c := candidate{
				id:   string(o.left.Name()) + "/" + memberName(l, o.left) + "|" + string(o.right.Name()) + "/" + memberName(r, o.right),
				bind: map[string]proto.Message{"left": l.Message().Interface(), "right": r.Message().Interface()},
			}
			isLeft, isRight := c.ask(o.inLeft, inv, nil, at), c.ask(o.inRight, inv, nil, at)
			same := o.left == o.right && memberName(l, o.left) == memberName(r, o.right)
			if isLeft == rule.False || isRight == rule.False {
				continue
			}
			switch k := c.ask(o.sameKey, inv, nil, at); {
			case isLeft > rule.True || isRight > rule.True || k > rule.True:
				// cel-go gives up a whole list for one element that it cannot decide;
				// of the others the engine knows whether they are in it.
				open = true
				o.undecided[c.id] = true
			case k == rule.True && !same:
				out = append(out, c)
			}
		}
	}
	return out, open
}

func (c candidate) ask(o *ruletest.Oracle, inv *pb.Inventory, claims []*pb.Claim, at int64) rule.Tri {
	for name, m := range c.bind {
		o.Set(name, m)
	}
	return o.Bool(inv, claims, at)
}

// state is what cel-go makes of a rule; Unset where it does not decide.
func (o *oracleRule) state(c candidate, inv *pb.Inventory, claims []*pb.Claim, at int64) score.State {
	if o.applies != nil {
		switch c.ask(o.applies, inv, claims, at) {
		case rule.False:
			return score.NotApplicable
		case rule.True:
		default:
			return score.Unset
		}
	}
	if o.check == nil {
		return score.NotChecked
	}
	v := c.ask(o.check, inv, claims, at)
	for _, x := range o.exceptions {
		o := x.when
		if !slices.ContainsFunc(x.claims, func(id string) bool { return anyInForce(claims, id, at) }) {
			o = x.unclaimed
		}
		v = rule.Or(v, c.ask(o, inv, claims, at))
	}
	switch v {
	case rule.True:
		return score.Pass
	case rule.False:
		return score.Fail
	}
	return score.Unset
}

// agrees holds an evaluation of a fully reported inventory against the oracle.
func (o *oracle) agrees(e *assess.Evaluation, claims []*pb.Claim) error {
	inv, found := e.Merged().Inventory, table(e)
	for _, r := range o.rules {
		if r.src.Role != "" {
			continue
		}
		var subjects []candidate
		open := false
		if r.src.Scope == "pair" {
			subjects, open = r.pairs(inv, e.At)
		} else {
			subjects = candidates(inv, r.scope)
		}
		for _, c := range subjects {
			got := found[rowKey{r.src.Id, c.id}]
			if got == nil {
				return fmt.Errorf("%s has no result for %s", r.src.Id, c.id)
			}
			want, is := r.state(c, inv, claims, e.At), got.State
			if is == score.Unknown || is == score.Error {
				is = score.Unset
			}
			if want != is && (want != score.Unset || !r.outdecides) {
				return fmt.Errorf("%s of %s is %s, and %s by the oracle", r.src.Id, c.id, got.State, want)
			}
		}
		if err := r.noOthers(found, subjects, open); err != nil {
			return err
		}
	}
	return nil
}

// noOthers looks for results that the oracle does not have.
func (o *oracleRule) noOthers(found map[rowKey]*assess.Result, subjects []candidate, open bool) error {
	known := map[string]bool{}
	for _, c := range subjects {
		known[c.id] = true
	}
	for key, r := range found {
		switch {
		case key.rule != o.src.Id || known[key.subject]:
		case key.subject == "" && r.State == score.NotApplicable && len(subjects) == 0 && !open:
		case isOpen(key.subject) && o.src.Scope == "pair", o.undecided[key.subject]:
		default:
			return fmt.Errorf("%s has a result for %q, which is none by the oracle", key.rule, key.subject)
		}
	}
	if open && found[rowKey{o.src.Id, "pairs" + openSuffix}] == nil {
		return fmt.Errorf("%s: there may be more pairs by the oracle", o.src.Id)
	}
	return nil
}

// TestShippedAgreeWithOracle completes what the examples' vocabulary gives.
func TestShippedAgreeWithOracle(t *testing.T) {
	eachShipped(t, func(t *testing.T, c *assess.Checklist) {
		v, p, o := vocabularyOf(c), wholePlan(t, c, ""), newOracle(t, c)
		decided := map[score.State]int{}
		rapid.Check(t, func(t *rapid.T) {
			r := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
			inv := ruletest.Complete(r, c.Source(), v.inventory(t, v.examples, 8))
			claims := v.claimed(t)
			e := p.EvaluateInventory(inv, claims, nil, v.at(t))
			for i := range e.Results {
				decided[e.Results[i].State]++
			}
			if err := o.agrees(e, claims); err != nil {
				t.Fatalf("%v at %s\n%s", err, when(e.At), prototext.Format(inv))
			}
		})
		if decided[score.Pass] == 0 || decided[score.Fail] == 0 {
			t.Errorf("the test says little: %v", decided)
		}
	})
}

// TestEngineAgreesWithOracle does it for rules of every form.
func TestEngineAgreesWithOracle(t *testing.T) {
	c := engine(t)
	p, o := wholePlan(t, c, ""), newOracle(t, c)
	rapid.Check(t, func(t *rapid.T) {
		cfg := engineConfig(t, 3, 2)
		cfg.Full = true
		inv, claims := cfg.Inventory().Draw(t, "inventory"), engineClaims(t)
		e := p.EvaluateInventory(inv, claims, nil, nearDay(t, "at"))
		if err := o.agrees(e, claims); err != nil {
			t.Fatalf("%v at %s\n%s", err, when(e.At), prototext.Format(inv))
		}
	})
}
