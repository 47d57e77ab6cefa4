package wire

import (
	"reflect"
	"unsafe"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Arena is where decoded messages lie. The zero Arena is ready. It is not safe
// for concurrent use; messages are as soon as they are decoded.
type Arena struct {
	slabs    []slab // by table.slab
	texts    pool[string]
	lists    pool[unsafe.Pointer] // of messages
	int32s   pool[int32]
	int64s   pool[int64]
	doubles  pool[float64]
	textMaps []map[string]string
	factMaps []map[string]*pb.FactValue
	maps     [2]int // how many of them are in use
	facts    facts
	bytes    []byte
	decoded  int // bytes decoded since the last Reset
}

// facts are what the oneof of a FactValue holds.
type facts struct {
	bools   pool[pb.FactValue_BoolValue]
	ints    pool[pb.FactValue_IntValue]
	doubles pool[pb.FactValue_DoubleValue]
	texts   pool[pb.FactValue_StringValue]
	times   pool[pb.FactValue_TimeValue]
	spans   pool[pb.FactValue_DurationValue]
	lists   pool[pb.FactValue_StringList]
}

// Slabs begin small, for who decodes one host, and grow to slabMost elements.
const (
	slabFirst = 1
	poolFirst = 16
	slabMost  = 512
	bytesMost = 32 << 10
	mapMost   = 64      // entries; larger maps are not used again
	keepMost  = 4 << 20 // decoded bytes; what holds more is not used again
)

// Copy is a copy of bytes in the arena's memory, for those that may change
// after they were decoded, or lie in a transaction.
func (a *Arena) Copy(b []byte) []byte {
	if len(b) > cap(a.bytes)-len(a.bytes) {
		a.bytes = make([]byte, 0, max(len(b), min(2*cap(a.bytes), bytesMost), 512))
	}
	from := len(a.bytes)
	a.bytes = append(a.bytes, b...)
	return a.bytes[from:len(a.bytes):len(a.bytes)]
}

// Reset empties all messages that were decoded with the arena and uses their
// memory again, unless it is very much. Nothing may point to any of them any more.
func (a *Arena) Reset() {
	if a.decoded > keepMost {
		*a = Arena{}
		return
	}
	a.decoded = 0
	for i := range a.slabs {
		a.slabs[i].reset()
	}
	a.texts.reset()
	a.lists.reset()
	a.int32s.reset()
	a.int64s.reset()
	a.doubles.reset()
	a.textMaps = emptied(a.textMaps, a.maps[0])
	a.factMaps = emptied(a.factMaps, a.maps[1])
	a.maps = [2]int{}
	f := &a.facts
	f.bools.reset()
	f.ints.reset()
	f.doubles.reset()
	f.texts.reset()
	f.times.reset()
	f.spans.reset()
	f.lists.reset()
}

// Leave leaves all messages that were decoded with the arena to who holds them, and
// begins anew, with other memory.
func (a *Arena) Leave() {
	a.decoded, a.bytes = 0, nil
	for i := range a.slabs {
		if s := &a.slabs[i]; s.at > 0 {
			clear(s.chunks)
			*s = slab{chunks: s.chunks[:0]}
		}
	}
	a.texts.leave()
	a.lists.leave()
	a.int32s.leave()
	a.int64s.leave()
	a.doubles.leave()
	clear(a.textMaps)
	clear(a.factMaps)
	a.textMaps, a.factMaps, a.maps = a.textMaps[:0], a.factMaps[:0], [2]int{}
	a.facts = facts{}
}

// emptied clears the maps in use, and drops large ones.
func emptied[V any](list []map[string]V, used int) []map[string]V {
	for i, m := range list[:used] {
		if len(m) > mapMost {
			m = map[string]V{}
			list[i] = m
		}
		clear(m)
	}
	return list
}

func (a *Arena) textMap(n int) map[string]string {
	return nextMap(&a.textMaps, &a.maps[0], n)
}

func (a *Arena) factMap(n int) map[string]*pb.FactValue {
	return nextMap(&a.factMaps, &a.maps[1], n)
}

// nextMap takes a map that a Reset has emptied, or makes one for n entries.
func nextMap[V any](list *[]map[string]V, used *int, n int) map[string]V {
	if *used == len(*list) {
		*list = append(*list, make(map[string]V, n))
	}
	*used++
	return (*list)[*used-1]
}

// take cuts n new messages, side by side, and returns the first.
func (a *Arena) take(t *table, n int) unsafe.Pointer {
	if t.slab >= len(a.slabs) {
		a.slabs = append(a.slabs, make([]slab, t.slab+1-len(a.slabs))...)
	}
	s := &a.slabs[t.slab]
	if s.left < n {
		s.next(t, n)
	}
	p := unsafe.Add(s.base, uintptr(s.count-s.left)*t.size)
	s.left -= n
	return p
}

// slab is memory for messages of one type.
type slab struct {
	base        unsafe.Pointer // of the chunk under way
	left, count int            // messages that it still has room for, and at all
	chunks      []chunk
	at          int // where the chunk under way stands in chunks, from 1
}

type chunk struct {
	messages reflect.Value // []T
	used     int
}

// next goes on to a chunk with room for n messages.
func (s *slab) next(t *table, n int) {
	s.close()
	for s.at < len(s.chunks) && s.chunks[s.at].messages.Len() < n {
		s.at++
	}
	if s.at == len(s.chunks) {
		size := max(n, min(2*s.count, slabMost), slabFirst)
		s.chunks = append(s.chunks, chunk{messages: reflect.MakeSlice(reflect.SliceOf(t.goType), size, size)})
	}
	c := &s.chunks[s.at]
	s.at++
	s.base, s.count = c.messages.UnsafePointer(), c.messages.Len()
	s.left = s.count
}

// close notes how much of the chunk under way is used.
func (s *slab) close() {
	if s.at > 0 {
		s.chunks[s.at-1].used = s.count - s.left
	}
}

func (s *slab) reset() {
	if s.at == 0 {
		return
	}
	s.close()
	for i := range s.chunks[:s.at] {
		c := &s.chunks[i]
		if c.used > 0 {
			c.messages.Slice(0, c.used).Clear()
		}
		c.used = 0
	}
	s.base, s.left, s.at = nil, 0, 0
}

// pool is memory for values of one Go type.
type pool[T any] struct {
	chunks [][]T
	free   []T // of the chunk under way
	at     int // where that stands in chunks, from 1
}

// take cuts n zero values.
func (p *pool[T]) take(n int) []T {
	if len(p.free) < n {
		p.next(n)
	}
	out := p.free[:n:n]
	p.free = p.free[n:]
	return out
}

// one cuts a single value.
func (p *pool[T]) one() *T {
	if len(p.free) == 0 {
		p.next(1)
	}
	v := &p.free[0]
	p.free = p.free[1:]
	return v
}

func (p *pool[T]) next(n int) {
	for p.at < len(p.chunks) && len(p.chunks[p.at]) < n {
		p.at++
	}
	if p.at == len(p.chunks) {
		last := 0
		if p.at > 0 {
			last = len(p.chunks[p.at-1])
		}
		p.chunks = append(p.chunks, make([]T, max(n, min(2*last, 4*slabMost), poolFirst)))
	}
	p.free = p.chunks[p.at]
	p.at++
}

func (p *pool[T]) reset() {
	for i, c := range p.chunks[:p.at] {
		if i == p.at-1 {
			c = c[:len(c)-len(p.free)]
		}
		clear(c)
	}
	p.free, p.at = nil, 0
}

func (p *pool[T]) leave() {
	clear(p.chunks)
	p.chunks, p.free, p.at = p.chunks[:0], nil, 0
}
