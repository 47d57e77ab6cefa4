package bolt

import (
	"fmt"
	"math"
	"runtime"
	"time"

	"go.etcd.io/bbolt"
)

// MinMaxSize is the smallest Options.MaxSize.
const MinMaxSize = 1 << 20

// Options are how a store is opened. The zero value is right for most.
type Options struct {
	// LockTimeout is how long Open waits for another process to let go of the
	// file; 0 means one second.
	LockTimeout time.Duration

	// MaxSize is the largest length of the file in bytes, 0 for no limit, else
	// at least MinMaxSize. Set it below the size of the disk: deleting needs
	// space too, so a full disk cannot be made less full from inside. A file
	// that is larger already can be read, and written where it has free pages.
	MaxSize int64

	// AppendSpaces are the keyspaces whose keys only grow. Their pages are
	// filled up before the next is begun; in others they are left half empty
	// for keys that come between.
	AppendSpaces []byte

	// NoSync leaves out every fsync: a crash of the machine then loses or
	// destroys the store. For tests and throw-away benchmarks only.
	NoSync bool
}

func (o Options) check() error {
	if o.MaxSize != 0 && o.MaxSize < MinMaxSize {
		return fmt.Errorf("bolt: the maximum size is %d bytes, and must be 0 for none or at least %d", o.MaxSize, MinMaxSize)
	}
	if o.MaxSize > math.MaxInt {
		return fmt.Errorf("bolt: the maximum size %d is beyond this machine's address space", o.MaxSize)
	}
	return nil
}

func (o Options) lockTimeout() time.Duration {
	if o.LockTimeout <= 0 {
		return time.Second
	}
	return o.LockTimeout
}

// bolt returns what bbolt is told, but for OpenFile.
func (o Options) bolt() *bbolt.Options {
	return &bbolt.Options{
		Timeout:         o.lockTimeout(),
		NoFreelistSync:  true,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: initialMap(),
		MaxSize:         int(o.MaxSize),
		NoSync:          o.NoSync,
	}
}

// initialMap is how much address space is mapped at once. When a file outgrows
// its map, bbolt maps it anew, for which all readers must have left: the writer
// waits for the slowest and new readers wait for the writer. On 64-bit Linux
// the map costs nothing but addresses; elsewhere it may cost the file's length.
func initialMap() int {
	size := int64(16 << 30)
	if runtime.GOOS != "linux" || size > math.MaxInt {
		return 0
	}
	return int(size)
}

// allocSize is by how much the file grows at a time. bbolt compares MaxSize
// with a size that may be this much below the one it then allocates, so it has
// to be small against MaxSize; and whole pages, whatever their size.
func (o Options) allocSize(standard int) int {
	const unit = 64 << 10
	if o.MaxSize == 0 || o.MaxSize/8 >= int64(standard) {
		return standard
	}
	return int(o.MaxSize/8) / unit * unit
}
