package change

import (
	"bytes"
	"container/list"
	"sync"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/shape/wire"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/replay"
	"github.com/plumbline/plumbline/store/ledger"
)

// Bounds of the cache of large systems, in hosts. A small system is read from
// the store in less time than the cache would save.
const (
	CacheFrom = 64     // of one system, at least
	cacheMost = 16_384 // of one system, at the most
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
	sys   *estate.System
	evals map[string]*assess.Evaluation
}

func newCache() *cache {
	return &cache{items: map[string]*list.Element{}, order: list.New(), from: CacheFrom}
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
	raw, err := tx.Head(envelope.SpaceSystem, k.sys.Number)
	if err != nil || !bytes.Equal(raw, k.sys.Raw) {
		return nil, err
	}
	k.sys.Tx = tx
	return k, nil
}

// put keeps a system after its commit.
func (c *cache) put(k *cached) {
	n := len(k.sys.Hosts)
	if n < c.from || n > cacheMost {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.items[k.sys.ID]; e != nil {
		c.remove(e)
	}
	c.items[k.sys.ID] = c.order.PushFront(k)
	c.hosts += n
	for c.hosts > cacheAll && c.order.Len() > 1 {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(e *list.Element) {
	k := c.order.Remove(e).(*cached)
	delete(c.items, k.sys.ID)
	c.hosts -= len(k.sys.Hosts)
}

// settle makes a plan's system one to be kept, after the plan's commit.
func (p *Plan) settle() *cached {
	p.sys.Settle(p.raw)
	return &cached{sys: p.sys, evals: p.cache.Evals}
}

// open reads a system's head, or takes the system from the cache. It
// also gives the evaluations that are kept with it. Views are decoded into memory
// that is used again once the plan is made; of a passing one, hosts' heads too.
func (x *Planner) open(tx *ledger.Tx, id string, passing bool) (*estate.System, *replay.Cache, error) {
	k, err := x.cache.take(tx, id)
	if err != nil {
		return nil, nil, err
	}
	if k != nil {
		head, err := envelope.Decode[storev1.SystemHead](k.sys.Raw)
		if err != nil {
			return nil, nil, err
		}
		k.sys.AdoptHead(head)
		return k.sys, &replay.Cache{Evals: k.evals}, nil
	}
	s, err := estate.OpenIn(x.arenas.Take(), tx, id, ledger.Latest)
	if err == nil && !passing {
		s.Heads = new(wire.Arena) // its commit writes them
	}
	return s, &replay.Cache{Evals: map[string]*assess.Evaluation{}}, err
}
