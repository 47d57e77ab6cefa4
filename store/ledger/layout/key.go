package layout

import (
	"encoding/binary"
	"hash/crc32"
)

// The keyspaces: the first byte of a key, a lower-case letter.
const (
	SpaceBlock    = 'c' // commits: blocks of records
	SpaceDue      = 'd'
	SpaceEdge     = 'e'
	SpaceEvent    = 'v'
	SpaceHead     = 'h'
	SpaceNumber   = 'i' // name → number
	SpaceMeta     = 'm'
	SpaceName     = 'n' // number → name
	SpaceObject   = 'o'
	SpaceRequest  = 'q'
	SpaceRank     = 'r'
	SpaceTimeline = 't'
	SpaceSum      = 'u'
	SpaceThin     = 'g' // records that are to be written anew or to go
	SpaceExpiry   = 'x' // of requests
)

// Seq numbers commits from 1. It has 40 bits.
type Seq uint64

// Latest is the greatest Seq: known at any commit, the newest included.
const Latest Seq = 1<<40 - 1

// The instants that the ledger can hold, in Unix microseconds: about the years
// 837 to 3111. Others are stored as the nearer of these; instants in questions
// are compared as they are.
const (
	MinInstant int64 = -1<<55 + 1<<48 // inverted, it does not begin with 0xff
	MaxInstant int64 = 1<<55 - 1
)

// InstantSize is the length of an encoded instant.
const InstantSize = 7

// Clamp is t, or the nearest instant that can be held.
func Clamp(t int64) int64 { return min(max(t, MinInstant), MaxInstant) }

// AppendInstant appends t, clamped, so that later instants sort later.
func AppendInstant(b []byte, t int64) []byte {
	return appendUint56(b, uint64(Clamp(t)-MinInstant))
}

// AppendInverted appends t, clamped, so that later instants sort earlier.
func AppendInverted(b []byte, t int64) []byte {
	return appendUint56(b, uint64(MaxInstant-Clamp(t)))
}

func appendUint56(b []byte, v uint64) []byte {
	return append(b, byte(v>>48), byte(v>>40), byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

func uint56(b []byte) uint64 {
	_ = b[6]
	return uint64(b[0])<<48 | uint64(b[1])<<40 | uint64(binary.BigEndian.Uint32(b[2:]))<<8 | uint64(b[6])
}

// Instant reads what AppendInstant appended.
func Instant(b []byte) int64 { return MinInstant + int64(uint56(b)) }

func inverted(b []byte) int64 { return MaxInstant - int64(uint56(b)) }

// AppendSeq appends a commit's number, so that later ones sort later.
func AppendSeq(b []byte, s Seq) []byte {
	return append(b, byte(s>>32), byte(s>>24), byte(s>>16), byte(s>>8), byte(s))
}

// SeqOf reads what AppendSeq appended.
func SeqOf(b []byte) Seq { return Seq(b[0])<<32 | Seq(binary.BigEndian.Uint32(b[1:])) }

// After returns the least key that has not prefix as its beginning and is
// greater: the upper bound of a Scan over prefix. It changes prefix. Keyspaces
// are letters, so there always is one.
func After(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i]++; prefix[i] != 0 {
			return prefix[:i+1]
		}
	}
	return nil
}

// SumSize is the length of a checksum.
const SumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum is CRC-32C over key and value, so that a value which has strayed to
// another key is as wrong as one that has changed.
func Checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, value)
}

// Sealed appends to dst value and the checksum.
func Sealed(dst, key, value []byte) []byte {
	dst = append(dst, value...)
	return binary.BigEndian.AppendUint32(dst, Checksum(key, value))
}

// Unseal takes the checksum off a value and verifies it.
func Unseal(key, value []byte) ([]byte, error) {
	n := len(value) - SumSize
	if n < 0 {
		return nil, Corrupt(key, "%d bytes are too few", len(value))
	}
	if binary.BigEndian.Uint32(value[n:]) != Checksum(key, value[:n]) {
		return nil, Corrupt(key, "the checksum differs")
	}
	return value[:n:n], nil
}

// UnsealN is Unseal for values of exactly size bytes.
func UnsealN(key, value []byte, size int) ([]byte, error) {
	v, err := Unseal(key, value)
	if err == nil && len(v) != size {
		err = Corrupt(key, "%d bytes where %d are due", len(v), size)
	}
	return v, err
}

// MaxPayload is how many bytes the payload of a record has at most.
const MaxPayload = 16 << 20
