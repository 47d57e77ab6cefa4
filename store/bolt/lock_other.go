//go:build windows || plan9 || solaris || aix || android

package bolt

import (
	"os"
	"time"
)

// lock does nothing: here a second lock on the same file would be a conflict
// with bbolt's own, which is taken a moment later.
func lock(*os.File, bool, time.Duration) error { return nil }

// release closes the file, for when bbolt cannot.
func release(f *os.File) error { return f.Close() }
