package assessor

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/states"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

// day0 is when the tests' clock begins.
var day0 = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// clock is a clock that stands still until it is set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// kit is an assessor over a store in memory, with a clock and a checklist.
type kit struct {
	*Assessor
	t        *testing.T
	clock    *clock
	observed []int64 // instants that were submitted as observed, by act
}

// rules is a small checklist: a fact of a host, a patch age, a certificate,
// and a claim.
func rules() *pb.Checklist {
	one := 1.0
	rule := func(id, scope, applies, check string) *pb.Rule {
		return &pb.Rule{
			Id: id, Title: id, Area: "network", Severity: "medium", Weight: &one, Scope: scope, Applies: applies, Check: check,
			Message: "{" + scope + ".id} fails " + id,
		}
	}
	static := rule("static", "host", "", "host.addresses.all(a, a.static)")
	patched := rule("patched", "host", "", "host.os.patched_time > now - params.patch_age")
	certificate := rule("certificate", "endpoint", "endpoint.tls.enabled", "endpoint.tls.certificate.not_after > now")
	certificate.Multiple = true
	clear := rule("clear", "channel", "", "channel.protection.all(p, p != 'none')")
	clear.Exceptions = []*pb.Exception{{Id: "secure", When: "claimed('secure-room', channel.from.zone)", Text: "the zone is claimed to be secure"}}
	return &pb.Checklist{
		Id: "test", Version: "1.0.0", Title: "A checklist for tests",
		Parameters: []*pb.Parameter{{Name: "patch_age", Type: "duration", Default: &pb.Value{Value: &pb.Value_DurationValue{DurationValue: duration(90 * 24 * time.Hour)}}}},
		Claims:     []*pb.ClaimDeclaration{{Id: "secure-room", Scope: "zone", Question: "Is the zone secure?"}},
		Profiles:   []*pb.Profile{{Id: "all"}},
		Groups:     []*pb.Group{{Id: "g", Rules: []*pb.Rule{static, patched, certificate, clear}}},
	}
}

func newKit(t *testing.T) *kit {
	t.Helper()
	ctx := t.Context()
	l, err := ledger.Create(ctx, memory.New())
	if err != nil {
		t.Fatal(err)
	}
	k := &kit{t: t, clock: &clock{t: day0.Add(-time.Hour)}}
	k.Assessor, err = New(ctx, l, Config{Clock: k.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	compiled, problems := assess.Compile(rules())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, err := k.Publish(ctx, compiled, "test", false); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Assign(ctx, "all", &pb.Assignment{Selector: &pb.Selector{}, Checklist: "test"}, "test"); err != nil {
		t.Fatal(err)
	}
	k.clock.set(day0)
	return k
}

// inventory reads an inventory in YAML.
func (k *kit) inventory(text string) *pb.Inventory {
	k.t.Helper()
	inv, problems := inventoryfile.Inventory("test", []byte(text))
	if len(problems) > 0 {
		k.t.Fatal(problems)
	}
	return inv
}

// submit submits one source's view of system s, observed at an instant.
func (k *kit) submit(source string, at time.Time, text string) *pb.Receipt {
	k.t.Helper()
	return k.send(&pb.SubmitInventoryRequest{System: "systems/s", Source: source, Inventory: k.inventory(text), ObservedTime: timestamppb.New(at)})
}

func (k *kit) send(req *pb.SubmitInventoryRequest) *pb.Receipt {
	k.t.Helper()
	out, err := k.Submit(k.t.Context(), []*pb.SubmitItem{{Item: &pb.SubmitItem_Submit{Submit: req}}}, "test")
	if err != nil {
		k.t.Fatal(err)
	}
	return out[0]
}

const series = "test~all~default"

// state is the combined state of a rule as of an instant, as known at another
// (zero: now).
func (k *kit) state(rule string, asOf, knownAt time.Time) string {
	k.t.Helper()
	w := past.When{}
	if !asOf.IsZero() {
		w.AsOf = asOf.UnixMicro()
	}
	if !knownAt.IsZero() {
		w.KnownAt = knownAt.UnixMicro()
	}
	st, err := k.StateAt(context.Background(), "s", series, w)
	if err != nil {
		return err.Error()
	}
	rows := rowsOf(st)
	for _, r := range rows {
		if st.Rules[r.Rule] == rule {
			return r.State.String()
		}
	}
	return "no result"
}

// rowsOf are a state's results as they are stored.
func rowsOf(st *past.State) []states.Row {
	x, err := states.NewIndex(st.Stored, st.Rules)
	if err != nil {
		panic(err) // it was read so before
	}
	return x.Rows
}
