package ledger

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// The keyspaces: the first byte of a key, a lower-case letter.
const (
	spaceBlock    = 'c' // commits: blocks of records
	spaceDue      = 'd'
	spaceEdge     = 'e'
	spaceEvent    = 'v'
	spaceHead     = 'h'
	spaceNumber   = 'i' // name → number
	spaceMeta     = 'm'
	spaceName     = 'n' // number → name
	spaceObject   = 'o'
	spaceRequest  = 'q'
	spaceRank     = 'r'
	spaceTimeline = 't'
	spaceSum      = 'u'
	spaceThin     = 'g' // records that are to be written anew or to go
	spaceExpiry   = 'x' // of requests
)

// AppendSpaces returns the keyspaces whose keys only grow, for backends that
// pack the pages of such ones.
func AppendSpaces() []byte { return []byte{spaceBlock, spaceEvent} }

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

const instantSize = 7

func clamp(t int64) int64 { return min(max(t, MinInstant), MaxInstant) }

// appendInstant appends t, clamped, so that later instants sort later.
func appendInstant(b []byte, t int64) []byte {
	return appendUint56(b, uint64(clamp(t)-MinInstant))
}

// appendInverted appends t, clamped, so that later instants sort earlier.
func appendInverted(b []byte, t int64) []byte {
	return appendUint56(b, uint64(MaxInstant-clamp(t)))
}

func appendUint56(b []byte, v uint64) []byte {
	return append(b, byte(v>>48), byte(v>>40), byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

func uint56(b []byte) uint64 {
	_ = b[6]
	return uint64(b[0])<<48 | uint64(b[1])<<40 | uint64(binary.BigEndian.Uint32(b[2:]))<<8 | uint64(b[6])
}

func instant(b []byte) int64  { return MinInstant + int64(uint56(b)) }
func inverted(b []byte) int64 { return MaxInstant - int64(uint56(b)) }

func appendSeq(b []byte, s Seq) []byte {
	return append(b, byte(s>>32), byte(s>>24), byte(s>>16), byte(s>>8), byte(s))
}

func seqOf(b []byte) Seq { return Seq(b[0])<<32 | Seq(binary.BigEndian.Uint32(b[1:])) }

// after returns the least key that has not prefix as its beginning and is
// greater: the upper bound of a Scan over prefix. It changes prefix. Keyspaces
// are letters, so there always is one.
func after(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i]++; prefix[i] != 0 {
			return prefix[:i+1]
		}
	}
	return nil
}

const sumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is CRC-32C over key and value, so that a value which has strayed to
// another key is as wrong as one that has changed.
func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, value)
}

// sealed appends to dst value and the checksum.
func sealed(dst, key, value []byte) []byte {
	dst = append(dst, value...)
	return binary.BigEndian.AppendUint32(dst, checksum(key, value))
}

// unseal takes the checksum off a value and verifies it.
func unseal(key, value []byte) ([]byte, error) {
	n := len(value) - sumSize
	if n < 0 {
		return nil, corrupt(key, "%d bytes are too few", len(value))
	}
	if binary.BigEndian.Uint32(value[n:]) != checksum(key, value[:n]) {
		return nil, corrupt(key, "the checksum differs")
	}
	return value[:n:n], nil
}

// unsealN is unseal for values of exactly size bytes.
func unsealN(key, value []byte, size int) ([]byte, error) {
	v, err := unseal(key, value)
	if err == nil && len(v) != size {
		err = corrupt(key, "%d bytes where %d are due", len(v), size)
	}
	return v, err
}

// Limits of what the ledger takes, in bytes unless said otherwise.
const (
	MaxName    = 400            // a name of Intern
	MaxText    = 500            // the name of an object, the key of a roll-up
	MaxPayload = 16 << 20       // the payload of a record
	MaxValue   = 32 << 20       // a head, object or receipt
	MaxRecords = math.MaxUint16 // records of one commit, audit entries included
)
