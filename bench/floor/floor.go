// Package floor is bbolt alone: what a store of records costs without anything
// around it. It is opened as package store/bolt opens it.
package floor

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/klauspost/compress/s2"
	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Bolt is a file of s2-compressed records, appended in the order of their keys.
type Bolt struct {
	db      *bbolt.DB
	records [][]byte // hosts as they come over the wire
	next    uint64
	raw     []byte
	packed  []byte
}

var bucket = []byte("records")

// Open makes a file. The records are variations of the hosts.
func Open(file string, hosts []*pb.Host) (*Bolt, error) {
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 16 << 30})
	if err != nil {
		return nil, err
	}
	b := &Bolt{db: db}
	for _, h := range hosts {
		raw, err := proto.Marshal(h)
		if err != nil {
			return nil, err
		}
		b.records = append(b.records, raw)
	}
	return b, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(bucket)
		return err
	})
}

// Close closes the file.
func (b *Bolt) Close() error { return b.db.Close() }

// Size is how many bytes the file has.
func (b *Bolt) Size() int64 {
	var size int64
	_ = b.db.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
	return size
}

// Append appends n records in one transaction, durably.
func (b *Bolt) Append(n int) error {
	return b.db.Update(func(tx *bbolt.Tx) error {
		into := tx.Bucket(bucket)
		into.FillPercent = 1
		for range n {
			b.next++
			key := binary.BigEndian.AppendUint64(nil, b.next)
			b.raw = append(b.raw[:0], b.records[b.next%uint64(len(b.records))]...)
			b.raw = append(b.raw, key...) // no two records are equal
			b.packed = s2.Encode(b.packed[:cap(b.packed)], b.raw)
			// bbolt keeps the value until the commit.
			if err := into.Put(key, append([]byte(nil), b.packed...)); err != nil {
				return err
			}
		}
		return nil
	})
}

// For appends, n records a transaction, until the time is up; it returns how
// many a second that were.
func (b *Bolt) For(ctx context.Context, n int, span time.Duration) (perSecond float64, err error) {
	start, count := time.Now(), 0
	for time.Since(start) < span {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := b.Append(n); err != nil {
			return 0, err
		}
		count += n
	}
	return float64(count) / time.Since(start).Seconds(), nil
}
