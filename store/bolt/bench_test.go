package bolt_test

import (
	"testing"

	"go.etcd.io/bbolt"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
)

// What the contract costs on top of bbolt: each benchmark has a twin that does
// the same with bbolt alone, without syncing, so that processors are compared.

const benchRecords = 100_000

func benchStore(b *testing.B) *bolt.DB {
	b.Helper()
	db, err := bolt.Create(b.TempDir()+"/store.db", bolt.Options{NoSync: true, AppendSpaces: []byte("a")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	for i := 0; i < benchRecords; i += 1000 {
		if err := put(b.Context(), db, i, 1000, 100); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

func benchRaw(b *testing.B) *bbolt.DB {
	b.Helper()
	db, err := bbolt.Open(b.TempDir()+"/raw.db", 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	for i := 0; i < benchRecords; i += 1000 {
		if err := rawPut(db, i, 1000, 100); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

func rawPut(db *bbolt.DB, from, n, size int) error {
	return db.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists([]byte("a"))
		if err != nil {
			return err
		}
		bucket.FillPercent = 1
		for i := from; i < from+n; i++ {
			if err := bucket.Put(recordKey(i), recordValue(i, size)); err != nil {
				return err
			}
		}
		return nil
	})
}

func BenchmarkGet(b *testing.B) {
	key := recordKey(benchRecords / 2)
	b.Run("store", func(b *testing.B) {
		db := benchStore(b)
		b.ReportAllocs()
		for b.Loop() {
			if err := db.View(b.Context(), func(r store.Reader) error { r.Get(key); return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bbolt", func(b *testing.B) {
		db := benchRaw(b)
		b.ReportAllocs()
		for b.Loop() {
			if err := db.View(func(tx *bbolt.Tx) error { tx.Bucket([]byte("a")).Get(key); return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkScan reads 100,000 records an iteration.
func BenchmarkScan(b *testing.B) {
	b.Run("store", func(b *testing.B) {
		db := benchStore(b)
		for b.Loop() {
			if n, err := store.Keys(b.Context(), db, 'a'); n != benchRecords || err != nil {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("bbolt", func(b *testing.B) {
		db := benchRaw(b)
		for b.Loop() {
			err := db.View(func(tx *bbolt.Tx) error {
				c := tx.Bucket([]byte("a")).Cursor()
				for k, _ := c.First(); k != nil; k, _ = c.Next() {
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkAppend appends 1,000 records of 100 bytes an iteration.
func BenchmarkAppend(b *testing.B) {
	b.Run("store", func(b *testing.B) {
		db := benchStore(b)
		n := benchRecords
		for b.Loop() {
			if err := put(b.Context(), db, n, 1000, 100); err != nil {
				b.Fatal(err)
			}
			n += 1000
		}
	})
	b.Run("bbolt", func(b *testing.B) {
		db := benchRaw(b)
		n := benchRecords
		for b.Loop() {
			if err := rawPut(db, n, 1000, 100); err != nil {
				b.Fatal(err)
			}
			n += 1000
		}
	})
}
