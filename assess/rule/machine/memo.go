package machine

import (
	"slices"
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/fact"
)

// Memo is the value of a part of a rule that does not depend on the subject,
// computed once for a machine's context, with all that computing it found.
type Memo struct {
	fact.Group
	cycle    uint64
	State    calc.State // of a value
	Gap      calc.Gaps  // of a list
	horizon  int64
	fault    *calc.Fault
	claim    *claim
	wanted   []WantedClaim
	unnamed  []fact.Ref
	claims   bool   // whether it asked for claims
	supposal uint64 // which Suppose it is of
	spent    bool

	// The value, in the field that its type asks for.
	B  bool
	I  int64
	D  float64
	S  string
	P  unsafe.Pointer
	Bs []bool
	Is []int64
	Ds []float64
	Ss []string
	Ps []unsafe.Pointer

	Entry *Value // a table's, where that is what is kept

	set map[string]struct{} // of Ss, where that is long
}

// Remembered returns the memo of an index, computed if need be, and takes over
// what it found as if it had been computed here: its facts as one.
func (m *Machine) Remembered(index int, compute func(*Machine, *Memo)) *Memo {
	if index >= len(m.memos) {
		m.memos = append(m.memos, make([]*Memo, index+1-len(m.memos))...)
	}
	e := m.memos[index]
	if e == nil {
		e = &Memo{}
		m.memos[index] = e
	}
	if e.cycle != m.cycle || e.claims && e.supposal != m.supposal {
		m.remember(e, compute)
	}
	if len(e.Facts) > 0 {
		m.facts = append(m.facts, fact.ReadBy(&e.Group))
	}
	if len(e.Missing) > 0 {
		m.missing = append(m.missing, fact.MissingFrom(&e.Group))
	}
	m.Until(e.horizon)
	if e.fault != nil {
		m.Fail(e.fault)
	}
	if e.claim != nil {
		m.claim, m.untidy = e.claim, true
	}
	m.asked = m.asked || e.claims
	if len(e.wanted) > 0 {
		m.wanted, m.unnamed, m.untidy = append(m.wanted, e.wanted...), append(m.unnamed, e.unnamed...), true
	}
	if e.spent {
		m.left = -1
	}
	return e
}

// remember computes a memo. It has a budget of its own: what a subject may
// spend must not depend on whether another was evaluated before it.
func (m *Machine) remember(e *Memo, compute func(*Machine, *Memo)) {
	saved := m.outcome
	msgs, texts, ints, reals, bools := m.Msgs.Vars, m.Texts.Vars, m.Ints.Vars, m.Reals.Vars, m.Bools.Vars
	m.outcome = outcome{facts: e.Facts[:0], missing: e.Missing[:0], horizon: Forever, left: m.budget}
	compute(m, e)
	e.cycle = m.cycle
	e.Facts = fact.AppendDistinct(nil, m.facts)
	e.Missing = fact.AppendDistinct(nil, m.missing)
	e.horizon, e.claim, e.spent, e.fault = m.horizon, m.claim, m.left < 0, nil
	e.claims, e.wanted, e.unnamed, e.supposal = m.asked, m.Wanted(), m.Unnamed(), m.supposal
	e.set = SetOf(e.Ss)
	if e.State == calc.Failed || e.Gap&calc.Wrong != 0 {
		e.fault = m.fault
	}
	m.outcome = saved
	m.Msgs.Vars, m.Texts.Vars, m.Ints.Vars, m.Reals.Vars, m.Bools.Vars = msgs, texts, ints, reals, bools
}

//go:noinline

// Kept is where the value of an index is kept for the subject, and whether it
// is there. What is kept was known, and its facts are among the subject's
// already. The Memo is valid until the next call of Kept.
func (m *Machine) Kept(index int) (e *Memo, ok bool) {
	if index >= len(m.kept) {
		m.kept = append(m.kept, make([]Memo, index+1-len(m.kept))...)
	}
	e = &m.kept[index]
	return e, e.cycle == m.serial
}

// Keep is Kept for a value that is about to be set.
func (m *Machine) Keep(index int) *Memo {
	e, _ := m.Kept(index)
	e.cycle = m.serial
	return e
}

// Contains looks for a text in a remembered list.
func (e *Memo) Contains(v string) bool {
	if e.set != nil {
		_, ok := e.set[v]
		return ok
	}
	return slices.Contains(e.Ss, v)
}

// LongList is the length from which a list of texts is searched by a hash.
const LongList = 8

// SetOf is the set of a long list's texts; nil for a short one.
func SetOf(list []string) map[string]struct{} {
	if len(list) <= LongList {
		return nil
	}
	set := make(map[string]struct{}, len(list))
	for _, s := range list {
		set[s] = struct{}{}
	}
	return set
}
