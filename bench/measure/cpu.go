//go:build unix

package measure

import (
	"syscall"
	"time"
)

// CPUTime is the time that this process has been on a processor, all its
// threads together. Machines are shared: a clock on the wall also counts the
// others' work.
func CPUTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are right, so the system is not
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
