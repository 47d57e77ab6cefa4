package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/plumbline/plumbline/store"
)

// testSticky has each wrong call spoil a closure that otherwise would succeed.
func testSticky(t *testing.T, s store.Store) {
	fill(t, s, "a1")
	long := make([]byte, store.MaxKey+1)
	for _, c := range []struct {
		name  string
		want  error
		read  func(r store.Reader)
		write func(w store.Writer)
	}{
		{"Get of no key", store.ErrKey, func(r store.Reader) { r.Get(nil) }, nil},
		{"Get of a long key", store.ErrKey, func(r store.Reader) { r.Get(long) }, nil},
		{"Scan from nowhere", store.ErrKey, func(r store.Reader) { r.Scan(nil, []byte("b")) }, nil},
		{"Scan of two keyspaces", store.ErrKey, func(r store.Reader) { r.Scan([]byte("a"), []byte("b1")) }, nil},
		{"Put of no key", store.ErrKey, nil, func(w store.Writer) { w.Put(nil, nil) }},
		{"Put of a long key", store.ErrKey, nil, func(w store.Writer) { w.Put(long, nil) }},
		{"Put of a long value", store.ErrValue, nil, func(w store.Writer) { w.Put([]byte("a2"), make([]byte, store.MaxValue+1)) }},
		{"Delete of no key", store.ErrKey, nil, func(w store.Writer) { w.Delete(nil) }},
		{"Delete of a long key", store.ErrKey, nil, func(w store.Writer) { w.Delete(long) }},
	} {
		if c.read != nil {
			err := s.View(t.Context(), func(r store.Reader) error {
				c.read(r)
				wantNothing(t, c.name, r)
				return nil
			})
			wantErr(t, c.name+" in a View", err, c.want)
			c.write = func(w store.Writer) { c.read(w) }
		}
		err := s.Update(t.Context(), func(w store.Writer) error {
			w.Put([]byte("a2"), []byte("before"))
			c.write(w)
			wantNothing(t, c.name, w)
			w.Put([]byte("a3"), []byte("after"))
			w.Delete([]byte("a1"))
			return nil
		})
		wantErr(t, c.name+" in an Update", err, c.want)
		wantKeys(t, s, "a", "", "a1")
	}
}

// wantNothing says that r reads nothing any more.
func wantNothing(t *testing.T, what string, r store.Reader) {
	t.Helper()
	if v := r.Get([]byte("a1")); v != nil {
		t.Errorf("%s: Get = %q after it", what, v)
	}
	if got := all(r, "a", ""); got != nil {
		t.Errorf("%s: Scan yields %v after it", what, got)
	}
}

// testStickyWins has closures make something of a failed read: what they make
// is dropped, be it an error of their own.
func testStickyWins(t *testing.T, s store.Store) {
	fill(t, s, "a1")
	err := s.View(t.Context(), func(r store.Reader) error {
		n := 0
		for range r.Scan([]byte("a"), nil) {
			r.Get(nil)
			n++
		}
		return fmt.Errorf("%w: saw %d", errClosure, n)
	})
	wantErr(t, "View", err, store.ErrKey)
	err = s.Update(t.Context(), func(w store.Writer) error {
		w.Get(nil)
		w.Put(nil, make([]byte, store.MaxValue+1)) // the first error stays
		return errClosure
	})
	wantErr(t, "Update", err, store.ErrKey)
}

func testScanWrite(t *testing.T, s store.Store) {
	fill(t, s, "a1", "a2", "a3")
	for name, write := range map[string]func(w store.Writer){
		"Put":                    func(w store.Writer) { w.Put([]byte("a2"), nil) },
		"Put elsewhere":          func(w store.Writer) { w.Put([]byte("b1"), nil) },
		"Delete":                 func(w store.Writer) { w.Delete([]byte("a2")) },
		"Put after another loop": func(w store.Writer) { all(w, "a", ""); w.Put([]byte("b1"), nil) },
	} {
		loops := 0
		err := s.Update(t.Context(), func(w store.Writer) error {
			loops = 0
			for range w.Scan([]byte("a"), nil) {
				loops++
				write(w)
			}
			return nil
		})
		wantErr(t, name+" in a scan", err, store.ErrScanWrite)
		if loops != 1 {
			t.Errorf("%s: the scan went on for %d keys", name, loops)
		}
	}
	// After a loop, also one that was left early, writing is allowed again.
	update(t, s, func(w store.Writer) {
		for range w.Scan([]byte("a"), nil) {
			break
		}
		w.Put([]byte("a4"), []byte("v:a4"))
	})
	wantKeys(t, s, "a", "", "a1", "a2", "a3", "a4")
}

func testContext(t *testing.T, s store.Store) {
	update(t, s, func(w store.Writer) {
		for i := range 1000 {
			w.Put(fmt.Appendf(nil, "a%04d", i), nil)
		}
	})
	err := s.View(cancelled(), func(store.Reader) error { t.Error("View ran"); return nil })
	wantErr(t, "View", err, context.Canceled)
	err = s.Update(cancelled(), func(store.Writer) error { t.Error("Update ran"); return nil })
	wantErr(t, "Update", err, context.Canceled)
	_, err = s.Stat(cancelled())
	wantErr(t, "Stat", err, context.Canceled)

	ctx, cancel := context.WithCancel(t.Context())
	err = s.View(ctx, func(r store.Reader) error {
		n := 0
		for range r.Scan([]byte("a"), nil) {
			if n++; n == 10 {
				cancel()
			}
		}
		if n == 1000 {
			t.Error("a scan went on to the end though its context was done")
		}
		return nil
	})
	wantErr(t, "View cancelled in a scan", err, context.Canceled)

	ctx, cancel = context.WithCancel(t.Context())
	err = s.Update(ctx, func(w store.Writer) error {
		w.Put([]byte("b1"), nil)
		cancel()
		return nil
	})
	wantErr(t, "Update cancelled before its commit", err, context.Canceled)
	wantAbsent(t, s, "b1")
}

func testAfterClosure(t *testing.T, s store.Store) {
	fill(t, s, "a1")
	var r store.Reader
	var w store.Writer
	view(t, s, func(in store.Reader) { r = in })
	update(t, s, func(in store.Writer) { w = in })
	wantNothing(t, "a View that has ended", r)
	wantNothing(t, "an Update that has ended", w)
	w.Put([]byte("a2"), nil)
	w.Delete([]byte("a1"))
	wantKeys(t, s, "a", "", "a1")
}

func testStat(t *testing.T, s store.Store) {
	update(t, s, func(w store.Writer) {
		for i := range 500 {
			w.Put(fmt.Appendf(nil, "a%04d", i), make([]byte, 400))
		}
		w.Put([]byte("b"), nil)
	})
	st, err := s.Stat(t.Context())
	if err != nil {
		t.Fatalf("Stat = %v", err)
	}
	if used := st.SizeBytes - st.FreeBytes; used < 500*400 || st.FreeBytes < 0 {
		t.Errorf("Stat = %+v after 200 KB were written", st)
	}
	for space, want := range map[byte]int64{'a': 500, 'b': 1, 'c': 0} {
		if n, err := store.Keys(t.Context(), s, space); n != want || err != nil {
			t.Errorf("Keys(%c) = %d, %v, want %d", space, n, err, want)
		}
	}
	if n, err := store.Keys(cancelled(), s, 'a'); n != 0 || err == nil {
		t.Errorf("Keys with a context that is done = %d, %v", n, err)
	}
}

func testClosed(t *testing.T, s store.Store) {
	fill(t, s, "a1")
	for range 2 { // closing twice is the same as once
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	err := s.View(t.Context(), func(store.Reader) error { t.Error("View ran"); return nil })
	wantErr(t, "View", err, store.ErrClosed)
	err = s.Update(t.Context(), func(store.Writer) error { t.Error("Update ran"); return nil })
	wantErr(t, "Update", err, store.ErrClosed)
	_, err = s.Stat(t.Context())
	wantErr(t, "Stat", err, store.ErrClosed)
}

// testCloseWaits closes while a View and an Update run and another Update
// waits: the two finish, the one that waits does not begin.
func testCloseWaits(t *testing.T, s store.Store) {
	fill(t, s, "a1")
	var begun, done sync.WaitGroup
	goOn := make(chan struct{})
	begun.Add(2)
	done.Go(func() {
		err := s.View(context.Background(), func(r store.Reader) error {
			begun.Done()
			<-goOn
			if got := string(r.Get([]byte("a1"))); got != "v:a1" {
				t.Errorf("a View that Close waits for reads %q", got)
			}
			return nil
		})
		if err != nil {
			t.Errorf("a View that Close waits for = %v", err)
		}
	})
	done.Go(func() {
		err := s.Update(context.Background(), func(w store.Writer) error {
			begun.Done()
			<-goOn
			w.Put([]byte("a2"), w.Get([]byte("a1")))
			return nil
		})
		if err != nil {
			t.Errorf("an Update that Close waits for = %v", err)
		}
	})
	begun.Wait()
	waits := make(chan error)
	go func() {
		waits <- s.Update(context.Background(), func(store.Writer) error { return nil })
	}()
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	wantErr(t, "an Update that Close overtakes", <-waits, store.ErrClosed)
	select {
	case <-closed:
		t.Error("Close did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	close(goOn)
	done.Wait()
	if err := <-closed; err != nil {
		t.Errorf("Close = %v", err)
	}
}
