package ledger_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
)

type (
	kindName struct {
		kind byte
		name string
	}
	kindNumber struct {
		kind byte
		n    uint32
	}
	edge struct {
		kind     byte
		from, to uint32
	}
	due struct {
		at int64
		n  uint32
	}
	request struct{ scope, id string }
)

// indexes is the model of everything but records: maps, searched through.
type indexes struct {
	numbers  map[kindName]uint32
	heads    map[kindNumber]string
	objects  map[kindName]string
	edges    map[edge]bool
	due      map[due]bool
	requests map[request]ledger.Receipt
	sums     map[string][]int64
}

func newIndexes() *indexes {
	return &indexes{
		map[kindName]uint32{}, map[kindNumber]string{}, map[kindName]string{},
		map[edge]bool{}, map[due]bool{}, map[request]ledger.Receipt{}, map[string][]int64{},
	}
}

func (x *indexes) clone() *indexes {
	return &indexes{
		maps.Clone(x.numbers), maps.Clone(x.heads), maps.Clone(x.objects),
		maps.Clone(x.edges), maps.Clone(x.due), maps.Clone(x.requests), maps.Clone(x.sums),
	}
}

var (
	kinds   = rapid.SampledFrom([]byte{0, 1, 254, 255})
	names   = rapid.OneOf(rapid.StringMatching(`[ab]{0,3}`), rapid.SampledFrom([]string{"\x00", "a\x00", "a\xff", "\xff\xff", strings.Repeat("n", 400)}))
	numbers = rapid.SampledFrom([]uint32{1, 2, 3, 255, 256, math.MaxUint32})
)

// change makes one change of any kind.
func (x *indexes) change(t *rapid.T, b *ledger.Batch) {
	kind, name, n, m := kinds.Draw(t, "kind"), names.Draw(t, "name"), numbers.Draw(t, "n"), numbers.Draw(t, "m")
	at, value := instants.Draw(t, "at"), rapid.SliceOf(rapid.Byte()).Draw(t, "value")
	what := rapid.IntRange(0, 10).Draw(t, "what")
	if name == "" {
		name = "-"
	}
	switch what {
	case 0, 1:
		x.intern(t, b, kindName{kind, name})
	case 2:
		b.PutHead(kind, n, value)
		x.heads[kindNumber{kind, n}] = string(value)
	case 3:
		b.DeleteHead(kind, n)
		delete(x.heads, kindNumber{kind, n})
	case 4:
		b.PutObject(kind, name, value)
		x.objects[kindName{kind, name}] = string(value)
	case 5:
		b.DeleteObject(kind, name)
		delete(x.objects, kindName{kind, name})
	case 6:
		b.Link(kind, n, m)
		x.edges[edge{kind, n, m}] = true
	case 7:
		b.Unlink(kind, n, m)
		delete(x.edges, edge{kind, n, m})
	case 8:
		b.PutDue(at, n)
		x.due[due{clamped(at), n}] = true
	case 9:
		b.DeleteDue(at, n)
		delete(x.due, due{clamped(at), n})
	case 10:
		x.changeRequests(t, b, at, value)
	}
	x.add(t, b, name)
}

func clamped(at int64) int64 { return min(max(at, ledger.MinInstant), ledger.MaxInstant) }

func (x *indexes) intern(t *rapid.T, b *ledger.Batch, k kindName) {
	if _, ok := x.numbers[k]; !ok {
		count := uint32(0)
		for o := range x.numbers {
			if o.kind == k.kind {
				count++
			}
		}
		x.numbers[k] = count + 1
	}
	if n := b.Intern(k.kind, k.name); n != x.numbers[k] {
		t.Fatalf("Intern(%+v) = %d, model %d", k, n, x.numbers[k])
	}
}

func (x *indexes) changeRequests(t *rapid.T, b *ledger.Batch, at int64, value []byte) {
	if rapid.Bool().Draw(t, "sweep") {
		most := rapid.IntRange(0, 5).Draw(t, "most")
		var expired []request
		for k, r := range x.requests {
			if r.Expires <= at {
				expired = append(expired, k)
			}
		}
		// Which of those that expire together go first, a hash decides: sweep
		// all or none of them.
		if most < len(expired) {
			most = 0
		}
		if n := b.SweepRequests(at, most); n != min(most, len(expired)) {
			t.Fatalf("SweepRequests(%d, %d) = %d of %d", at, most, n, len(expired))
		}
		for _, k := range expired[:min(most, len(expired))] {
			delete(x.requests, k)
		}
		return
	}
	k := request{names.Draw(t, "scope"), names.Draw(t, "id")}
	r := ledger.Receipt{Payload: value, Expires: clamped(at)}
	copy(r.BodyHash[:], value)
	b.PutRequest(k.scope, k.id, ledger.Receipt{BodyHash: r.BodyHash, Payload: value, Expires: at})
	x.requests[k] = r
}

func (x *indexes) add(t *rapid.T, b *ledger.Batch, key string) {
	deltas := rapid.SliceOfN(rapid.Int64Range(-2, 2), 0, 3).Draw(t, "deltas")
	b.Add(key, deltas)
	total := slices.Clone(x.sums[key])
	for len(total) < len(deltas) {
		total = append(total, 0)
	}
	for i, d := range deltas {
		total[i] += d
	}
	for len(total) > 0 && total[len(total)-1] == 0 {
		total = total[:len(total)-1]
	}
	if x.sums[key] = total; len(total) == 0 {
		delete(x.sums, key)
	}
	if rapid.IntRange(0, 5).Draw(t, "drop") == 0 {
		x.drop(t, b, names.Draw(t, "dropped"), rapid.IntRange(0, 3).Draw(t, "most"))
	}
}

func (x *indexes) drop(t *rapid.T, b *ledger.Batch, prefix string, most int) {
	n := 0
	for _, key := range slices.Sorted(maps.Keys(x.sums)) {
		if strings.HasPrefix(key, prefix) && n < most {
			delete(x.sums, key)
			n++
		}
	}
	if got := b.DropSums(prefix, most); got != n {
		t.Fatalf("DropSums(%q, %d) = %d, model %d", prefix, most, got, n)
	}
}

// check compares everything.
func (x *indexes) check(t *rapid.T, tx *ledger.Tx) {
	now, limit := instants.Draw(t, "now"), instants.Draw(t, "limit")
	for k, want := range x.requests {
		r, ok := tx.Request(k.scope, k.id, now)
		if ok != (want.Expires > now) || ok && (r.BodyHash != want.BodyHash || !bytes.Equal(r.Payload, want.Payload) || r.Expires != want.Expires) {
			t.Fatalf("Request(%+v, %d) = %+v %v, model %+v", k, now, r, ok, want)
		}
	}
	if _, ok := tx.Request("no", "such", math.MinInt64); ok {
		t.Fatal("a request that nobody made")
	}
	x.checkDue(t, tx, limit)
	for _, kind := range []byte{0, 1, 254, 255} {
		x.checkKind(t, tx, kind, names.Draw(t, "after"), numbers.Draw(t, "after n"))
	}
	got := map[string][]int64{}
	prefix, from := names.Draw(t, "prefix"), ""
	if rapid.Bool().Draw(t, "from") {
		from = names.Draw(t, "from where")
	}
	for key, total := range tx.SumsFrom(prefix, from) {
		got[key] = total
	}
	for key, want := range x.sums {
		if !slices.Equal(tx.Sum(key), want) || strings.HasPrefix(key, prefix) && key >= prefix+from && !slices.Equal(got[key], want) {
			t.Fatalf("Sum(%q) = %v, in Sums(%q) %v, model %v", key, tx.Sum(key), prefix, got[key], want)
		}
		delete(got, key)
	}
	if len(got) > 0 || tx.Sum("none of them") != nil {
		t.Fatalf("Sums(%q) has %v beyond the model", prefix, got)
	}
}

func (x *indexes) checkDue(t *rapid.T, tx *ledger.Tx, limit int64) {
	var want, got []due
	for d := range x.due {
		if d.at <= limit {
			want = append(want, d)
		}
	}
	slices.SortFunc(want, func(a, b due) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.n, b.n)) })
	for at, n := range tx.Due(limit) {
		got = append(got, due{at, n})
	}
	if !slices.Equal(got, want) {
		t.Fatalf("Due(%d) = %v, model %v", limit, got, want)
	}
	at, n, ok := tx.NextDue()
	if ok != (len(x.due) > 0) || ok && len(want) > 0 && (due{at, n}) != want[0] {
		t.Fatalf("NextDue() = %d %d %v, model %v", at, n, ok, want)
	}
}

func (x *indexes) checkKind(t *rapid.T, tx *ledger.Tx, kind byte, after string, afterN uint32) {
	same := func(what string, got, want [][2]string) {
		slices.SortFunc(want, func(a, b [2]string) int { return cmp.Compare(a[0], b[0]) })
		if !slices.Equal(got, want) {
			t.Fatalf("%s of kind %d after %q or %d = %q, model %q", what, kind, after, afterN, got, want)
		}
	}
	var got, want [][2]string
	for k, n := range x.numbers {
		if k.kind != kind {
			continue
		}
		name, ok := tx.Name(kind, n)
		number, ok2 := tx.Number(kind, k.name)
		if !ok || !ok2 || name != k.name || number != n {
			t.Fatalf("%+v = %d: Name %q %v, Number %d %v", k, n, name, ok, number, ok2)
		}
		if k.name > after {
			want = append(want, [2]string{k.name, fmt.Sprint(n)})
		}
	}
	for name, n := range tx.Names(kind, after) {
		got = append(got, [2]string{name, fmt.Sprint(n)})
	}
	same("Names", got, want)

	got, want = nil, nil
	for k, v := range x.heads {
		if k.kind == kind && k.n > afterN {
			want = append(want, [2]string{fmt.Sprintf("%010d", k.n), v})
		}
		if h, err := tx.Head(k.kind, k.n); err != nil || h == nil || string(h) != v {
			t.Fatalf("Head(%+v) = %q, %v, model %q", k, h, err, v)
		}
	}
	for n, v := range tx.Heads(kind, afterN) {
		got = append(got, [2]string{fmt.Sprintf("%010d", n), string(v)})
	}
	same("Heads", got, want)
	x.checkObjects(t, tx, kind, after, same)
	x.checkEdges(t, tx, kind, same)
}

func (x *indexes) checkObjects(t *rapid.T, tx *ledger.Tx, kind byte, after string, same func(string, [][2]string, [][2]string)) {
	prefix := names.Draw(t, "prefix")
	var got, want, gotIn, wantIn [][2]string
	for k, v := range x.objects {
		if k.kind != kind {
			continue
		}
		if o, err := tx.Object(kind, k.name); err != nil || o == nil || string(o) != v {
			t.Fatalf("Object(%+v) = %q, %v, model %q", k, o, err, v)
		}
		if k.name > after {
			want = append(want, [2]string{k.name, v})
			if strings.HasPrefix(k.name, prefix) {
				wantIn = append(wantIn, [2]string{k.name, v})
			}
		}
	}
	for name, v := range tx.Objects(kind, after) {
		got = append(got, [2]string{name, string(v)})
	}
	for name, v := range tx.ObjectsIn(kind, prefix, after) {
		gotIn = append(gotIn, [2]string{name, string(v)})
	}
	same("Objects", got, want)
	same("Objects in "+prefix, gotIn, wantIn)
}

func (x *indexes) checkEdges(t *rapid.T, tx *ledger.Tx, kind byte, same func(string, [][2]string, [][2]string)) {
	from := numbers.Draw(t, "from")
	var got, want [][2]string
	for e := range x.edges {
		if e.kind == kind && e.from == from {
			want = append(want, [2]string{fmt.Sprintf("%010d", e.to)})
			if !tx.HasLink(kind, from, e.to) {
				t.Fatalf("no link %+v", e)
			}
		}
	}
	for to := range tx.Linked(kind, from) {
		got = append(got, [2]string{fmt.Sprintf("%010d", to)})
	}
	same("Linked", got, want)
	if tx.HasLink(kind, from, 77) {
		t.Fatal("a link that nobody made")
	}
}

// TestIndexesModel compares everything but records with maps.
func TestIndexesModel(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) { indexesModel(t, dir) })
}

func indexesModel(t *rapid.T, dir string) {
	s := drawStore(t, dir)
	defer s.Close()
	l, err := ledger.Create(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	x := newIndexes()
	t.Repeat(map[string]func(*rapid.T){
		"commit": func(t *rapid.T) {
			before, abort := x.clone(), rapid.IntRange(0, 9).Draw(t, "abort") == 0
			_, err := l.Commit(ctx, start, func(b *ledger.Batch) error {
				for range rapid.IntRange(1, 20).Draw(t, "changes") {
					x.change(t, b)
					if rapid.IntRange(0, 9).Draw(t, "look") == 0 {
						x.check(t, b.Tx)
					}
				}
				if abort {
					return errAgain
				}
				return nil
			})
			switch {
			case abort && err == errAgain:
				x = before
			case err != nil:
				t.Fatal(err)
			}
		},
		"check": func(t *rapid.T) {
			if err := l.View(ctx, func(tx *ledger.Tx) error { x.check(t, tx); return nil }); err != nil {
				t.Fatal(err)
			}
		},
		"verify": func(t *rapid.T) {
			if _, err := l.Verify(ctx, func(err error) bool { t.Fatalf("%v", err); return false }); err != nil {
				t.Fatal(err)
			}
		},
	})
}

// TestSweepOldestFirst sweeps a few at a time.
func TestSweepOldestFirst(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store, l *ledger.Ledger) {
		commit(t, l, start, func(b *ledger.Batch) {
			for i := range 10 {
				b.PutRequest("s", fmt.Sprint(i), ledger.Receipt{Expires: start + int64(9-i)})
			}
			// Sent again: what counts is the new expiry.
			b.PutRequest("s", "9", ledger.Receipt{Expires: start + 100})
		})
		commit(t, l, start, func(b *ledger.Batch) {
			if n := b.SweepRequests(start+9, 3); n != 3 {
				t.Errorf("swept %d", n)
			}
		})
		view(t, l, func(tx *ledger.Tx) {
			for i := range 10 {
				_, ok := tx.Request("s", fmt.Sprint(i), 0)
				if want := i <= 5 || i == 9; ok != want {
					t.Errorf("request %d is there: %v", i, ok)
				}
			}
		})
		commit(t, l, start, func(b *ledger.Batch) {
			if n := b.SweepRequests(start+1000, 100); n != 7 {
				t.Errorf("swept %d", n)
			}
		})
		for _, line := range dump(t, s) {
			if line[0] == 'q' || line[0] == 'x' {
				t.Errorf("left over: %s", line)
			}
		}
	})
}

// TestChangeInLoop deletes and adds in loops over what is changed.
func TestChangeInLoop(t *testing.T) {
	eachStore(t, func(t *testing.T, _ store.Store, l *ledger.Ledger) {
		commit(t, l, start, func(b *ledger.Batch) {
			for i := range uint32(50) {
				b.Link(1, 7, i)
				b.PutDue(start+int64(i), i)
			}
		})
		commit(t, l, start, func(b *ledger.Batch) {
			for n := range b.Linked(1, 7) {
				b.Unlink(1, 7, n)
				b.Link(2, n, 7)
			}
			for at, n := range b.Due(start + 24) {
				b.DeleteDue(at, n)
				b.PutDue(at+1000, n)
			}
		})
		view(t, l, func(tx *ledger.Tx) {
			if n := len(slices.Collect(tx.Linked(1, 7))); n != 0 || !tx.HasLink(2, 49, 7) {
				t.Errorf("%d links left", n)
			}
			if at, n, ok := tx.NextDue(); at != start+25 || n != 25 || !ok {
				t.Errorf("next due %d %d %v", at-start, n, ok)
			}
		})
	})
}
