package bolt

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/plumbline/plumbline/store"
)

// Flags of a page, and of an element that is a bucket within a bucket.
const (
	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	bucketFlag   = 0x01
)

const (
	elementSize  = 16                 // of a leaf's and of a branch's element
	bucketHeader = 16                 // page and sequence, before the page of an inlined bucket
	maxDepth     = 100                // of a tree; with two children a page that is more than any file holds
	maxTreePage  = 5 * store.MaxValue // of a page with those that belong to it; bbolt puts few large values on one
)

// walker reads the pages that can be reached from the root, with plain reads,
// so that nothing it meets can harm the process. It finds everything over which
// bbolt would panic: pages that are not what they should be, are beyond the
// end, or belong to two trees; elements that reach out of their page; keys out
// of order.
type walker struct {
	ctx  context.Context
	file io.ReaderAt
	meta meta

	seen    []uint64 // a bit a page
	buffers [][]byte // one a depth
	last    []byte   // the key seen last in this bucket, nil before the first
	least   []byte   // what the next leaf key must not be below
}

func newWalker(ctx context.Context, file io.ReaderAt, m meta) *walker {
	return &walker{ctx: ctx, file: file, meta: m, seen: make([]uint64, m.high/64+1)}
}

// walk looks at every page in use, the stored free list included.
func (w *walker) walk() error {
	if err := w.claim(0, 2); err != nil { // the meta pages
		return err
	}
	if err := w.tree(w.meta.root, 0); err != nil {
		return err
	}
	return w.freelist()
}

// ready looks at what bbolt reads when it opens the file: the stored free list
// where there is one, which keeps opening fast, else everything.
func (w *walker) ready() error {
	if w.meta.freelist == noFreelist {
		return w.walk()
	}
	if err := w.claim(0, 2); err != nil {
		return err
	}
	if err := w.claim(w.meta.root, 1); err != nil {
		return err
	}
	return w.freelist()
}

func (w *walker) corrupt(page uint64, format string, args ...any) error {
	return fmt.Errorf("%w: page %d: %s", store.ErrCorrupt, page, fmt.Sprintf(format, args...))
}

// claim marks n pages as in use.
func (w *walker) claim(page, n uint64) error {
	if n > 0 && (page >= w.meta.high || n > w.meta.high-page) {
		return w.corrupt(page, "beyond the last one, %d", w.meta.high-1)
	}
	for i := page; i < page+n; i++ {
		if w.seen[i/64]&(1<<(i%64)) != 0 {
			return w.corrupt(i, "referred to twice")
		}
		w.seen[i/64] |= 1 << (i % 64)
	}
	return nil
}

// read returns n bytes of the file from the beginning of a page, in the buffer
// of this depth, of which it keeps what is there already.
func (w *walker) read(page uint64, depth, have, n int) ([]byte, error) {
	for len(w.buffers) <= depth {
		w.buffers = append(w.buffers, make([]byte, w.meta.pageSize))
	}
	if len(w.buffers[depth]) < n {
		w.buffers[depth] = append(w.buffers[depth], make([]byte, n-len(w.buffers[depth]))...)
	}
	b := w.buffers[depth][:n]
	if _, err := w.file.ReadAt(b[have:], int64(page)*int64(w.meta.pageSize)+int64(have)); err != nil {
		return nil, fmt.Errorf("page %d: %w", page, err)
	}
	return b, nil
}

// page claims a page and those that follow and belong to it, and reads them.
func (w *walker) page(id uint64, depth int) (b []byte, flags uint16, err error) {
	if err := w.ctx.Err(); err != nil {
		return nil, 0, err
	}
	if err := w.claim(id, 1); err != nil {
		return nil, 0, err
	}
	if b, err = w.read(id, depth, 0, w.meta.pageSize); err != nil {
		return nil, 0, err
	}
	if self := order.Uint64(b); self != id {
		return nil, 0, w.corrupt(id, "calls itself %d", self)
	}
	flags = order.Uint16(b[8:])
	more := order.Uint32(b[12:])
	if more == 0 {
		return b, flags, nil
	}
	if flags != freelistPage && int64(more) >= maxTreePage/int64(w.meta.pageSize) {
		return nil, 0, w.corrupt(id, "is followed by %d more", more)
	}
	if err := w.claim(id+1, uint64(more)); err != nil {
		return nil, 0, err
	}
	b, err = w.read(id, depth, len(b), (int(more)+1)*w.meta.pageSize)
	return b, flags, err
}

// tree walks the tree below a page.
func (w *walker) tree(id uint64, depth int) error {
	if depth > maxDepth {
		return w.corrupt(id, "too deep")
	}
	b, flags, err := w.page(id, depth)
	if err != nil {
		return err
	}
	switch flags {
	case branchPage:
		return w.branch(id, b, depth)
	case leafPage:
		return w.leaf(id, b, depth)
	}
	return w.corrupt(id, "is no page of a tree (flags %#x)", flags)
}

// elements returns how many elements a page has, of which b is the content.
func (w *walker) elements(id uint64, b []byte) (int, error) {
	n := int(order.Uint16(b[10:]))
	if pageHeader+elementSize*n > len(b) {
		return 0, w.corrupt(id, "has more elements than fit")
	}
	return n, nil
}

func (w *walker) branch(id uint64, b []byte, depth int) error {
	n, err := w.elements(id, b)
	if err != nil {
		return err
	}
	if n == 0 {
		return w.corrupt(id, "is an empty branch")
	}
	for i := range n {
		at := pageHeader + elementSize*i
		pos, size := int(order.Uint32(b[at:])), int(order.Uint32(b[at+4:]))
		if pos+size > len(b)-at {
			return w.corrupt(id, "element %d reaches out of it", i)
		}
		key := b[at+pos : at+pos+size]
		if !w.ordered(key) {
			return w.corrupt(id, "key %d is out of order", i)
		}
		w.least = append(w.least[:0], key...)
		if err := w.tree(order.Uint64(b[at+8:]), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// ordered says whether key may come after what was seen so far in this bucket.
func (w *walker) ordered(key []byte) bool {
	return (w.last == nil || bytes.Compare(key, w.last) > 0) && bytes.Compare(key, w.least) >= 0
}

// leaf looks at a leaf, on pages of its own or inlined in an element of page id.
func (w *walker) leaf(id uint64, b []byte, depth int) error {
	n, err := w.elements(id, b)
	if err != nil {
		return err
	}
	for i := range n {
		at := pageHeader + elementSize*i
		flags, pos := order.Uint32(b[at:]), int(order.Uint32(b[at+4:]))
		ksize, vsize := int(order.Uint32(b[at+8:])), int(order.Uint32(b[at+12:]))
		if ksize == 0 || pos+ksize+vsize > len(b)-at {
			return w.corrupt(id, "element %d has no key or reaches out of it", i)
		}
		at += pos
		key := b[at : at+ksize]
		if !w.ordered(key) {
			return w.corrupt(id, "key %d is out of order", i)
		}
		w.last, w.least = append(w.last[:0], key...), w.least[:0]
		if flags&bucketFlag == 0 {
			continue
		}
		if err := w.bucket(id, b[at+ksize:at+ksize+vsize], depth); err != nil {
			return err
		}
	}
	return nil
}

// bucket walks the bucket that b, in an element of page id, is the header of.
func (w *walker) bucket(id uint64, b []byte, depth int) error {
	if len(b) < bucketHeader {
		return w.corrupt(id, "holds a bucket of %d bytes", len(b))
	}
	last, least := w.last, w.least
	w.last, w.least = nil, nil
	defer func() { w.last, w.least = last, least }()
	if root := order.Uint64(b); root != 0 {
		return w.tree(root, depth+1)
	}
	b = b[bucketHeader:]
	if len(b) < pageHeader || order.Uint16(b[8:]) != leafPage {
		return w.corrupt(id, "holds an inlined bucket that is no leaf")
	}
	return w.leaf(id, b, depth+1)
}

// freelist looks at the stored list of free pages, if any: ascending, in range,
// and none of them claimed before.
func (w *walker) freelist() error {
	id := w.meta.freelist
	if id == noFreelist {
		return nil
	}
	b, flags, err := w.page(id, 0)
	if err != nil {
		return err
	}
	if flags != freelistPage {
		return w.corrupt(id, "is no free list (flags %#x)", flags)
	}
	ids := b[pageHeader:]
	count := uint64(order.Uint16(b[10:]))
	if count == 0xffff { // more than the header can say
		if len(ids) < 8 {
			return w.corrupt(id, "has no length")
		}
		count, ids = order.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return w.corrupt(id, "lists more pages than fit")
	}
	before := uint64(1) // pages 0 and 1 are never free
	for i := range int(count) {
		free := order.Uint64(ids[8*i:])
		if free <= before {
			return w.corrupt(id, "lists page %d after page %d", free, before)
		}
		if err := w.claim(free, 1); err != nil {
			return err
		}
		before = free
	}
	return nil
}
