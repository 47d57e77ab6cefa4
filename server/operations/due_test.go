package operations

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

// counted is a store that counts the keys that are read.
type counted struct {
	store.Store
	keys atomic.Int64
}

type countedReader struct {
	store.Reader
	keys *atomic.Int64
}

type countedWriter struct {
	store.Writer
	keys *atomic.Int64
}

func (c *counted) View(ctx context.Context, f func(store.Reader) error) error {
	return c.Store.View(ctx, func(r store.Reader) error { return f(countedReader{r, &c.keys}) })
}

func (c *counted) Update(ctx context.Context, f func(store.Writer) error) error {
	return c.Store.Update(ctx, func(w store.Writer) error { return f(countedWriter{w, &c.keys}) })
}

func (r countedReader) Get(key []byte) []byte { r.keys.Add(1); return r.Reader.Get(key) }

func (r countedReader) Scan(lo, hi []byte) iter.Seq2[[]byte, []byte] {
	return countedScan(r.Reader.Scan(lo, hi), r.keys)
}

func (w countedWriter) Get(key []byte) []byte { w.keys.Add(1); return w.Writer.Get(key) }

func (w countedWriter) Scan(lo, hi []byte) iter.Seq2[[]byte, []byte] {
	return countedScan(w.Writer.Scan(lo, hi), w.keys)
}

func countedScan(seq iter.Seq2[[]byte, []byte], keys *atomic.Int64) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for k, v := range seq {
			if keys.Add(1); !yield(k, v) {
				return
			}
		}
	}
}

// fleetOf is a bench with n systems, of which some were last heard of twenty days
// before the others: they become stale, and so due, that much earlier.
func fleetOf(t *testing.T, n, silent int) (*bench, *counted) {
	t.Helper()
	s := &counted{Store: memory.New()}
	b := newBenchOver(t, t.Context(), s)
	t.Cleanup(func() { b.assessor.Close() })
	var items []*pb.SubmitItem
	for i := range n {
		observed := b.now
		if i%(n/silent) == 0 {
			observed -= 20 * 24 * 3600 * 1e6
		}
		id := fmt.Sprintf("s%05d", i)
		items = append(items, &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{
			System: "systems/" + id, Source: "cmdb", ObservedTime: timestamppb.New(time.UnixMicro(observed)),
			Inventory: &pb.Inventory{System: &pb.System{Id: id}, Hosts: []*pb.Host{{Id: id + "-h"}}},
		}}})
	}
	receipts, err := b.assessor.Submit(t.Context(), items, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range receipts {
		if r.Error != nil {
			t.Fatal(r.Error)
		}
	}
	if _, err := b.assessor.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.now += 15 * 24 * 3600 * 1e6
	return b, s
}

// reassess has a run carried out and says what it did.
func (b *bench) reassess(t *testing.T, req *pb.ReassessSystemsRequest) *pb.ReassessSystemsMetadata {
	t.Helper()
	op, err := b.Start(t.Context(), req, "test")
	if err != nil {
		t.Fatal(err)
	}
	b.turn(t.Context())
	return b.meta(t, op.Name)
}

func (b *bench) meta(t *testing.T, name string) *pb.ReassessSystemsMetadata {
	t.Helper()
	op, err := b.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	m := &pb.ReassessSystemsMetadata{}
	if err := op.Metadata.UnmarshalTo(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func wantMeta(t *testing.T, m *pb.ReassessSystemsMetadata, total, done, assessed int32) {
	t.Helper()
	if m.State != "succeeded" || m.SystemsTotal != total || m.SystemsDone != done || m.SystemsAssessed != assessed || m.SystemsFailed != 0 {
		t.Errorf("got %v, want %d of %d done, %d assessed", m, done, total, assessed)
	}
}

// TestDueCostsWhatIsDue counts the keys that a run reads which is due only: they
// are as many where ten times as many systems are not due.
func TestDueCostsWhatIsDue(t *testing.T) {
	var read [2]int64
	for i, n := range []int{400, 4000} {
		b, s := fleetOf(t, n, 20)
		before := s.keys.Load()
		m := b.reassess(t, &pb.ReassessSystemsRequest{})
		read[i] = s.keys.Load() - before
		wantMeta(t, m, 20, 20, 20)
		before = s.keys.Load()
		wantMeta(t, b.reassess(t, &pb.ReassessSystemsRequest{}), 0, 0, 0)
		if none := s.keys.Load() - before; none > 40 {
			t.Errorf("where nothing is due, %d keys were read", none)
		}
	}
	t.Logf("20 due: %d keys of 400 systems, %d of 4000", read[0], read[1])
	if read[1] > read[0]+read[0]/10 {
		t.Errorf("20 due of 400 systems cost %d keys, of 4000 %d", read[0], read[1])
	}
}

// TestDueAsOfItsBegin: a run takes what was due when it began, each once, over
// restarts; what falls due meanwhile is the next one's. A selector applies to what
// is due.
func TestDueAsOfItsBegin(t *testing.T) {
	b, _ := fleetOf(t, 1000, 500)
	b.cfg.BatchSize = 16
	ctx := t.Context()
	op, err := b.Start(ctx, &pb.ReassessSystemsRequest{}, "test")
	if err != nil {
		t.Fatal(err)
	}
	if m := b.meta(t, op.Name); m.SystemsTotal != 500 || m.State != "waiting" {
		t.Errorf("before it begins: %v", m)
	}
	restarts := 0
	for !b.stepped(t, op.Name, 3) {
		if restarts++; restarts == 2 {
			b.now += 20 * 24 * 3600 * 1e6 // now all others are due too
		}
		b.restart(t, ctx)
		b.cfg.BatchSize = 16
	}
	if restarts < 5 {
		t.Errorf("it ended after %d restarts", restarts)
	}
	wantMeta(t, b.meta(t, op.Name), 500, 500, 500)
	wantMeta(t, b.reassess(t, &pb.ReassessSystemsRequest{Selector: &pb.Selector{Product: "none"}}), 500, 500, 0)
	wantMeta(t, b.reassess(t, &pb.ReassessSystemsRequest{Selector: &pb.Selector{Systems: []string{"s00001", "s00002"}}}), 2, 2, 1)
	wantMeta(t, b.reassess(t, &pb.ReassessSystemsRequest{}), 499, 499, 499)
	if lists := b.objects(t, listPrefix); lists != 0 {
		t.Errorf("%d parts of lists are left", lists)
	}
}

// objects counts the objects of this package with a prefix.
func (b *bench) objects(t *testing.T, prefix string) (n int) {
	t.Helper()
	if err := b.ledger.View(t.Context(), func(tx *ledger.Tx) error {
		n = 0
		for range tx.ObjectsIn(kindOperation, prefix, "") {
			n++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// stepped carries a run on by some steps, and says whether it has ended.
func (b *bench) stepped(t *testing.T, name string, steps int) bool {
	t.Helper()
	number, err := parseName(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.record(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	w := &work{k: b.Keeper, number: number, query: query(r)}
	defer w.running.Wait()
	if err := w.list(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range steps {
		over, err := w.step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if over {
			return true
		}
	}
	return false
}

// TestDueWithoutScheduler: where nobody has looked at all systems for the guidance
// in force, a run does, once.
func TestDueWithoutScheduler(t *testing.T) {
	b, s := fleetOf(t, 400, 20)
	b.assessor.Close()
	b.assess(t, t.Context())
	wantMeta(t, b.reassess(t, &pb.ReassessSystemsRequest{Selector: &pb.Selector{Product: "none"}}), 20, 20, 0)
	before := s.keys.Load()
	wantMeta(t, b.reassess(t, &pb.ReassessSystemsRequest{Selector: &pb.Selector{}}), 20, 20, 20)
	if read := s.keys.Load() - before; read < 400 {
		t.Errorf("%d keys of 400 systems were read", read)
	}
	before = s.keys.Load()
	wantMeta(t, b.reassess(t, &pb.ReassessSystemsRequest{}), 0, 0, 0)
	if read := s.keys.Load() - before; read > 40 {
		t.Errorf("after a run over all, %d keys were read where nothing is due", read)
	}
}
