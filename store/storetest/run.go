package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/plumbline/plumbline/store"
)

// Run tests the stores that open returns, each of which must be new and empty.
// Run closes them; that they are gone from the disk is up to open.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s store.Store)
	}{
		{"empty", testEmpty},
		{"order", testOrder},
		{"empty value", testEmptyValue},
		{"ranges", testRanges},
		{"keyspaces", testKeyspaces},
		{"scan stops, nests and repeats", testScanLoops},
		{"many keys", testManyKeys},
		{"own writes", testOwnWrites},
		{"rollback on error", testRollbackError},
		{"rollback on panic", testRollbackPanic},
		{"rollback on exit", testRollbackExit},
		{"isolation", testIsolation},
		{"concurrent views", testConcurrentViews},
		{"updates wait", testUpdatesWait},
		{"put copies", testPutCopies},
		{"scan copies its bounds", testScanCopies},
		{"memory holds", testMemoryHolds},
		{"no room to append", testNoRoom},
		{"big values", testBigValues},
		{"long keys", testLongKeys},
		{"sticky errors", testSticky},
		{"sticky error wins", testStickyWins},
		{"no writing in a scan", testScanWrite},
		{"context", testContext},
		{"after the closure", testAfterClosure},
		{"stat and keys", testStat},
		{"closed", testClosed},
		{"close waits", testCloseWaits},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			defer func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close = %v", err)
				}
			}()
			c.test(t, s)
		})
	}
	t.Run("equals the model", func(t *testing.T) { testModel(t, open) })
}

// errClosure is an error of a closure's own.
var errClosure = errors.New("closure failed")

// pair is a key and its value.
type pair struct{ key, value string }

// update runs an Update that must succeed.
func update(t *testing.T, s store.Store, f func(w store.Writer)) {
	t.Helper()
	err := s.Update(t.Context(), func(w store.Writer) error { f(w); return nil })
	if err != nil {
		t.Fatalf("Update = %v", err)
	}
}

// view runs a View that must succeed.
func view(t *testing.T, s store.Store, f func(r store.Reader)) {
	t.Helper()
	err := s.View(t.Context(), func(r store.Reader) error { f(r); return nil })
	if err != nil {
		t.Fatalf("View = %v", err)
	}
}

// fill writes keys whose values are the keys again, in capitals or not.
func fill(t *testing.T, s store.Store, keys ...string) {
	t.Helper()
	update(t, s, func(w store.Writer) {
		for _, k := range keys {
			w.Put([]byte(k), []byte("v:"+k))
		}
	})
}

// all copies what a scan yields.
func all(r store.Reader, lo, hi string) []pair {
	var got []pair
	for k, v := range r.Scan([]byte(lo), []byte(hi)) {
		got = append(got, pair{string(k), string(v)})
	}
	return got
}

// keys returns the keys that a View of its own sees in lo..hi.
func keys(t *testing.T, s store.Store, lo, hi string) string {
	t.Helper()
	var got []string
	view(t, s, func(r store.Reader) {
		got = nil
		for _, p := range all(r, lo, hi) {
			got = append(got, p.key)
		}
	})
	return fmt.Sprintf("%q", got)
}

// get returns the value that a View of its own sees, and whether there is one.
func get(t *testing.T, s store.Store, key string) (value string, ok bool) {
	t.Helper()
	view(t, s, func(r store.Reader) {
		v := r.Get([]byte(key))
		value, ok = string(v), v != nil
	})
	return value, ok
}

func wantKeys(t *testing.T, s store.Store, lo, hi string, want ...string) {
	t.Helper()
	if got := keys(t, s, lo, hi); got != fmt.Sprintf("%q", want) {
		t.Errorf("keys %q..%q = %s, want %q", lo, hi, got, want)
	}
}

func wantValue(t *testing.T, s store.Store, key, want string) {
	t.Helper()
	if got, ok := get(t, s, key); !ok || got != want {
		t.Errorf("value of %q = %.40q (%v), want %.40q", key, got, ok, want)
	}
}

func wantAbsent(t *testing.T, s store.Store, key string) {
	t.Helper()
	if got, ok := get(t, s, key); ok {
		t.Errorf("value of %q = %.40q, want none", key, got)
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// cancelled returns a context that is done.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
