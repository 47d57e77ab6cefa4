package bolt_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
)

// TestBackup copies a store while it is written to.
func TestBackup(t *testing.T) {
	db := create(t, bolt.Options{})
	mustPut(t, db, 0, 5000, 300)
	mustPut(t, db, 1000, 100, 300) // free pages in it
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := put(context.Background(), db, 5000+i, 1, 300); err != nil {
				t.Error(err)
				return
			}
		}
	})
	path := newPath(t)
	err := db.Backup(t.Context(), path)
	close(stop)
	done.Wait()
	wantErr(t, "Backup", err, nil)
	wantFiles(t, path, "store.db")
	if err := bolt.Check(t.Context(), path); err != nil {
		t.Error(err)
	}
	copied := open(t, path, bolt.Options{})
	n, err := store.Keys(t.Context(), copied, 'a')
	if n < 5000 || err != nil {
		t.Errorf("the copy has %d records, %v", n, err)
	}
	wantRecords(t, copied, int(n), 300)
	mustPut(t, copied, int(n), 100, 300)
	wantRecords(t, copied, int(n)+100, 300)
	closeDB(t, copied)
}

func TestBackupRefuses(t *testing.T) {
	db := create(t, bolt.Options{})
	mustPut(t, db, 0, 5000, 300)
	wantErr(t, "Backup onto the store", db.Backup(t.Context(), db.Path()), store.ErrExists)
	path := newPath(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, "Backup with a context that is done", db.Backup(ctx, path), context.Canceled)
	wantErr(t, "Backup into no folder", db.Backup(t.Context(), filepath.Join(path, "b")), os.ErrNotExist)
	wantFiles(t, path)
	closeDB(t, db)
	wantErr(t, "Backup of a closed store", db.Backup(t.Context(), path), store.ErrClosed)
	wantFiles(t, path)
}
