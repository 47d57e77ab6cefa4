package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/plumbline/plumbline/store"
)

func testOwnWrites(t *testing.T, s store.Store) {
	fill(t, s, "o1", "o3")
	update(t, s, func(w store.Writer) {
		before := w.Scan([]byte("o"), nil)
		w.Put([]byte("o2"), []byte("new"))
		w.Put([]byte("o1"), []byte("changed"))
		w.Delete([]byte("o3"))
		w.Put([]byte("p1"), []byte("other keyspace"))
		for what, scan := range map[string][]pair{
			"a scan":                   all(w, "o", ""),
			"a scan made before them":  collect(before),
			"a scan of a part of them": append(all(w, "o1", "o2"), all(w, "o2", "o4")...),
		} {
			if got, want := fmt.Sprint(scan), "[{o1 changed} {o2 new}]"; got != want {
				t.Errorf("%s sees %s, want %s", what, got, want)
			}
		}
		if got := string(w.Get([]byte("o1"))); got != "changed" {
			t.Errorf("Get of what was changed = %q", got)
		}
		if got := w.Get([]byte("o3")); got != nil {
			t.Errorf("Get of what was deleted = %q", got)
		}
		w.Put([]byte("o3"), []byte("again"))
		w.Delete([]byte("p1"))
	})
	wantKeys(t, s, "o", "", "o1", "o2", "o3")
	wantValue(t, s, "o3", "again")
	wantAbsent(t, s, "p1")
}

func collect(scan func(func(k, v []byte) bool)) []pair {
	var got []pair
	for k, v := range scan {
		got = append(got, pair{string(k), string(v)})
	}
	return got
}

func testRollbackError(t *testing.T, s store.Store) {
	fill(t, s, "a1")
	err := s.Update(t.Context(), func(w store.Writer) error {
		w.Put([]byte("a1"), []byte("changed"))
		w.Put([]byte("a2"), []byte("new"))
		w.Put([]byte("n1"), []byte("new keyspace"))
		return fmt.Errorf("no: %w", errClosure)
	})
	wantErr(t, "Update", err, errClosure)
	wantUntouched(t, s)
	err = s.View(t.Context(), func(store.Reader) error { return errClosure })
	wantErr(t, "View", err, errClosure)
}

// wantUntouched says that nothing but a1 is there, and that writing goes on.
func wantUntouched(t *testing.T, s store.Store) {
	t.Helper()
	wantKeys(t, s, "a", "", "a1")
	wantValue(t, s, "a1", "v:a1")
	wantAbsent(t, s, "n1")
	fill(t, s, "a9")
	wantKeys(t, s, "a", "", "a1", "a9")
}

func testRollbackPanic(t *testing.T, s store.Store) {
	fill(t, s, "a1")
	caught := func(f func()) (p any) {
		defer func() { p = recover() }()
		f()
		return nil
	}
	p := caught(func() {
		_ = s.Update(t.Context(), func(w store.Writer) error {
			w.Put([]byte("a1"), []byte("changed"))
			w.Put([]byte("n1"), []byte("new keyspace"))
			panic(errClosure)
		})
	})
	if p != any(errClosure) {
		t.Errorf("the panic of an Update comes through as %v", p)
	}
	p = caught(func() {
		_ = s.View(t.Context(), func(r store.Reader) error {
			for range r.Scan([]byte("a"), nil) {
				panic(errClosure)
			}
			return nil
		})
	})
	if p != any(errClosure) {
		t.Errorf("the panic in a View's scan comes through as %v", p)
	}
	p = caught(func() {
		_ = s.View(t.Context(), func(store.Reader) error {
			var none *pair
			return errors.New(none.key)
		})
	})
	if _, ok := p.(runtime.Error); !ok {
		t.Errorf("a nil pointer in a View comes through as %v", p)
	}
	wantUntouched(t, s)
}

// testRollbackExit ends the goroutine inside closures, as t.FailNow does.
func testRollbackExit(t *testing.T, s store.Store) {
	fill(t, s, "a1")
	var done sync.WaitGroup
	done.Go(func() {
		_ = s.Update(context.Background(), func(w store.Writer) error {
			w.Put([]byte("a1"), []byte("changed"))
			runtime.Goexit()
			return nil
		})
	})
	done.Go(func() {
		_ = s.View(context.Background(), func(store.Reader) error {
			runtime.Goexit()
			return nil
		})
	})
	done.Wait()
	wantUntouched(t, s)
}

func testIsolation(t *testing.T, s store.Store) {
	fill(t, s, "a1", "a2")
	view(t, s, func(r store.Reader) {
		changed := make(chan error)
		go func() {
			for i := range 20 {
				err := s.Update(context.Background(), func(w store.Writer) error {
					w.Put([]byte("a1"), fmt.Appendf(nil, "changed %d", i))
					w.Delete([]byte("a2"))
					w.Put(fmt.Appendf(nil, "a%d", 100+i), make([]byte, 3000))
					w.Put([]byte("b1"), []byte("new keyspace"))
					return nil
				})
				if err != nil {
					changed <- err
					return
				}
			}
			changed <- nil
		}()
		if err := <-changed; err != nil {
			t.Fatalf("an Update beside a View = %v", err)
		}
		if got, want := fmt.Sprint(all(r, "a", "")), "[{a1 v:a1} {a2 v:a2}]"; got != want {
			t.Errorf("a View sees %.80s of later updates, want %s", got, want)
		}
		if got := r.Get([]byte("b1")); got != nil {
			t.Errorf("a View sees a later keyspace: %q", got)
		}
	})
	wantValue(t, s, "a1", "changed 19")
	wantAbsent(t, s, "a2")
}

// testConcurrentViews has readers check, beside a writer, that two keys which
// are always written together are always the same.
func testConcurrentViews(t *testing.T, s store.Store) {
	fill(t, s, "a1", "b1")
	update(t, s, func(w store.Writer) { w.Put([]byte("b1"), []byte("v:a1")) })
	stop := make(chan struct{})
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				err := s.View(context.Background(), func(r store.Reader) error {
					a, b := all(r, "a", ""), r.Get([]byte("b1"))
					if len(a) != 1 || a[0].value != string(b) {
						return fmt.Errorf("a1 and b1 are %v and %q in one View", a, b)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 60 {
		update(t, s, func(w store.Writer) {
			v := fmt.Appendf(nil, "%0*d", 1+i*40, i)
			w.Put([]byte("a1"), v)
			w.Put([]byte("b1"), v)
		})
	}
	close(stop)
	done.Wait()
}

// testUpdatesWait has an Update begin while another one runs: it waits for
// that one, or as long as its context lets it.
func testUpdatesWait(t *testing.T, s store.Store) {
	running, goOn := make(chan struct{}), make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		err := s.Update(context.Background(), func(w store.Writer) error {
			close(running)
			<-goOn
			w.Put([]byte("a1"), []byte("first"))
			return nil
		})
		if err != nil {
			t.Errorf("the first Update = %v", err)
		}
	})
	<-running
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := s.Update(ctx, func(w store.Writer) error { t.Error("two Updates run at once"); return nil })
	wantErr(t, "an Update that waited too long", err, context.DeadlineExceeded)

	done.Go(func() {
		err := s.Update(context.Background(), func(w store.Writer) error {
			w.Put([]byte("a2"), append([]byte("after "), w.Get([]byte("a1"))...))
			return nil
		})
		if err != nil {
			t.Errorf("the second Update = %v", err)
		}
	})
	close(goOn)
	done.Wait()
	wantValue(t, s, "a2", "after first")
}
