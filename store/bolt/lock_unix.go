//go:build !windows && !plan9 && !solaris && !aix && !android

package bolt

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/plumbline/plumbline/store"
)

// lock takes the lock that bbolt takes, on the same open file, where taking it
// again is no conflict. It is taken early because what is read of a file that
// another process writes says nothing.
func lock(f *os.File, exclusive bool, timeout time.Duration) error {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	const pause = 25 * time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err == nil || (!errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR)) {
			return err
		}
		if waited >= timeout {
			return store.ErrLocked
		}
		time.Sleep(pause)
	}
}

// release lets go of the lock and closes the file, for when bbolt cannot. Its
// map of the file stays until the process ends, and would keep the lock.
func release(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
