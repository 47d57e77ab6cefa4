package storetest

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/memory"
)

// testModel holds the store against the model over random updates, some of
// which fail, with views open across them.
func testModel(t *testing.T, open func(t *testing.T) store.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{real: open(t), model: memory.New()}
		defer m.close(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"update": m.update,
			"hold":   m.hold,
			"let go": m.letGo,
			"":       m.compare,
		})
	})
}

// machine is a store, its model, and the views that are open.
type machine struct {
	real, model store.Store
	held        []*held
}

// held is a View that stays open until goOn is closed.
type held struct {
	want string // what it must see to its end
	goOn chan struct{}
	got  chan error
}

// op is a write or a read of one key or range.
type op struct {
	kind  string
	key   []byte
	value []byte
}

var (
	// Few keys, so that they meet, and of every length, so that pages split.
	anyKey = rapid.Custom(func(t *rapid.T) []byte {
		k := []byte{rapid.SampledFrom([]byte{0, 'a', 'b', 0xff}).Draw(t, "space")}
		k = append(k, rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'x', 'y', 0xff}), 0, 3).Draw(t, "key")...)
		if rapid.IntRange(0, 9).Draw(t, "long") == 0 {
			k = append(k, make([]byte, store.MaxKey-len(k))...)
		}
		return k
	})
	anyValue = rapid.Custom(func(t *rapid.T) []byte {
		n := rapid.SampledFrom([]int{0, 1, 10, 300, 1500, 5000, 20000}).Draw(t, "size")
		v := make([]byte, n)
		for i := range v {
			v[i] = byte(i + n)
		}
		return v
	})
	anyOp = rapid.Custom(func(t *rapid.T) op {
		o := op{kind: rapid.SampledFrom([]string{"put", "put", "put", "delete", "get", "scan"}).Draw(t, "kind"), key: anyKey.Draw(t, "key")}
		switch o.kind {
		case "put":
			o.value = anyValue.Draw(t, "value")
		case "scan":
			o.value = anyKey.Draw(t, "hi")
		}
		return o
	})
)

// update runs the same Update on both. Some of them fail, by an error, by a
// wrong write or by a panic.
func (m *machine) update(t *rapid.T) {
	ops := rapid.SliceOfN(anyOp, 0, 12).Draw(t, "ops")
	end := rapid.SampledFrom([]string{"commit", "commit", "commit", "error", "wrong write", "panic"}).Draw(t, "end")
	run := func(s store.Store) (seen string, err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		err = s.Update(context.Background(), func(w store.Writer) error {
			seen = ""
			for _, o := range ops {
				seen += apply(w, o)
			}
			switch end {
			case "error":
				return errClosure
			case "wrong write":
				w.Put(nil, nil)
			case "panic":
				panic("closure")
			}
			return nil
		})
		return seen, err
	}
	got, gotErr := run(m.real)
	want, wantErr := run(m.model)
	if got != want || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
		t.Fatalf("Update sees %s and returns %v; the model sees %s and returns %v", got, gotErr, want, wantErr)
	}
}

// apply does o and returns what it reads.
func apply(w store.Writer, o op) string {
	switch o.kind {
	case "put":
		w.Put(o.key, o.value)
	case "delete":
		w.Delete(o.key)
	case "get":
		v := w.Get(o.key)
		return fmt.Sprintf("get %x=%d,%v;", o.key, len(v), v == nil)
	case "scan":
		hi := o.value
		if hi[0] != o.key[0] {
			hi = nil
		}
		out := "scan "
		for k, v := range w.Scan(o.key, hi) {
			out += fmt.Sprintf("%x=%d;", k, len(v))
		}
		return out
	}
	return ""
}

// dump is the whole content that r sees.
func dump(r store.Reader) string {
	out := ""
	for _, space := range []byte{0, 'a', 'b', 0xff} {
		for k, v := range r.Scan([]byte{space}, nil) {
			sum := 0
			for i, b := range v {
				sum += i * int(b)
			}
			out += fmt.Sprintf("%x=%d,%d;", k, len(v), sum)
		}
	}
	return out
}

func dumpOf(t *rapid.T, s store.Store) (out string) {
	err := s.View(context.Background(), func(r store.Reader) error { out = dump(r); return nil })
	if err != nil {
		t.Fatalf("View = %v", err)
	}
	return out
}

// compare is run after every step.
func (m *machine) compare(t *rapid.T) {
	if got, want := dumpOf(t, m.real), dumpOf(t, m.model); got != want {
		t.Fatalf("the store holds\n%s\nthe model\n%s", got, want)
	}
}

// hold opens a View that reads now and again before it ends.
func (m *machine) hold(t *rapid.T) {
	if len(m.held) == 3 {
		t.Skip("enough views are open")
	}
	h := &held{want: dumpOf(t, m.model), goOn: make(chan struct{}), got: make(chan error, 1)}
	begun := make(chan struct{})
	go func() {
		h.got <- m.real.View(context.Background(), func(r store.Reader) error {
			first := dump(r)
			close(begun)
			<-h.goOn
			if second := dump(r); first != h.want || second != h.want {
				return fmt.Errorf("an open view sees\n%s, later\n%s, want\n%s", first, second, h.want)
			}
			return nil
		})
	}()
	<-begun
	m.held = append(m.held, h)
}

// letGo ends the oldest open View.
func (m *machine) letGo(t *rapid.T) {
	if len(m.held) == 0 {
		t.Skip("no view is open")
	}
	h := m.held[0]
	m.held = m.held[1:]
	close(h.goOn)
	if err := <-h.got; err != nil {
		t.Fatal(err)
	}
}

func (m *machine) close(t *rapid.T) {
	for _, h := range m.held {
		close(h.goOn)
		if err := <-h.got; err != nil {
			t.Error(err)
		}
	}
	if err := m.real.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}
