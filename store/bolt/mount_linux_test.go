package bolt_test

import (
	"fmt"
	"syscall"
)

// mountSmall mounts a file system in memory, of so many bytes, on a folder.
func mountSmall(folder string, size int) error {
	return syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d", size))
}

func unmount(folder string) error { return syscall.Unmount(folder, 0) }
