package ledger_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/plumbline/plumbline/store/memory"
)

var update = flag.Bool("update", false, "write the golden file anew: a change of the format, which needs a new ledger.Version")

const goldenFile = "testdata/format2.txt"

// sample writes something of everything. The blocks of its last two commits
// are compressed.
func sample(t testing.TB, l *ledger.Ledger) {
	r := rand.New(rand.NewPCG(1, 2))
	h := host(r)[:400]
	commit(t, l, start, func(b *ledger.Batch) {
		b.Append(1, start-5*second, 1, []byte("first"), nil)
		b.Append(2, start-4*second, 2, []byte("of another"), nil)
		b.Append(math.MaxUint32, ledger.MinInstant, ledger.MaxKind, nil, nil)
		b.Audit([]byte("somebody wrote"))
		b.Intern(1, "alpha")
		b.Intern(1, "beta")
		b.Intern(2, "beta")
		b.PutHead(3, 1, []byte("head"))
		b.PutHead(3, 2, nil)
		b.PutObject(4, "object", []byte("of mine"))
		b.Event([]byte("happened"))
		b.Event([]byte("happened too"))
	})
	commit(t, l, start+second, func(b *ledger.Batch) {
		e, _ := b.At(1, start, ledger.Latest)
		b.Append(1, e.Effective, 1, []byte("corrected"), nil)
		b.SetConfirmed(e, start+second)
		b.Append(1, start, 1, []byte("newer"), nil)
		b.Link(5, 1, 2)
		b.PutDue(start+9*second, 1)
		b.PutRequest("scope", "id", ledger.Receipt{BodyHash: [16]byte{1, 2, 3}, Payload: []byte("answer"), Expires: start + 9*second})
		b.Add("roll/up", []int64{1, 0, -300})
		b.AddWide("roll/wide", []ledger.Wide{ledger.WideOf(-7), {}, ledger.WideOf(math.MinInt64).Times(-3)})
		b.PutRank(6, 7, ledger.Rank{Value: 900, N: 2})
		b.PutRank(6, 7, ledger.Rank{Value: 80, N: 3})
		b.SweepEvents(start+second, 1)
		b.Event(nil)
	})
	commit(t, l, start+2*second, func(b *ledger.Batch) {
		a, depth := b.Append(7, start, 3, h, nil)
		b.Append(7, start+second, 3, changed(r, h), &ledger.Base{Addr: a, Payload: h, Depth: depth})
		b.Append(7, start+second, 3, bytes.Repeat([]byte("again "), 100), nil)
	})
	commit(t, l, start+3*second, func(b *ledger.Batch) {
		for i := range int64(40) { // two leaves
			b.Append(9, start+i*second, 1, []byte{byte(i * 151), byte(i * 47)}, nil)
		}
	})
}

// TestFormat compares what is written with the golden file. The compressed
// commits may differ: how well they are is not part of the format.
func TestFormat(t *testing.T) {
	s, l := openMemory(t)
	sample(t, l)
	got := dump(t, s)
	if *update {
		if err := os.WriteFile(goldenFile, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := golden(t)
	loose := func(line string) bool {
		return strings.HasPrefix(line, "c 0000000003") || strings.HasPrefix(line, "c 0000000004")
	}
	got, want = slices.DeleteFunc(got, loose), slices.DeleteFunc(want, loose)
	if len(want) < 20 {
		t.Fatalf("only %d lines to compare", len(want))
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d is\n%s\nbut was\n%s", i+1, strings.Join(got[i:min(i+1, len(got))], ""), strings.Join(want[i:min(i+1, len(want))], ""))
		}
	}
}

func golden(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

// restore makes a store of the lines of a dump.
func restore(t testing.TB, lines []string) *memory.Store {
	t.Helper()
	s := memory.New()
	t.Cleanup(func() { _ = s.Close() })
	err := s.Update(ctx, func(w store.Writer) error {
		for _, line := range lines {
			key, value, _ := strings.Cut(line[2:], "=")
			k, err := hex.DecodeString(key)
			if err != nil {
				return err
			}
			v, err := hex.DecodeString(value)
			if err != nil {
				return err
			}
			w.Put(append([]byte{line[0]}, k...), v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOldFile reads the golden file, as if an earlier program had written it.
func TestOldFile(t *testing.T) {
	l, err := ledger.Open(ctx, restore(t, golden(t)))
	if err != nil {
		t.Fatal(err)
	}
	sound(t, l)
	_, fresh := openMemory(t)
	sample(t, fresh)
	got, err := everything(l)
	want, err2 := everything(fresh)
	if err != nil || err2 != nil || !slices.Equal(got, want) {
		t.Errorf("read %q, %v\nwant %q, %v", got, err, want, err2)
	}
	if len(got) < 60 {
		t.Errorf("only %d lines", len(got))
	}
}

// everything reads what sample writes through every method that reads.
func everything(l *ledger.Ledger) (lines []string, err error) {
	err = l.View(ctx, func(tx *ledger.Tx) error {
		lines = nil
		say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
		say("last %v, recorded by then %d", tx.Last(), tx.SeqAt(start+2*second))
		if err := records(tx, say); err != nil {
			return err
		}
		for e := range tx.AuditEntries(ledger.Addr{}, math.MinInt64, math.MaxInt64) {
			say("audit %v %d %q", e.Addr, e.Recorded, e.Payload)
		}
		for _, kind := range []byte{1, 2} {
			for name, n := range tx.Names(kind, "") {
				number, _ := tx.Number(kind, name)
				back, _ := tx.Name(kind, n)
				say("name %d %q %d %d %q of %d", kind, name, n, number, back, tx.Count(kind))
			}
		}
		for n, v := range tx.Heads(3, 0) {
			head, err := tx.Head(3, n)
			say("head %d %q %q", n, v, head)
			if err != nil {
				return err
			}
		}
		for name, v := range tx.Objects(4, "") {
			object, err := tx.Object(4, name)
			say("object %q %q %q", name, v, object)
			if err != nil {
				return err
			}
		}
		say("links %v", slices.Collect(tx.Linked(5, 1)))
		for at, n := range tx.Due(math.MaxInt64) {
			say("due %d %d", at, n)
		}
		for r := range tx.Ranks(6, 7, ledger.Rank{}) {
			say("rank %+v", r)
		}
		say("wide %v", tx.WideSum("roll/wide"))
		r, ok := tx.Request("scope", "id", start)
		say("request %v %v", r, ok)
		for key, total := range tx.Sums("") {
			say("sum %q %v %v", key, total, tx.Sum(key))
		}
		for e := range tx.Events(ledger.EventID{}) {
			say("event %v %d %q", e.ID, e.Recorded, e.Payload)
		}
		swept, err := tx.EventsSwept()
		if err != nil {
			return err
		}
		say("swept %v", swept)
		return nil
	})
	return lines, err
}

func records(tx *ledger.Tx, say func(string, ...any)) error {
	for _, stream := range []uint32{1, 2, 7, 9, math.MaxUint32} {
		for e := range tx.Entries(stream, math.MinInt64, math.MaxInt64, ledger.Latest) {
			r, err := tx.LoadEntry(e)
			if err != nil {
				return err
			}
			say("%+v %+v", e, r)
		}
	}
	return nil
}

// TestDamage changes each byte of each value that has a checksum: nothing that
// is read afterwards may hide it.
func TestDamage(t *testing.T) {
	s, l := openMemory(t)
	sample(t, l)
	if _, err := everything(l); err != nil {
		t.Fatal(err)
	}
	damage(t, s, func(key, value []byte) [][2][]byte {
		var changes [][2][]byte
		for i := range value {
			v := bytes.Clone(value)
			v[i] ^= 1 << (i % 8)
			changes = append(changes, [2][]byte{key, v})
		}
		if len(value) > 0 {
			changes = append(changes, [2][]byte{key, value[:len(value)-1]}, [2][]byte{key, nil}, [2][]byte{key, append(bytes.Clone(value), 0)})
		}
		return changes
	}, func(key []byte) {
		_, opening := ledger.Open(ctx, s)
		_, reading := everything(l)
		if key[0] == 'm' && key[1] == 'F' {
			reading = opening
		}
		if !errors.Is(reading, ledger.ErrCorrupt) || !errors.Is(reading, store.ErrCorrupt) {
			t.Errorf("key %c:%x: reading gave %v", key[0], key[1:], reading)
		}
		named := fmt.Sprintf("%c:%x", key[0], key[1:])
		if problems := verify(t, l); !slices.ContainsFunc(problems, func(err error) bool { return strings.Contains(err.Error(), named) }) {
			t.Errorf("key %s: Verify found %v", named, problems)
		}
	})
}

// TestStray changes each byte of each key: Verify finds what has strayed, but
// for edges, ranks and what is due, which nothing else can tell.
func TestStray(t *testing.T) {
	s, l := openMemory(t)
	sample(t, l)
	damage(t, s, func(key, value []byte) [][2][]byte {
		var changes [][2][]byte
		for i := 1; i < len(key) && key[0] != 'e' && key[0] != 'd' && key[0] != 'r'; i++ {
			k := bytes.Clone(key)
			k[i] ^= 1 << (i % 8)
			changes = append(changes, [2][]byte{k, value})
		}
		return changes
	}, func(key []byte) {
		if len(verify(t, l)) == 0 {
			t.Errorf("Verify found nothing wrong after %c:%x strayed", key[0], key[1:])
		}
	})
}

// damage makes each change that changes names, a key and value in place of
// another, calls check and undoes it.
func damage(t *testing.T, s store.Store, changes func(key, value []byte) [][2][]byte, check func(key []byte)) {
	t.Helper()
	replace := func(old, key, value []byte) {
		err := s.Update(ctx, func(w store.Writer) error {
			w.Delete(old)
			w.Put(key, value)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, line := range dump(t, s) {
		k, v, _ := strings.Cut(line[2:], "=")
		key, _ := hex.DecodeString(k)
		value, _ := hex.DecodeString(v)
		key = append([]byte{line[0]}, key...)
		for _, c := range changes(key, value) {
			replace(key, c[0], c[1])
			check(key)
			replace(c[0], key, value)
			n++
		}
	}
	if n < 100 {
		t.Errorf("only %d changes were tried", n)
	}
}

// TestVerifyFindsContradictions puts what has a good checksum and is wrong.
func TestVerifyFindsContradictions(t *testing.T) {
	cases := []struct{ key, value string }{
		{"n\x01\x00\x00\x00\x03", "alpha"},                    // a name with two numbers
		{"i\x01gamma", "\x00\x00\x00\x02"},                    // two names with a number
		{"i\x01gamma", "\x00\x00\x00\x09"},                    // a number without name
		{"i\x01gamma", "\x00"},                                // no number at all
		{"n\x01\x00", "alpha"},                                // a key that is too short
		{"h\x01\x00", ""},                                     // the same
		{"u/x", "\xff"},                                       // not counters
		{"q0123456789abcdef", strings.Repeat("\x00", 23)},     // a receipt that never expires
		{"q0123456789abcdef", "short"},                        // not a receipt
		{"t\x00\x00\x00\x01\xff", "\x00\x02\x00\x00\x02\x00"}, // an entry twice, and none of the records
		{"t\x00\x00\x00\x33\xff", "\x01\x02\x00"},             // an entry of another's record
		{"mF", "something else"},
	}
	for _, c := range cases {
		s, l := openMemory(t)
		sample(t, l)
		err := s.Update(ctx, func(w store.Writer) error {
			w.Put([]byte(c.key), ledger.Sealed([]byte(c.key), []byte(c.value)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(verify(t, l)) == 0 {
			t.Errorf("Verify found nothing wrong with %q = %q", c.key, c.value)
		}
		n := 0
		if _, err := l.Verify(ctx, func(error) bool { n++; return false }); err != nil || n != 1 {
			t.Errorf("Verify went on for %d problems, %v", n, err)
		}
	}
}
