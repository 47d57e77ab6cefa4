package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// compactBytes is how much a compaction writes in one transaction.
const compactBytes = 32 << 20

// compactFill is how full pages become: room is left for a key or two, so that
// the first writes afterwards do not split every page that they touch.
const compactFill = 0.95

// Compact writes what the store holds to a new file at path, where nothing must
// be, without the free pages that deleting leaves and with full pages, reads
// every page of the copy again, and only then gives it its name. Nobody may
// write the store meanwhile: what is written after it began is not in the copy.
func (d *DB) Compact(ctx context.Context, path string) error {
	if err := d.compact(ctx, path); err != nil {
		return fmt.Errorf("compact to %s: %w", path, err)
	}
	return nil
}

func (d *DB) compact(ctx context.Context, path string) error {
	tmp, err := scratch(path)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if err := tmp.Close(); err != nil {
		return err
	}
	to, err := bbolt.Open(tmp.Name(), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		return full(err)
	}
	err = d.view(ctx, func(from *bbolt.Tx) error { return rewrite(ctx, from, to) })
	if err == nil {
		err = to.Sync()
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return full(err)
	}
	if err := verify(ctx, tmp.Name()); err != nil {
		return err
	}
	return publish(tmp.Name(), path)
}

// rewrite copies all buckets, which hold no others.
func rewrite(ctx context.Context, from *bbolt.Tx, to *bbolt.DB) error {
	return from.ForEach(func(name []byte, b *bbolt.Bucket) error {
		if err := to.Update(func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucketIfNotExists(name)
			return err
		}); err != nil {
			return err
		}
		c := b.Cursor()
		k, v := c.First()
		for k != nil {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := to.Update(func(tx *bbolt.Tx) error {
				bucket := tx.Bucket(name)
				bucket.FillPercent = compactFill
				for size := 0; k != nil && size < compactBytes; k, v = c.Next() {
					if err := bucket.Put(k, v); err != nil {
						return err
					}
					size += len(k) + len(v)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
