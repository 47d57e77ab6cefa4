package history_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

const series = "test~all~default"

// day0 is when the tests' clock begins.
var day0 = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func day(n int) time.Time { return day0.AddDate(0, 0, n) }

// failer is a test or a drawn case of one.
type failer interface {
	Helper()
	Fatal(args ...any)
}

// kit is an assessor over a store in memory, with a clock that stands still.
type kit struct {
	*assessor.Assessor
	failer
	t    *testing.T
	tick time.Duration // between two things that people do
	mu   sync.Mutex
	at   time.Time
}

func (k *kit) now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.at
}

func (k *kit) set(t time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = t
}

// rules is a checklist in which every kind of input has its place.
func rules(version string) *pb.Checklist {
	rule := func(id, scope, severity, area, applies, check string) *pb.Rule {
		return &pb.Rule{
			Id: id, Title: id, Area: area, Severity: severity, Weight: proto.Float64(1), Scope: scope, Applies: applies, Check: check,
			Message: "{" + scope + ".id} fails " + id, Multiple: true,
		}
	}
	clear := rule("clear", "channel", "high", "transport-security", "", "channel.protection.all(p, p != 'none')")
	clear.Exceptions = []*pb.Exception{{Id: "secure", When: "claimed('secure-room', channel.from.zone)", Text: "the zone is claimed to be secure"}}
	return &pb.Checklist{
		Id: "test", Version: version, Title: "A checklist for tests",
		Parameters: []*pb.Parameter{{Name: "patch_age", Type: "duration", Default: &pb.Value{Value: &pb.Value_DurationValue{DurationValue: durationpb.New(90 * 24 * time.Hour)}}}},
		Claims:     []*pb.ClaimDeclaration{{Id: "secure-room", Scope: "zone", Question: "Is the zone secure?"}},
		Facts:      []*pb.FactDeclaration{{Name: "reviewed", Scope: "host", Type: "bool", Question: "Was it reviewed?"}},
		Profiles:   []*pb.Profile{{Id: "all"}},
		Groups: []*pb.Group{{Id: "g", Rules: []*pb.Rule{
			rule("static", "host", "medium", "network", "", "host.addresses.all(a, a.static)"),
			rule("patched", "host", "high", "os-hardening", "", "host.os.patched_time > now - params.patch_age"),
			rule("reviewed", "host", "low", "identity", "", "host.boolFact('reviewed')"),
		}}, {Id: "h", Weight: proto.Float64(3), Rules: []*pb.Rule{
			rule("certificate", "endpoint", "critical", "transport-security", "endpoint.tls.enabled", "endpoint.tls.certificate.not_after > now"),
			clear,
		}}},
	}
}

// newKit has the checklist published and assigned to all systems.
func newKit(t *testing.T, f failer) *kit {
	f.Helper()
	l, err := ledger.Create(t.Context(), memory.New())
	if err != nil {
		f.Fatal(err)
	}
	k := &kit{failer: f, t: t, at: day0.Add(-time.Hour), tick: time.Second}
	if k.Assessor, err = assessor.New(t.Context(), l, assessor.Config{Clock: k.now}); err != nil {
		f.Fatal(err)
	}
	t.Cleanup(k.Close)
	k.publish(rules("1.0.0"))
	if _, err := k.Assign(t.Context(), "all", &pb.Assignment{Selector: &pb.Selector{}, Checklist: "test", Version: "1.0.0"}, "test"); err != nil {
		f.Fatal(err)
	}
	k.set(day0)
	return k
}

func (k *kit) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func (k *kit) publish(c *pb.Checklist) {
	k.Helper()
	compiled, problems := assess.Compile(c)
	if len(problems) > 0 {
		k.Fatal(problems)
	}
	_, err := k.Publish(k.t.Context(), compiled, "test", false)
	k.must(err)
}

// submit submits a source's view of system s, observed at an instant.
func (k *kit) submit(source string, at time.Time, text string) *pb.Receipt {
	k.Helper()
	inv, problems := inventoryfile.Inventory("test", []byte(text))
	if len(problems) > 0 {
		k.Fatal(problems, text)
	}
	out, err := k.Submit(k.t.Context(), []*pb.SubmitItem{{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
		System: "systems/s", Source: source, Inventory: inv, ObservedTime: timestamppb.New(at),
	}}}}, "test")
	k.must(err)
	if out[0].Error != nil {
		k.Fatal(out[0].Error)
	}
	return out[0]
}

// due lets the scheduler do what is due.
func (k *kit) due() {
	k.Helper()
	_, err := k.RunDue(k.t.Context())
	k.must(err)
}

// estate draws what a source says of system s: hosts with facts that age, some
// of them not told.
func estate(t *rapid.T, hosts int) string {
	text := "system: {id: s, product: test"
	if rapid.Bool().Draw(t, "channels") {
		text += fmt.Sprintf(", channels: [{id: c, protection: [%s], from: {zone: %s}}]",
			rapid.SampledFrom([]string{"none", "tls"}).Draw(t, "protection"), rapid.SampledFrom([]string{"z", "y"}).Draw(t, "zone"))
	}
	text += "}\nhosts:\n"
	for i := range hosts {
		text += fmt.Sprintf("- {id: h%d", i)
		if rapid.IntRange(0, 4).Draw(t, "address") > 0 {
			text += fmt.Sprintf(", addresses: [{ip: 10.0.0.%d, static: %v}]", i, rapid.Bool().Draw(t, "static"))
		}
		if rapid.IntRange(0, 2).Draw(t, "patched") > 0 {
			text += fmt.Sprintf(", os: {patched_time: %s}", day(rapid.IntRange(-85, 0).Draw(t, "patch")).Format(time.RFC3339))
		}
		if rapid.Bool().Draw(t, "endpoint") {
			text += fmt.Sprintf(", endpoints: [{id: '443', port: 443, tls: {enabled: true, certificate: {not_after: %s}}}]",
				day(rapid.IntRange(-5, 120).Draw(t, "not after")).Add(time.Hour).Format(time.RFC3339))
		}
		text += "}\n"
	}
	return text
}

// statement files one statement of a drawn kind, and says which.
func (k *kit) statement(t *rapid.T, n, now int) string {
	ctx, id := k.t.Context(), fmt.Sprintf("x%d", n)
	start := now + rapid.IntRange(-10, 40).Draw(t, "start")
	end := max(now, start) + rapid.IntRange(1, 60).Draw(t, "length")
	from, until := timestamppb.New(day(start)), timestamppb.New(day(end).Add(time.Hour))
	kind := rapid.SampledFrom([]string{"claim", "attestation", "waiver"}).Draw(t, "kind")
	var err error
	switch kind {
	case "claim":
		_, err = k.Statements.CreateClaim(ctx, "s", id, &pb.Claim{
			Claim: "secure-room", Subject: rapid.SampledFrom([]string{"z", "y"}).Draw(t, "zone"), Claimant: "Ada", StartTime: from, ExpireTime: until,
		}, "test")
	case "attestation":
		a := &pb.Attestation{Subject: "hosts/h0", Fact: "reviewed", Attestor: "Ada", StartTime: from, ExpireTime: until}
		a.Value = &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: rapid.Bool().Draw(t, "reviewed")}}
		if rapid.Bool().Draw(t, "patch") {
			a.Fact, a.Value = "os/patched_time", &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: timestamppb.New(day(start - rapid.IntRange(0, 80).Draw(t, "ago")))}}
		}
		_, err = k.Statements.CreateAttestation(ctx, "s", id, a, "test")
	case "waiver":
		_, err = k.Statements.CreateWaiver(ctx, "s", id, &pb.Waiver{
			Checklist: "test", Rule: rapid.SampledFrom([]string{"static", "clear", "certificate"}).Draw(t, "rule"), Reason: "accepted", StartTime: from, ExpireTime: until,
		}, "test")
		if err == nil {
			k.set(k.now().Add(k.tick))
			_, err = k.Statements.ApproveWaiver(ctx, "s", id, "test")
		}
	}
	k.must(err)
	k.set(k.now().Add(k.tick))
	return fmt.Sprintf("%s %s from day %d to %d", kind, id, start, end)
}

// version2 is another version: a rule asks otherwise, one is gone, one is new.
func version2(t *rapid.T) *pb.Checklist {
	c := rules("2.0.0")
	c.Groups[0].Rules[0].Check = "host.addresses.all(a, !a.static)"
	c.Groups[0].Rules[1].Severity = "low"
	if rapid.Bool().Draw(t, "parameter") {
		c.Parameters[0].Default.GetDurationValue().Seconds = int64(rapid.IntRange(1, 120).Draw(t, "age")) * 86400
	}
	if rapid.Bool().Draw(t, "question") {
		c.Claims[0].Question = "Is the zone guarded?"
	}
	return c
}

func timestamp(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }

func duration(days int) *durationpb.Duration {
	return durationpb.New(time.Duration(days) * 24 * time.Hour)
}

// revoke takes one of what people stated back.
func (k *kit) revoke(t *rapid.T) {
	ctx := context.WithoutCancel(k.t.Context())
	var revoke []func() error
	id := func(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
	claims, _ := k.Statements.Claims(ctx, "s")
	for _, c := range claims {
		revoke = append(revoke, func() error { _, err := k.Statements.RevokeClaim(ctx, "s", id(c.Name), "test"); return err })
	}
	waivers, _ := k.Statements.Waivers(ctx, "s")
	for _, w := range waivers {
		revoke = append(revoke, func() error { _, err := k.Statements.RevokeWaiver(ctx, "s", id(w.Name), "test"); return err })
	}
	attestations, _ := k.Statements.Attestations(ctx, "s")
	for _, a := range attestations {
		revoke = append(revoke, func() error { _, err := k.Statements.RevokeAttestation(ctx, "s", id(a.Name), "test"); return err })
	}
	if len(revoke) > 0 {
		k.must(revoke[rapid.IntRange(0, len(revoke)-1).Draw(t, "which")]())
	}
}
