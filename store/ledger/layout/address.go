package layout

import (
	"cmp"
	"encoding/binary"
	"fmt"
)

// Addr is where a record stands: its commit, and its place within.
type Addr struct {
	Seq  Seq
	Slot uint16
}

// AddrSize is the length of an encoded Addr.
const AddrSize = 5 + 2

// Append appends the encoded address, which sorts as Compare does.
func (a Addr) Append(b []byte) []byte {
	return binary.BigEndian.AppendUint16(AppendSeq(b, a.Seq), a.Slot)
}

// ParseAddr reads an encoded address from the beginning of b.
func ParseAddr(b []byte) (Addr, bool) {
	if len(b) < AddrSize {
		return Addr{}, false
	}
	return Addr{Seq: SeqOf(b), Slot: binary.BigEndian.Uint16(b[5:])}, true
}

// Compare orders addresses as their records were appended.
func (a Addr) Compare(b Addr) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Slot, b.Slot))
}

// IsZero says whether a is no address: commits count from 1.
func (a Addr) IsZero() bool { return a.Seq == 0 }

func (a Addr) String() string { return fmt.Sprintf("%d.%d", a.Seq, a.Slot) }

// Commit is one change of the ledger: its number, and the instant at which it
// was recorded, in Unix microseconds, which grows strictly with the number.
// The zero Commit is none.
type Commit struct {
	Seq      Seq
	Recorded int64
}
