package servertest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/verify"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
)

// yearOf plays a year of a small fleet: six systems of which two share a host,
// three sources of which one is now and then down and sends what it saw
// afterwards, what people say, new versions, policies, and retirements. The same
// seed plays the same year.
type yearOf struct {
	*governance
	rnd     *rand.Rand
	systems []string
	n       int // makes ids
}

func (y *yearOf) one(of ...string) string { return of[y.rnd.Intn(len(of))] }

// play plays so many days.
func (y *yearOf) play(days int) {
	for d := range days {
		y.at(day0.Add(time.Duration(d)*24*time.Hour + time.Duration(y.rnd.Intn(3600))*time.Second))
		for i, s := range y.systems {
			if (d+i)%3 == 0 || y.rnd.Intn(4) == 0 {
				y.sync(s, d)
			}
		}
		for range 1 + y.rnd.Intn(2) {
			y.happen(d)
		}
	}
	y.at(y.clock.Now().Add(24 * time.Hour))
}

// sync is what a source sends of a system: mostly what it sent before.
func (y *yearOf) sync(system string, d int) {
	y.tick()
	req := estate(system)
	req.Source = y.one("cmdb", "cmdb", "agent", "scanner")
	observed := y.clock.Now()
	switch y.rnd.Intn(8) {
	case 0: // it was down, and sends what it saw then
		observed = observed.Add(-time.Duration(1+y.rnd.Intn(40*24)) * time.Hour)
	case 1: // its clock is ahead
		observed = observed.Add(time.Duration(y.rnd.Intn(240)) * time.Second)
	}
	req.ObservedTime = timestamppb.New(observed)
	inv := req.Inventory
	if y.rnd.Intn(3) == 0 {
		inv.Hosts[1].Addresses[0].Static = proto.Bool(y.rnd.Intn(2) == 0)
		inv.System.Channels[0].Protection = []string{y.one("none", "tls")}
	}
	if y.rnd.Intn(2) == 0 {
		inv.Hosts[0].Os.PatchedTime = timestamppb.New(day0.Add(time.Duration(d/30*30) * 24 * time.Hour))
	}
	switch y.rnd.Intn(6) {
	case 0: // a host is missing
		inv.Hosts = inv.Hosts[:1]
	case 1:
		inv.Partial = []string{"hosts"}
	case 2: // hosts alone
		_, err := y.inventory.UpsertHosts(y.t.Context(), &pb.UpsertHostsRequest{
			System: req.System, Source: req.Source, Hosts: inv.Hosts[:1], ObservedTime: req.ObservedTime,
		})
		y.may(err)
		return
	}
	if system == "s" || system == "s1" { // they share a host
		inv.Hosts = append(inv.Hosts, host("both", d%60 < 30))
	}
	_, err := y.inventory.SubmitInventory(y.t.Context(), req)
	y.may(err)
}

// may lets pass what is refused with reason.
func (y *yearOf) may(err error) {
	y.t.Helper()
	switch status.Code(err) {
	case codes.OK, codes.FailedPrecondition, codes.NotFound, codes.InvalidArgument, codes.AlreadyExists:
		return
	}
	y.t.Fatal(err, status.Convert(err).Details())
}

// happen is one thing that somebody does.
func (y *yearOf) happen(d int) {
	y.tick()
	y.n++
	ctx, id := y.t.Context(), fmt.Sprintf("x%d", y.n)
	system := "systems/" + y.systems[y.rnd.Intn(len(y.systems))]
	now := y.clock.Now()
	start := timestamppb.New(now.Add(time.Duration(y.rnd.Intn(20)-10) * 24 * time.Hour))
	end := timestamppb.New(now.Add(time.Duration(1+y.rnd.Intn(60)) * 24 * time.Hour))
	var err error
	switch y.rnd.Intn(12) {
	case 0:
		_, err = y.statements.CreateClaim(ctx, &pb.CreateClaimRequest{Parent: system, ClaimId: id, Claim: &pb.Claim{
			Claim: "secure-room", Subject: "dmz", Claimant: "Ada", StartTime: start, ExpireTime: end,
		}})
	case 1:
		_, err = y.statements.CreateAttestation(ctx, &pb.CreateAttestationRequest{Parent: system, AttestationId: id, Attestation: &pb.Attestation{
			Subject: "facilities/dc1", Fact: "escorted", Attestor: "Ada", StartTime: start, ExpireTime: end,
			Value: &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: y.rnd.Intn(2) == 0}},
		}})
	case 2:
		if _, err = y.statements.CreateWaiver(ctx, &pb.CreateWaiverRequest{Parent: system, WaiverId: id, Waiver: &pb.Waiver{
			Checklist: "gov", Rule: y.one("static", "patched", "clear"), Reason: "accepted", ExpireTime: end,
		}}); err == nil {
			y.tick()
			_, err = y.statements.ApproveWaiver(ctx, &pb.ApproveWaiverRequest{Name: system + "/waivers/" + id})
		}
	case 3:
		err = y.revoke(system)
	case 4:
		if d%5 == 0 {
			version := fmt.Sprintf("version: 1.%d.0", y.n)
			y.publishYAML(edited("version: 1.0.0", version, "default: 2160h", fmt.Sprintf("default: %dh", 24*(20+y.rnd.Intn(100)))))
		}
	case 5:
		if d%7 == 0 {
			_, err = y.inventory.UpdatePolicy(ctx, &pb.UpdatePolicyRequest{Policy: &pb.Policy{
				Name: "policy", Precedence: []string{y.one("cmdb", "agent"), "scanner"},
				DefaultFreshness: durationpb.New(time.Duration(5+y.rnd.Intn(40)) * 24 * time.Hour),
			}})
		}
	case 6:
		if d%9 == 0 {
			_, err = y.inventory.RetireHost(ctx, &pb.RetireHostRequest{Name: "hosts/" + strings.TrimPrefix(system, "systems/") + "-b"})
		}
	case 7:
		if d%11 == 0 {
			_, err = y.inventory.RetireSystem(ctx, &pb.RetireSystemRequest{Name: system})
		}
	case 8:
		_, err = y.guidance.ActivateAssignment(ctx, &pb.ActivateAssignmentRequest{Name: "assignments/all", Version: y.one("1.0.0", "latest"), StartTime: end})
	}
	y.may(err)
}

// revoke revokes the first claim that is in force.
func (y *yearOf) revoke(system string) error {
	list, err := y.statements.ListClaims(y.t.Context(), &pb.ListClaimsRequest{Parent: system})
	if err != nil {
		return err
	}
	for _, c := range list.Claims {
		if c.State == "active" {
			_, err := y.statements.RevokeClaim(y.t.Context(), &pb.RevokeClaimRequest{Name: c.Name})
			return err
		}
	}
	return nil
}

// newYear is a service in which a year can be played.
func newYear(t *testing.T, seed int64) *yearOf {
	g := govern(t, "", day0)
	g.publishYAML(governed)
	g.assign("all", &pb.Assignment{Checklist: "gov"})
	g.assign("some", &pb.Assignment{Checklist: "gov", Profile: "some", Selector: &pb.Selector{Systems: []string{"s", "s2"}}})
	return &yearOf{governance: g, rnd: rand.New(rand.NewSource(seed)), systems: []string{"s", "s1", "s2", "s3", "s4", "s5"}}
}

// verified verifies a service's store.
func (g *governance) verified(o verify.Options) *verify.Report {
	g.t.Helper()
	o.Clock = time.Now
	r, err := verify.Run(g.t.Context(), g.Assessor, o)
	if err != nil {
		g.t.Fatal(err)
	}
	return r
}

func TestVerifyAYear(t *testing.T) {
	y := newYear(t, 1)
	days := 365
	if testing.Short() {
		days = 60
	}
	y.play(days)
	r := y.verified(verify.Options{})
	for _, d := range r.First[:min(len(r.First), 10)] {
		t.Errorf("%s %s %s effective %s recorded %s: %s", d.Kind, d.System, d.Series, time.UnixMicro(d.Effective).UTC(), time.UnixMicro(d.Recorded).UTC(), d.Detail)
	}
	if r.States < 10*days/4 || r.Same != r.States || r.Systems != 6 || r.Pending != 0 || r.InputsGone != 0 {
		t.Errorf("%+v", r)
	}
	t.Logf("%d states, %.0f a second", r.States, r.PerSecond())
	if !testing.Short() {
		y.hasItAll()
	}

	one := y.verified(verify.Options{Systems: []string{"s"}, Series: []string{"gov~some~default"}})
	sample := y.verified(verify.Options{Sample: r.States / 4, Seed: 7})
	if !one.Clean() || one.Systems != 1 || one.States == 0 || one.States >= r.States/3 {
		t.Errorf("one series: %+v", one)
	}
	if !sample.Clean() || sample.States < r.States/8 || sample.States > r.States/2 {
		t.Errorf("a sample: %+v", sample)
	}
}

// hasItAll wants everything to have happened that changes a state: submissions,
// what falls due, versions and their activation, policies, what people say, and
// late data that corrected what was recorded.
func (y *yearOf) hasItAll() {
	y.t.Helper()
	seen := map[string]int{}
	for _, system := range y.systems {
		list := must[*pb.ListSeriesResponse](y.governance)(y.assessment.ListSeries(y.t.Context(), &pb.ListSeriesRequest{Parent: "systems/" + system}))
		for _, s := range list.Series {
			for token, more := "", true; more; more = token != "" {
				page := must[*pb.ListBreakpointsResponse](y.governance)(y.assessment.ListBreakpoints(y.t.Context(), &pb.ListBreakpointsRequest{
					Parent: s.Name, PageSize: 1000, PageToken: token, ShowCorrected: true,
				}))
				for _, b := range page.Breakpoints {
					seen[b.Cause]++
					seen["version "+b.ChecklistVersion]++
					if b.Correction {
						seen["correction"]++
					}
				}
				token = page.NextPageToken
			}
		}
	}
	for _, what := range []string{"first", "inventory", "time", "guidance", "policy", "claim", "waiver", "attestation", "correction"} {
		if seen[what] == 0 {
			y.t.Errorf("in this year nothing has the cause %q: %v", what, seen)
		}
	}
	if len(seen) < 12 {
		y.t.Errorf("two versions at least: %v", seen)
	}
	y.t.Log(seen)
}

// stopped is a year's store that nobody serves.
func stopped(t *testing.T) (path string, state *pb.Breakpoint) {
	y := newYear(t, 2)
	y.play(40)
	bps := must[*pb.ListBreakpointsResponse](y.governance)(y.assessment.ListBreakpoints(t.Context(), &pb.ListBreakpointsRequest{Parent: govSeries}))
	if r := y.verified(verify.Options{}); !r.Clean() {
		t.Fatalf("before anything was tampered with: %+v", r)
	}
	y.Stop()
	return y.Path, bps.Breakpoints[len(bps.Breakpoints)-1]
}

func TestVerifyNamesWhatWasTamperedWith(t *testing.T) {
	path, first := stopped(t)
	digest := first.Digest[strings.Index(first.Digest, ":")+1:]
	raw := make([]byte, len(digest)/2)
	if _, err := fmt.Sscanf(digest, "%x", &raw); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		tamper func(t *testing.T, path string)
		kinds  []string
		system string
		detail string
	}{
		{"a state's digest", func(t *testing.T, path string) {
			rewrite(t, path, raw, func(b []byte) { b[5] ^= 1 })
		}, []string{verify.Damaged}, "s", "digest"},
		{"a host's view", func(t *testing.T, path string) {
			rewrite(t, path, []byte("s3-b"), func(b []byte) { b[3] = 'c' })
		}, []string{verify.Damaged, verify.Outdated, verify.Missing}, "s3", "rule"},
		{"statements are gone", func(t *testing.T, path string) {
			offline(t, path, func(l *ledger.Ledger) {
				dropped := 0
				if _, err := l.Commit(t.Context(), day0.AddDate(2, 0, 0).UnixMicro(), func(b *ledger.Batch) error {
					dropped = 0
					for name := range b.Objects('c', "") {
						if strings.Contains(name, "/attestations/") || strings.Contains(name, "/claims/") {
							b.DeleteObject('c', name)
							dropped++
						}
					}
					return nil
				}); err != nil || dropped == 0 {
					t.Fatal(dropped, err)
				}
			})
		}, []string{verify.Damaged}, "", "rule"},
		{"a forged correction", func(t *testing.T, path string) {
			offline(t, path, func(l *ledger.Ledger) { forge(t, l) })
		}, []string{verify.Damaged, verify.Outdated}, "s", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			copied := t.TempDir() + "/plumbline.db"
			offlineDB(t, path, func(db *bolt.DB) {
				if err := db.Backup(t.Context(), copied); err != nil {
					t.Fatal(err)
				}
			})
			c.tamper(t, copied)
			g := govern(t, copied, day0.AddDate(2, 0, 0))
			g.harmed = true
			r := g.verified(verify.Options{Recorded: false})
			if r.Clean() {
				t.Fatalf("nothing was found: %+v", r)
			}
			d := r.First[0]
			if !slices.Contains(c.kinds, d.Kind) || c.system != "" && d.System != c.system || !strings.Contains(d.Detail, c.detail) || d.Effective == 0 && d.Kind != verify.Unreadable {
				t.Errorf("found %+v of %d", d, r.Differences)
			}
		})
	}
}

func offlineDB(t *testing.T, path string, f func(db *bolt.DB)) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{AppendSpaces: ledger.AppendSpaces()})
	if err != nil {
		t.Fatal(err)
	}
	f(db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func offline(t *testing.T, path string, f func(l *ledger.Ledger)) {
	t.Helper()
	offlineDB(t, path, func(db *bolt.DB) {
		l, err := ledger.Open(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		f(l)
	})
}

// forge appends a state as a correction of the first one of system s's series,
// with an earlier state's bytes.
func forge(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	if _, err := l.Commit(t.Context(), day0.AddDate(2, 0, 0).UnixMicro(), func(b *ledger.Batch) error {
		for stream := uint32(1); stream < 200; stream++ {
			var states []ledger.Entry
			for e := range b.Entries(stream, ledger.MinInstant, ledger.MaxInstant, ledger.Latest) {
				states = append(states, e)
			}
			if len(states) < 5 {
				continue
			}
			rec, err := b.LoadEntry(states[0])
			if err != nil {
				return err
			}
			if rec.Kind == 3 { // a state
				b.Append(stream, states[len(states)-1].Effective, 3, rec.Payload, nil)
				return nil
			}
		}
		t.Error("there is no series")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// rewrite changes bytes of the first block of records in which they stand, and
// seals it again, as somebody would who knows the format.
func rewrite(t *testing.T, path string, find []byte, change func([]byte)) {
	t.Helper()
	offlineDB(t, path, func(db *bolt.DB) {
		table := crc32.MakeTable(crc32.Castagnoli)
		if err := db.Update(t.Context(), func(w store.Writer) error {
			var block, sealed []byte
			for key, value := range w.Scan([]byte{'c'}, []byte{'d'}) {
				const header = 12 // format, flags, recorded, count
				body := slices.Clone(value[header : len(value)-4])
				if value[1]&1 != 0 {
					raw, err := s2.Decode(nil, body)
					if err != nil {
						return err
					}
					body = raw
				}
				i := bytes.Index(body, find)
				if i < 0 {
					continue
				}
				change(body[i : i+len(find)])
				block, sealed = slices.Clone(key), append(slices.Clone(value[:header]), body...)
				sealed[1] &^= 1 // it is not compressed
				sealed = binary.BigEndian.AppendUint32(sealed, crc32.Update(crc32.Checksum(block, table), table, sealed))
				break
			}
			if block == nil {
				return fmt.Errorf("no block has %q", find)
			}
			w.Put(block, sealed)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}
