package assessor

import (
	"bytes"
	"container/list"
	"sync"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// Bounds of the cache of large systems, in hosts. A small system is read from
// the store in less time than the cache would save.
const (
	cacheFrom = 64
	cacheMost = 16_384 // of one system
	cacheAll  = 4_096  // of all, besides the one used last: a host takes 20 KB
)

// cache keeps large systems as they stand after a commit, decoded, with their
// newest evaluations: one host's change in a system of thousands then neither
// decodes nor evaluates the others. It is never the truth: what it keeps is
// used only if the store's head of the system is, byte for byte, the one that
// was written with it, and everything that changes a system changes its head.
type cache struct {
	mu    sync.Mutex
	items map[string]*list.Element // of *cached
	order *list.List               // the most recently used first
	hosts int
	from  int // hosts that a system must have to be kept
}

type cached struct {
	sys   *system
	evals map[string]*assess.Evaluation
}

func newCache() *cache {
	return &cache{items: map[string]*list.Element{}, order: list.New(), from: cacheFrom}
}

// take takes a system out, if what is kept is what stands in the store. A plan
// changes what it takes, so it is put back only after its commit.
func (c *cache) take(tx *ledger.Tx, id string) (*cached, error) {
	c.mu.Lock()
	e := c.items[id]
	if e == nil {
		c.mu.Unlock()
		return nil, nil
	}
	c.remove(e)
	c.mu.Unlock()
	k := e.Value.(*cached)
	raw, err := tx.Head(envelope.SpaceSystem, k.sys.number)
	if err != nil || !bytes.Equal(raw, k.sys.raw) {
		return nil, err
	}
	k.sys.tx = tx
	return k, nil
}

// put keeps a system after its commit.
func (c *cache) put(k *cached) {
	n := len(k.sys.hosts)
	if n < c.from || n > cacheMost {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.items[k.sys.id]; e != nil {
		c.remove(e)
	}
	c.items[k.sys.id] = c.order.PushFront(k)
	c.hosts += n
	for c.hosts > cacheAll && c.order.Len() > 1 {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(e *list.Element) {
	k := c.order.Remove(e).(*cached)
	delete(c.items, k.sys.id)
	c.hosts -= len(k.sys.hosts)
}

// settle makes a plan's system one to be kept, after the plan's commit.
func (p *plan) settle() *cached {
	p.sys.settle(p.raw)
	return &cached{sys: p.sys, evals: p.cache.evals}
}

// settle makes a system that was committed into one that was read. raw is its
// head as it was written; nil where it was not.
func (s *system) settle(raw []byte) {
	if raw != nil {
		s.raw = raw
	}
	s.tx, s.foreign, s.statements = nil, nil, nil
	s.arena = new(wire.Arena) // the old one would hold what is replaced
	for _, st := range s.sources {
		st.track.settle()
	}
	for _, h := range s.hosts {
		if h.changed {
			h.raw, h.written = h.written, nil
		}
		h.changed, h.joins = false, false
		for _, t := range h.tracks {
			t.settle()
		}
	}
}

// settle makes staged versions stored ones. Only the newest stays: it is what
// the next plan needs, and the rest can be read.
func (t *track) settle() {
	for _, v := range t.versions {
		v.staged, v.delta = false, nil
	}
	if len(t.versions) > 1 {
		t.versions = t.versions[:1]
	}
	t.complete = false
	if v := t.newest(); v != nil {
		v.payload = nil // its decoded form is kept
	}
}

// arenas are memory for systems of which nothing is kept. The zero value is empty.
type arenas struct {
	free sync.Pool // of *wire.Arena
}

// take is memory that was used before, for who gives it back.
func (a *arenas) take() *wire.Arena {
	if x, ok := a.free.Get().(*wire.Arena); ok {
		return x
	}
	return new(wire.Arena)
}

// give has memory used again; nothing that was decoded into it may be held.
func (a *arenas) give(x *wire.Arena) {
	x.Reset()
	a.free.Put(x)
}

// open reads a system's head, or takes the system from the cache. It
// also gives the evaluations that are kept with it. Of a passing one nothing is
// kept after the plan is made; then it has memory that is used again.
func (x *planner) open(tx *ledger.Tx, id string, passing bool) (*system, *replayCache, error) {
	k, err := x.cache.take(tx, id)
	if err != nil {
		return nil, nil, err
	}
	if k != nil {
		head, err := envelope.Decode[storev1.SystemHead](k.sys.raw)
		if err != nil {
			return nil, nil, err
		}
		k.sys.adoptHead(head)
		return k.sys, &replayCache{evals: k.evals}, nil
	}
	arena := new(wire.Arena)
	if passing {
		arena = x.arenas.take()
	}
	s, err := openSystemIn(arena, tx, id, ledger.Latest)
	return s, &replayCache{evals: map[string]*assess.Evaluation{}}, err
}

// adoptHead puts a head that was read anew in the place of the one that the
// last commit may have changed afterwards.
func (s *system) adoptHead(h *storev1.SystemHead) {
	s.head = h
	s.sources = s.sources[:len(h.Sources)]
	for i, src := range h.Sources {
		st := s.sources[i]
		st.head, st.track.stream = src, &src.Stream
	}
}
