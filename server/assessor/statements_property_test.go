package assessor

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/change"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/past"
)

// act is one thing that happens in a generated history of submissions and of
// what people say. All of it is about instants of its own, whenever it is done.
type act struct {
	kind      string // "submit", "claim", "attest"
	at, until int    // days: from when it is so, and until when
	n         int    // which content, or which subject
}

// acts draws what happens over some forty days.
func acts(t *rapid.T) []act {
	n := rapid.IntRange(2, 7).Draw(t, "n")
	out := make([]act, n)
	for i := range out {
		at := rapid.IntRange(0, 40).Draw(t, "at")
		out[i] = act{
			kind: rapid.SampledFrom([]string{"submit", "claim", "attest", "attest"}).Draw(t, "kind"),
			at:   at, until: at + rapid.IntRange(1, 60).Draw(t, "days"), n: 1000*i + rapid.IntRange(0, 999).Draw(t, "content"),
		}
	}
	out[0].kind, out[0].at = "submit", 0 // so that there is a system
	return out
}

// perform does one thing, and says why it was refused where it was.
func (k *kit) perform(i int, x act) error {
	k.t.Helper()
	ctx, id := k.t.Context(), fmt.Sprintf("x%d", i)
	switch x.kind {
	case "claim":
		_, err := k.Statements.CreateClaim(ctx, "s", id, &pb.Claim{
			Claim: "secure-room", Subject: "z", Claimant: "Ada", StartTime: timestamppb.New(day(x.at)), ExpireTime: timestamppb.New(day(x.until)),
		}, "test")
		return err
	case "attest":
		_, err := k.Statements.CreateAttestation(ctx, "s", id, &pb.Attestation{
			Subject: "hosts/web1", Fact: "os/patched_time", Attestor: "Ada",
			Value:     &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: timestamppb.New(day(x.at - x.n%120))}},
			StartTime: timestamppb.New(day(x.at)), ExpireTime: timestamppb.New(day(x.until)),
		}, "test")
		return err
	}
	s := said{source: "cmdb", observed: time.Duration(x.at) * 24 * time.Hour, content: x.n}
	if r := k.submit(s.source, day(x.at), withoutPatches(s)); r.Error != nil {
		return fmt.Errorf("%v", r.Error)
	}
	return nil
}

// withoutPatches is a submission that leaves patches to people. No two say the
// same of the host or of the system, since confirmations between the first and
// the last of a version are not kept.
func withoutPatches(s said) string {
	return fmt.Sprintf(`
system: {id: s, product: test, labels: {n: "%d"}, channels: [{id: c, protection: [%s], from: {zone: z}}]}
hosts:
- {id: web1, labels: {n: "%d"}, addresses: [{ip: 10.0.0.1, static: %v}]}
`, s.content, []string{"none", "tls"}[s.content%2], s.content, s.content%3 == 0)
}

// compare checks that what is stored of sampled instants is what a fresh
// evaluation of the inventory and the statements of the instant gives.
func (k *kit) compare(rt *rapid.T, rnd *rand.Rand, days int, trace any) {
	for i := range 60 {
		at := day0.Add(time.Duration(rnd.Int63n(int64(days) * int64(24*time.Hour))))
		st, err := k.StateAt(k.t.Context(), "s", []string{series, tailored}[i%2], past.When{AsOf: at.UnixMicro()})
		if notThere(err) {
			continue
		}
		if err != nil {
			rt.Fatal(err)
		}
		if d := st.Evaluation.Digest(); string(d[:]) != string(st.Stored.Digest) {
			rt.Fatalf("%s as of %v: stored %s, evaluated %v\n%+v", st.Series, at, table(k.t, k, at), evaluated(st), trace)
		}
	}
}

// TestStatementsInAnyOrder: claims and attestations that are filed late, in any
// order with submissions, give the states that filing them in time gives, and
// those are what evaluation says.
func TestStatementsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := acts(rt)
		order := rapid.Permutation(list[1:]).Draw(rt, "order")
		run := func(order []act) *kit {
			k := newKit(t)
			k.clock.set(day(41))
			for i, x := range append([]act{list[0]}, order...) {
				k.clock.set(day(41).Add(time.Duration(i) * time.Second))
				// Statements that have ended already are refused: nothing to compare.
				x.until += 60
				if err := k.perform(slices.IndexFunc(list, func(y act) bool { return y.n == x.n }), x); err != nil {
					rt.Fatal(err, x)
				}
			}
			k.clock.set(day(200))
			if _, err := k.RunDue(t.Context()); err != nil {
				rt.Fatal(err)
			}
			return k
		}
		a, b := run(list[1:]), run(order)
		a.compare(rt, rand.New(rand.NewSource(rapid.Int64().Draw(rt, "seed"))), 200, list)
		if ambiguous(list) {
			return
		}
		for d := 0; d < 200; d += 3 {
			at := day(d).Add(time.Minute)
			if x, y := table(t, a, at), table(t, b, at); x != y {
				rt.Fatalf("as of %v\n%s\nin another order\n%s\n%+v\n%+v", at, x, y, list, order)
			}
		}
	})
}

// ambiguous tells whether a history has two submissions for one instant: of
// these the later arrival holds.
func ambiguous(list []act) bool {
	seen := map[int]bool{}
	for _, x := range list {
		if x.kind == "submit" && seen[x.at] {
			return true
		}
		seen[x.at] = seen[x.at] || x.kind == "submit"
	}
	return false
}

// TestGovernedHistory: submissions, statements of all kinds with approvals,
// renewals and revocations, and new guidance, with the clock moving between:
// what is stored is what evaluation says, and what was known stays.
func TestGovernedHistory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := newKit(t)
		k.plans.KeepFrom(rapid.SampledFrom([]int{1, change.CacheFrom}).Draw(rt, "cache"))
		if err := k.tailor(30); err != nil {
			rt.Fatal(err)
		}
		if _, err := k.Assign(t.Context(), "local", &pb.Assignment{Selector: &pb.Selector{}, Checklist: "test", Tailoring: "tailorings/local"}, "test"); err != nil {
			rt.Fatal(err)
		}
		k.clock.set(day0.Add(time.Minute))
		now := 0
		if err := k.perform(0, act{kind: "submit"}); err != nil {
			rt.Fatal(err)
		}
		var trace []string
		type belief struct {
			asOf, knownAt time.Time
			table         string
		}
		var beliefs []belief
		for i := range rapid.IntRange(3, 10).Draw(rt, "n") {
			i++
			now += rapid.IntRange(0, 12).Draw(rt, "pause")
			clock := day(now).Add(time.Duration(i) * 2 * time.Hour)
			k.clock.set(clock)
			if rapid.Bool().Draw(rt, "scheduler") {
				if _, err := k.RunDue(t.Context()); err != nil {
					rt.Fatal(err)
				}
			}
			what := rapid.SampledFrom([]string{"submit", "claim", "attest", "waive", "revoke", "renew", "version", "parameter", "tailor", "activate", "retire"}).Draw(rt, "what")
			x := act{kind: what, at: max(0, now-rapid.IntRange(0, 10).Draw(rt, "ago")), until: now + rapid.IntRange(1, 30).Draw(rt, "days"), n: 1000*i + rapid.IntRange(0, 999).Draw(rt, "content")}
			trace = append(trace, fmt.Sprintf("%+v on day %d", x, now))
			if err := k.happen(i, x); err != nil {
				rt.Fatal(err, trace)
			}
			k.clock.set(clock.Add(time.Hour))
			if _, err := k.RunDue(t.Context()); err != nil {
				rt.Fatal(err)
			}
			asOf := day(rapid.IntRange(0, now).Draw(rt, "as of")).Add(time.Minute)
			beliefs = append(beliefs, belief{asOf, k.clock.now(), k.known(asOf, k.clock.now())})
		}
		k.clock.set(day(now + 40))
		if _, err := k.RunDue(t.Context()); err != nil {
			rt.Fatal(err)
		}
		k.compare(rt, rand.New(rand.NewSource(rapid.Int64().Draw(rt, "seed"))), now+40, trace)
		for _, b := range beliefs {
			if got := k.known(b.asOf, b.knownAt); got != b.table {
				rt.Fatalf("as of %v, known at %v: %s, was %s\n%v", b.asOf, b.knownAt, got, b.table, trace)
			}
		}
	})
}

// happen does one thing at the clock's instant.
func (k *kit) happen(i int, x act) error {
	ctx, id := k.t.Context(), fmt.Sprintf("x%d", i)
	switch x.kind {
	case "attest":
		err := k.perform(i, x)
		if fault.Code(err) == codes.InvalidArgument { // the host is retired
			return nil
		}
		return err
	case "submit", "claim":
		return k.perform(i, x)
	case "waive":
		if _, err := k.Statements.CreateWaiver(ctx, "s", id, &pb.Waiver{
			Checklist: "test", Rule: []string{"static", "clear"}[x.n%2], Reason: "accepted", ExpireTime: timestamppb.New(day(x.until)),
		}, "test"); err != nil {
			return err
		}
		k.clock.set(k.clock.now().Add(time.Minute))
		_, err := k.Statements.ApproveWaiver(ctx, "s", id, "test")
		return err
	case "revoke":
		return k.revokeOne(x.n)
	case "renew":
		all, err := k.Statements.Attestations(ctx, "s")
		for _, a := range all {
			if a.State == "active" && err == nil && a.ExpireTime.AsTime().Before(day(x.until)) {
				_, err = k.Statements.RenewAttestation(ctx, "s", &pb.RenewAttestationRequest{Name: a.Name, ExpireTime: timestamppb.New(day(x.until))}, "test")
			}
		}
		return err
	case "tailor":
		return k.tailor(int64(x.n % 100))
	case "activate":
		_, err := k.Activate(ctx, &pb.ActivateAssignmentRequest{
			Name: "assignments/all", Version: []string{"1.0.0", "latest"}[x.n%2], StartTime: timestamppb.New(day(x.until)),
		}, "test")
		return err
	case "retire":
		return k.RetireHost(ctx, "web1", "", "test")
	case "parameter":
		return k.newVersion(i, func(c *pb.Checklist) { c.Parameters[0].Default.GetDurationValue().Seconds = int64(x.n%100) * 86400 })
	}
	return k.newVersion(i, func(c *pb.Checklist) {
		if x.n%2 == 0 {
			c.Groups[0].Rules[0].Check = "host.addresses.all(a, !a.static)"
		} else {
			c.Claims[0].Question = fmt.Sprint("Is the zone secure, in other words ", x.n, "?")
		}
	})
}

// tailored is the series of the assignment that follows a tailoring.
const tailored = "test~all~local"

// tailor publishes a version of the tailoring, with another age of patches.
func (k *kit) tailor(days int64) error {
	c, _, err := k.Checklist("test", "1.0.0")
	if err != nil {
		return err
	}
	_, err = k.PublishTailoring(k.t.Context(), &pb.Tailoring{Id: "local", Parameters: map[string]*pb.Value{
		"patch_age": {Value: &pb.Value_DurationValue{DurationValue: duration(time.Duration(days) * 24 * time.Hour)}},
	}}, c, "", "test", false)
	return err
}

// newVersion publishes another version, which the assignment follows.
func (k *kit) newVersion(i int, change func(*pb.Checklist)) error {
	c := rules()
	c.Version = fmt.Sprintf("1.%d.0", i)
	change(c)
	compiled, problems := assess.Compile(c)
	if len(problems) > 0 {
		return fmt.Errorf("%v", problems)
	}
	_, err := k.Publish(k.t.Context(), compiled, "test", false)
	return err
}

// revokeOne revokes one of what was filed, whatever it is.
func (k *kit) revokeOne(n int) error {
	ctx := k.t.Context()
	var revoke []func() error
	claims, _ := k.Statements.Claims(ctx, "s")
	for _, c := range claims {
		revoke = append(revoke, func() error { _, err := k.Statements.RevokeClaim(ctx, "s", lastOf(c.Name), "test"); return err })
	}
	waivers, _ := k.Statements.Waivers(ctx, "s")
	for _, w := range waivers {
		revoke = append(revoke, func() error { _, err := k.Statements.RevokeWaiver(ctx, "s", lastOf(w.Name), "test"); return err })
	}
	attestations, _ := k.Statements.Attestations(ctx, "s")
	for _, a := range attestations {
		revoke = append(revoke, func() error { _, err := k.Statements.RevokeAttestation(ctx, "s", lastOf(a.Name), "test"); return err })
	}
	if len(revoke) == 0 {
		return nil
	}
	return revoke[n%len(revoke)]()
}

func lastOf(name string) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '/' {
			return name[i+1:]
		}
	}
	return name
}
