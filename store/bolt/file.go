package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"github.com/plumbline/plumbline/store"
)

// The format of bbolt's file, as far as it is read here: version 2, in the
// byte order of the machine. A page begins with a header of 16 bytes: id,
// flags, count of elements, count of pages that follow and belong to it. The
// first two pages each hold a meta record; the valid one with the higher
// transaction id is in force.
const (
	pageHeader = 16
	metaSize   = 64
	magic      = 0xED0CDAED
	version    = 2
	noFreelist = ^uint64(0)
)

var order = binary.NativeEndian

// meta is a meta record.
type meta struct {
	pageSize int
	root     uint64 // page of the bucket of buckets
	freelist uint64 // page of the free list, or noFreelist
	high     uint64 // number of pages in use; the file has at least as many
	txid     uint64
}

// parseMeta reads a meta record from a page's content. known says whether it
// is bbolt's at all, ok whether it is of the known version and intact.
func parseMeta(page []byte) (m meta, known, ok bool) {
	b := page[pageHeader : pageHeader+metaSize]
	if order.Uint32(b) != magic {
		return meta{}, false, false
	}
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	m = meta{
		pageSize: int(order.Uint32(b[8:])),
		root:     order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]),
		high:     order.Uint64(b[40:]),
		txid:     order.Uint64(b[48:]),
	}
	ok = order.Uint32(b[4:]) == version && order.Uint64(b[metaSize-8:]) == sum.Sum64()
	return m, true, ok && m.pageSize >= 1<<10 && m.pageSize <= 1<<24 && m.pageSize&(m.pageSize-1) == 0
}

// metas is what the two meta pages say.
type metas struct {
	meta       // the one in force
	valid int  // how many are intact
	known bool // whether any is bbolt's
}

// readMetas reads both meta pages. Where the first is damaged the page size is
// not known, so the second is looked for at every size that there is.
func readMetas(f io.ReaderAt) (metas, error) {
	var all metas
	add := func(offset int64) (bool, error) {
		var page [pageHeader + metaSize]byte
		if n, err := f.ReadAt(page[:], offset); n < len(page) {
			if err == io.EOF {
				err = nil
			}
			return false, err
		}
		m, known, ok := parseMeta(page[:])
		all.known = all.known || known
		if !ok {
			return false, nil
		}
		if all.valid++; all.valid == 1 || m.txid > all.txid {
			all.meta = m
		}
		return true, nil
	}
	ok, err := add(0)
	if err != nil {
		return all, err
	}
	if ok {
		_, err = add(int64(all.pageSize))
		return all, err
	}
	for size := int64(1 << 10); size <= 1<<24; size <<= 1 {
		if ok, err := add(size); ok || err != nil {
			return all, err
		}
	}
	return all, nil
}

// inspect says what keeps a file from being opened, from its length and its
// meta pages alone.
func inspect(f *os.File) (metas, error) {
	m, err := readMetas(f)
	if err != nil {
		return m, err
	}
	// The length is read after the pages: it only grows, so that a file which
	// somebody else is writing is not taken for a truncated one.
	info, err := f.Stat()
	if err != nil {
		return m, err
	}
	size := info.Size()
	switch {
	case size == 0:
		return m, fmt.Errorf("%w: the file is empty", store.ErrForeign)
	case !m.known:
		return m, store.ErrForeign
	case m.valid == 0 && size < 2<<10:
		return m, store.ErrTruncated
	case m.valid == 0:
		return m, fmt.Errorf("%w: neither meta page is intact", store.ErrCorrupt)
	case size%int64(m.pageSize) != 0:
		return m, fmt.Errorf("%w: its %d bytes are no whole number of pages", store.ErrTruncated, size)
	case m.high < 4 || m.high > uint64(size)/uint64(m.pageSize):
		return m, fmt.Errorf("%w: it has %d pages of %d", store.ErrTruncated, size/int64(m.pageSize), m.high)
	}
	return m, nil
}
