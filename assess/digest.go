package assess

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/plumbline/plumbline/assess/digest"
)

// Digest identifies what was found: states, the facts they rest on, and
// integer counts. It is SHA-256 over
//
//	"plumbline state v1" 0x00
//	for each result, in the checklist's and the inventory's order:
//	  rule id 0x00 subject id 0x00 state exception+1 waived facts 0x00
//	the counts by state, in the order of score.State, as big-endian uint32
//
// where facts are what rule.FactRef.AppendCanonical writes, in the order in
// which they were read. Scores are left out, since they are floating-point;
// they follow from the states and the checklist, whose digest stands beside.
func (e *Evaluation) Digest() digest.Digest {
	h := sha256.New()
	buffer := digestBuffers.Get().(*[]byte)
	b := append((*buffer)[:0], "plumbline state v1\x00"...)
	var counts [16]uint32
	ids := e.subjectIDs()
	for i := range e.Results {
		r := &e.Results[i]
		counts[r.State]++
		b = append(b, e.Plan.checklist.rules[r.Rule].src.Id...)
		b = append(b, 0)
		if r.Subject >= 0 {
			b = append(b, ids.of(int(r.Subject))...)
		}
		b = append(b, 0, byte(r.State), byte(r.Exception+1))
		if r.Waiver >= 0 {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
		for _, f := range e.facts[r.facts[0]:r.facts[1]] {
			b = f.AppendCanonical(b)
		}
		b = append(b, 0)
		if len(b) >= digestChunk {
			h.Write(b)
			b = b[:0]
		}
	}
	for _, c := range counts {
		b = binary.BigEndian.AppendUint32(b, c)
	}
	h.Write(b)
	if cap(b) <= 4*digestChunk {
		*buffer = b
	}
	digestBuffers.Put(buffer)
	var d digest.Digest
	h.Sum(d[:0])
	return d
}

var digestBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 2*digestChunk); return &b }}

// digestChunk is from how many bytes on they are hashed.
const digestChunk = 16 << 10

// idTable are the ids of an evaluation's subjects, one after the other.
type idTable struct {
	text []byte
	ends []int32
}

func (t *idTable) of(subject int) []byte {
	from := int32(0)
	if subject > 0 {
		from = t.ends[subject-1]
	}
	return t.text[from:t.ends[subject]]
}

func (e *Evaluation) subjectIDs() *idTable {
	t := &idTable{text: make([]byte, 0, 24*len(e.Subjects)), ends: make([]int32, len(e.Subjects))}
	for i := range e.Subjects {
		t.text = e.Subjects[i].appendID(t.text)
		t.ends[i] = int32(len(t.text))
	}
	return t
}

func (s *Subject) appendID(b []byte) []byte {
	if s.text != "" {
		return append(b, s.text...)
	}
	if s.host != nil && s.host != s.elem {
		b = append(append(append(b, "hosts/"...), pathKey(hostShape, s.host)...), '/')
	}
	return append(append(append(b, s.list.Name...), '/'), pathKey(s.list.Elem, s.elem)...)
}
