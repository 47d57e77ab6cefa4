//go:build unix

package bolt_test

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/memory"
)

// TestReopen opens a store again and again, after closing it and after what a
// crash leaves, with random updates between, and holds it against the model. A
// wrong list of free pages would have pages that are in use overwritten.
func TestReopen(t *testing.T) {
	t.Setenv("BBOLT_VERIFY", "all") // bbolt's own assertions
	rapid.Check(t, func(rt *rapid.T) {
		model := memory.New()
		db := create(t, bolt.Options{NoSync: true, AppendSpaces: []byte("b"), MaxSize: 16 << 20})
		path := db.Path()
		defer func() { _ = db.Close() }()
		for range rapid.IntRange(1, 12).Draw(rt, "rounds") {
			switch rapid.SampledFrom([]string{"update", "update", "update", "close", "crash", "backup"}).Draw(rt, "step") {
			case "update":
				ws := writes(rapid.SliceOfN(anyWrite, 1, 40).Draw(rt, "writes"))
				for _, s := range []store.Store{db, model} {
					if err := s.Update(context.Background(), ws.apply); err != nil {
						rt.Fatal(err)
					}
				}
				continue
			case "close":
				closeDB(t, db)
			case "crash":
				copied := crashedCopy(t, db)
				closeDB(t, db)
				path = copied
			case "backup":
				path = newPath(t)
				if err := db.Backup(context.Background(), path); err != nil {
					rt.Fatal(err)
				}
				closeDB(t, db)
			}
			if err := bolt.Check(context.Background(), path); err != nil {
				rt.Fatal(err)
			}
			db = open(t, path, bolt.Options{NoSync: true, AppendSpaces: []byte("b"), MaxSize: 16 << 20})
			if got, want := content(rt, db), content(rt, model); got != want {
				rt.Fatalf("the store holds\n%s, want\n%s", got, want)
			}
		}
	})
}

// write puts so many bytes, or deletes, a run of keys.
type write struct {
	space      byte
	from, keys int
	size       int // -1 to delete
}

type writes []write

var anyWrite = rapid.Custom(func(t *rapid.T) write {
	return write{
		space: rapid.SampledFrom([]byte("abc")).Draw(t, "space"),
		from:  rapid.IntRange(0, 300).Draw(t, "from"),
		keys:  rapid.IntRange(1, 30).Draw(t, "keys"),
		size:  rapid.SampledFrom([]int{-1, -1, 0, 20, 300, 2000, 9000}).Draw(t, "size"),
	}
})

func (ws writes) apply(w store.Writer) error {
	for _, x := range ws {
		for i := x.from; i < x.from+x.keys; i++ {
			key := fmt.Appendf([]byte{x.space}, "%05d", i)
			if x.size < 0 {
				w.Delete(key)
			} else {
				w.Put(key, fmt.Appendf(nil, "%0*d", x.size, i*x.size))
			}
		}
	}
	return nil
}

func content(t *rapid.T, s store.Store) (out string) {
	err := s.View(context.Background(), func(r store.Reader) error {
		out = ""
		for _, space := range []byte("abc") {
			for k, v := range r.Scan([]byte{space}, nil) {
				out += fmt.Sprintf("%s:%d:%s ", k, len(v), v[max(0, len(v)-10):])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
