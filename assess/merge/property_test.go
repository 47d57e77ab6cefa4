package merge_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var small = inventorytest.Config{Hosts: 3, Elements: 2}

// answers are everything that Merged tells.
type answers struct {
	Digest        digest.Digest
	ValidUntil    int64
	Disagreements []merge.Disagreement
	Provenance    []merge.PathOrigin
	Stale         []merge.PathOrigin
	NotReported   []merge.NotReported
}

func ask(m *merge.Merged) answers {
	return answers{digest.Of(m.Inventory), m.ValidUntil, m.Disagreements(), m.Provenance(), m.Stale(), m.NotReported()}
}

// TestArrivalDoesNotMatter also holds Merge to leaving its input as it is.
func TestArrivalDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := small.Input().Draw(t, "input")
		before := make([]digest.Digest, 0, len(in.Hosts))
		for _, v := range in.Hosts {
			before = append(before, digest.Of(v.Host))
		}
		want := ask(merge.Merge(in))
		if got := ask(merge.Merge(inventorytest.Arrive(t, in))); !equalAnswers(got, want) {
			t.Fatalf("in another order:\n%+v\nwant\n%+v", got, want)
		}
		for i, v := range in.Hosts {
			if digest.Of(v.Host) != before[i] {
				t.Fatalf("view %d was changed", i)
			}
			inventorytest.Shuffle(t, v.Host) // nor does the order within a view
		}
		for _, v := range in.System {
			inventorytest.Shuffle(t, v.Inventory)
		}
		if got := ask(merge.Merge(in)); !equalAnswers(got, want) {
			t.Fatalf("of views that are not normalized:\n%+v\nwant\n%+v", got, want)
		}
	})
}

func equalAnswers(a, b answers) bool {
	return a.Digest == b.Digest && a.ValidUntil == b.ValidUntil &&
		slices.EqualFunc(a.Disagreements, b.Disagreements, func(x, y merge.Disagreement) bool {
			return x.Path == y.Path && slices.Equal(x.Values, y.Values)
		}) &&
		slices.Equal(a.Provenance, b.Provenance) && slices.Equal(a.Stale, b.Stale) &&
		slices.Equal(a.NotReported, b.NotReported)
}

// resubmitted is a merged inventory as the view of one source, as the server
// makes it of what a client sends.
func resubmitted(inv *pb.Inventory, at int64) merge.Input {
	inv = proto.Clone(inv).(*pb.Inventory)
	in := merge.Input{At: at}
	sv := merge.SystemView{Source: "client", Inventory: inv, Confirmed: at}
	sv.Hosts = shape.Of(inv).Field("hosts").Presence(shape.Ptr(inv))
	for _, h := range inv.Hosts {
		in.Hosts = append(in.Hosts, merge.HostView{Source: "client", Host: h, Confirmed: at, Reported: true})
	}
	inv.Hosts = nil
	in.System = []merge.SystemView{sv}
	return in
}

// TestReadBackAndSubmittedAgain is that what is read can be submitted and
// changes nothing.
func TestReadBackAndSubmittedAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := small.Input().Draw(t, "input")
		out := merge.Merge(in).Inventory
		if v := intake.Validate(out); len(v) > 0 {
			t.Fatalf("what is merged is not valid: %v", v)
		}
		normal := proto.Clone(out).(*pb.Inventory)
		intake.Normalize(normal)
		if !proto.Equal(normal, out) {
			t.Fatalf("what is merged is not normal:\n%v\n%v", out, normal)
		}
		again := merge.Merge(resubmitted(out, in.At)).Inventory
		if !proto.Equal(again, out) {
			t.Fatalf("submitted again:\n%v\n%v", out, again)
		}
	})
}

// TestOneSourceSharesItsMessages is that nothing is copied where nothing needs
// to be.
func TestOneSourceSharesItsMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := resubmitted(small.Inventory().Draw(t, "inventory"), 0)
		m := merge.Merge(in)
		if in.System[0].Inventory.System != m.Inventory.System {
			t.Fatal("the system was copied")
		}
		for i, h := range m.Inventory.Hosts {
			if in.Hosts[i].Host != h {
				t.Fatal("a host was copied")
			}
			if o, ok := m.Uniform(h.Id); !ok || o.Source != "client" {
				t.Fatalf("%s is of %v", h.Id, o)
			}
		}
		if d := m.Disagreements(); len(d) > 0 {
			t.Fatalf("a source disagrees with itself: %v", d)
		}
		for _, p := range m.Provenance() {
			if p.Source != "client" {
				t.Fatalf("%+v", p)
			}
		}
	})
}

// TestPiecewiseConstant merges at instants between now and ValidUntil.
func TestPiecewiseConstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := small.Input().Draw(t, "input")
		m := merge.Merge(in)
		if m.ValidUntil <= in.At {
			t.Fatalf("valid until %d, which is not after %d", m.ValidUntil, in.At)
		}
		if m.ValidUntil == merge.Never {
			return
		}
		want := ask(m)
		last := m.ValidUntil - 1
		in.At = rapid.SampledFrom([]int64{last, in.At + (last-in.At)/2, rapid.Int64Range(in.At, last).Draw(t, "some")}).Draw(t, "at")
		if got := ask(merge.Merge(in)); !equalAnswers(got, want) {
			t.Fatalf("at %d it is not what it was until %d:\n%+v\n%+v", in.At, m.ValidUntil, got, want)
		}
	})
}

// TestEverythingGoesStaleInTheEnd follows ValidUntil from step to step: it must
// come to an end, with nothing but ids left.
func TestEverythingGoesStaleInTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := small.Input().Draw(t, "input")
		ids := map[string]bool{}
		for _, v := range in.Hosts {
			ids[v.Host.Id] = true
		}
		for steps := 0; ; steps++ {
			m := merge.Merge(in)
			if len(m.Inventory.Hosts) != len(ids) {
				t.Fatalf("%d hosts of %d", len(m.Inventory.Hosts), len(ids))
			}
			if m.ValidUntil == merge.Never {
				if left := scalars(m.Inventory); len(left) > 0 {
					t.Fatalf("never stale: %v", left)
				}
				return
			}
			if steps > 300 {
				t.Fatal("no end")
			}
			in.At = m.ValidUntil
		}
	})
}

// TestOneSourceLess takes all views of one source away: what is there then was
// there before, or the source that went had hidden it.
func TestOneSourceLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := small.Input().Draw(t, "input")
		gone := rapid.SampledFrom(inventorytest.Sources).Draw(t, "gone")
		rest := in
		rest.System = slices.DeleteFunc(slices.Clone(in.System), func(v merge.SystemView) bool { return v.Source == gone })
		rest.Hosts = slices.DeleteFunc(slices.Clone(in.Hosts), func(v merge.HostView) bool { return v.Source == gone })
		with, without := merge.Merge(in), merge.Merge(rest)
		before, after := scalars(with.Inventory), scalars(without.Inventory)
		for path, value := range after {
			was, ok := before[path]
			if !ok && insideAtomic(path) {
				continue // the certificate of another source comes to light
			}
			o, _ := with.Source(path)
			if !ok || was != value && o.Source != gone {
				t.Fatalf("%s: %q before (of %v), %q after", path, was, o, value)
			}
		}
		for path, was := range before {
			o, found := with.Source(path)
			if !found {
				t.Fatalf("nobody says %s", path)
			}
			if now, ok := after[path]; o.Source != gone && (!ok || now != was) {
				t.Fatalf("%s of %s: %q before, %q after %s went", path, o.Source, was, now, gone)
			}
		}
	})
}

// TestProvenanceAgreesWithSource asks both for every value there is.
func TestProvenanceAgreesWithSource(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := small.Input().Draw(t, "input")
		m := merge.Merge(in)
		listed := map[string]merge.Origin{}
		for _, p := range m.Provenance() {
			listed[p.Path] = p.Origin
		}
		for path := range scalars(m.Inventory) {
			want, ok := m.Source(path)
			if got := nearest(listed, path); !ok || got != want {
				t.Fatalf("%s: Source says %v (%v), Provenance %v in\n%v", path, want, ok, got, listed)
			}
		}
	})
}

// TestDisagreementsAreSymmetric is that who is believed changes what holds, and
// not who disagrees.
func TestDisagreementsAreSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := small.Input().Draw(t, "input")
		freshness := &pb.Policy{Precedence: []string{"agent", "cmdb"}}
		other := &pb.Policy{Precedence: []string{merge.Attestation, "cmdb", "agent"}}
		a, b := in, in
		a.Policy, b.Policy = compile(t, freshness), compile(t, other)
		x, y := merge.Merge(a).Disagreements(), merge.Merge(b).Disagreements()
		same := slices.EqualFunc(x, y, func(x, y merge.Disagreement) bool {
			return x.Path == y.Path && len(x.Values) == len(y.Values) &&
				!slices.ContainsFunc(x.Values, func(v merge.SourceValue) bool { return !slices.Contains(y.Values, v) })
		})
		if !same {
			t.Fatalf("%v\n%v", x, y)
		}
		for _, d := range x {
			if len(d.Values) < 2 {
				t.Fatalf("one alone disagrees: %+v", d)
			}
			differs := func(v merge.SourceValue) bool { return v.Value != d.Values[0].Value }
			if !slices.ContainsFunc(d.Values, differs) {
				t.Fatalf("all agree: %+v", d)
			}
		}
	})
}

func compile(t interface{ Fatal(...any) }, p *pb.Policy) *merge.Policy {
	c, err := merge.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
