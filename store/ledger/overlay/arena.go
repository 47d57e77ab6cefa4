package overlay

// arena hands out memory that is given back all at once.
type arena struct{ chunk []byte }

const (
	arenaChunk = 64 << 10
	arenaKeep  = 4 << 20
)

// take returns n bytes, which nobody else has, never nil, which would be the
// value of no key. They may hold anything.
func (a *arena) take(n int) []byte {
	if n > cap(a.chunk)-len(a.chunk) || a.chunk == nil {
		// Doubling means that a batch as large as the last one fits in one chunk.
		size := min(2*cap(a.chunk), arenaKeep)
		a.chunk = make([]byte, 0, max(size, arenaChunk, n))
	}
	i := len(a.chunk)
	a.chunk = a.chunk[:i+n]
	return a.chunk[i : i+n : i+n]
}

func (a *arena) reset() {
	if cap(a.chunk) > arenaKeep {
		a.chunk = nil
	}
	a.chunk = a.chunk[:0]
}
