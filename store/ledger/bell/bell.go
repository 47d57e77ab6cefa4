// Package bell tells any number of listeners, once each, that something came.
package bell

import "sync"

// Bell is one that nobody has rung. It is safe for concurrent use.
type Bell struct {
	mu sync.Mutex
	c  chan struct{} // made when somebody asks
}

// Next returns a channel that the next Ring closes.
func (b *Bell) Next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c == nil {
		b.c = make(chan struct{})
	}
	return b.c
}

// Ring tells who asked since the last time.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c != nil {
		close(b.c)
		b.c = nil
	}
}
