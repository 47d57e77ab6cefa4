package machine

import (
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Forever is the horizon of what never turns with time.
const Forever = math.MaxInt64

// Value is the value of a parameter or a table's entry: the field that its
// type asks for. Instants and spans of time are in microseconds.
type Value struct {
	B   bool
	I   int64
	D   float64
	S   string
	Is  []int64
	Ss  []string
	Set map[string]struct{} // of Ss, where that is long
}

// Contains looks for a text in a list of texts.
func (v *Value) Contains(s string) bool {
	if v.Set != nil {
		_, ok := v.Set[s]
		return ok
	}
	return slices.Contains(v.Ss, s)
}

// Context is what programs are evaluated over.
type Context struct {
	Inventory *pb.Inventory
	Owner     *Owner
	Params    []Value // by the parameter's index
	Claims    *Claims // nil for none
	At        int64   // microseconds since 1970 UTC
	Budget    int64   // cost allowed for one subject
}

// A lane has as many slots again as expressions have variables: for the
// messages that lookups find. VarMask lets the compiler see that an index is in
// range.
const (
	Scratch = syntax.Slots
	VarMask = 2*syntax.Slots - 1
)

// Lane is what a machine has for the values of one type: the variables, and
// the stack on which computed lists lie. Whoever consumes a list takes it off
// the stack again.
type Lane[T any] struct {
	Vars  [VarMask + 1]T
	Stack []T
}

// manyPaths is from how many paths on those with keys from old inventories are
// forgotten.
const manyPaths = 1 << 16

// Machine is the state of evaluating programs of one checklist. It is made to
// be used again and again, and not safe for concurrent use. What is exported is
// for compiled programs.
type Machine struct {
	outcome
	Msgs  Lane[unsafe.Pointer]
	Texts Lane[string]
	Ints  Lane[int64]
	Reals Lane[float64]
	Bools Lane[bool]

	At     int64 // the instant of evaluation
	Params []Value
	Claims *Claims
	Owner  *Owner

	system system
	budget int64
	from   int  // where the subject's facts begin
	untidy bool // whether the next Subject has to clear more than the lists

	kept   []Memo
	serial uint64 // which Subject what is kept must be of

	recording bool        // whether wanted claims are recorded
	supposed  WantedClaim // a claim that is taken to be in force
	supposal  uint64      // which Suppose what depends on claims must be of

	memos   []*Memo
	cycle   uint64 // which Reset the memos must be of
	taken   bool   // whether somebody holds facts, and with them memos
	dynamic map[dynamicKey]*fact.Path
}

// outcome is what evaluation leaves beside the value.
type outcome struct {
	facts   []fact.Ref
	missing []fact.Ref
	horizon int64
	left    int64 // of the budget; negative when it is spent
	fault   *calc.Fault
	claim   *claim        // the last one that was found in force
	wanted  []WantedClaim // the claims that were asked for and not in force, where they are recorded
	unnamed []fact.Ref    // the missing facts for want of which it is not known whom claims are about; as wanted
	asked   bool          // whether a claim was asked for
}

// Reset makes the machine ready for another context. Facts of the old one
// that were not taken (TakeFacts) must not be used any more.
func (m *Machine) Reset(c Context) {
	m.cycle++
	m.At, m.Params, m.Owner, m.Claims = c.At, c.Params, c.Owner, c.Claims
	if m.Claims == nil {
		m.Claims = noClaims
	}
	m.budget = c.Budget
	m.recording, m.supposed, m.supposal = false, WantedClaim{}, 0
	if m.taken {
		m.memos, m.taken = nil, false
	}
	if len(m.dynamic) > manyPaths {
		m.dynamic = nil
	}
	m.system.reset(c.Inventory)
	m.facts = m.facts[:0]
	m.Msgs.Vars[syntax.InventorySlot] = m.system.root
	m.Msgs.Vars[syntax.SystemSlot] = m.system.sys
	m.Subject(m.system.sys, nil)
}

// Subject begins a new subject: facts, missing facts, the horizon, the error
// and the cost counted from now on are the subject's, over all programs run
// for it. host is the host around it, or nil.
func (m *Machine) Subject(subject, host unsafe.Pointer) {
	m.Msgs.Vars[syntax.SubjectSlot] = subject
	m.Msgs.Vars[syntax.SecondSlot] = host
	m.serial++
	m.from = len(m.facts)
	m.missing = m.missing[:0]
	m.horizon, m.left = Forever, m.budget
	if m.untidy {
		m.tidy()
	}
}

// Turn puts another message into a variable of the subject.
func (m *Machine) Turn(slot int, msg unsafe.Pointer) {
	m.Msgs.Vars[slot] = msg
	m.serial++
}

// tidy clears what few evaluations leave: faults, claims, and on the stacks
// what was handed out or was there when the budget was spent.
func (m *Machine) tidy() {
	m.fault, m.claim, m.wanted, m.unnamed = nil, nil, m.wanted[:0], m.unnamed[:0]
	m.Msgs.Stack = m.Msgs.Stack[:0]
	m.Texts.Stack = m.Texts.Stack[:0]
	m.Ints.Stack = m.Ints.Stack[:0]
	m.Reals.Stack = m.Reals.Stack[:0]
	m.Bools.Stack = m.Bools.Stack[:0]
	m.untidy = false
}

// Facts are what was read for the subject, in the order of reading, with
// repetitions. They are valid until Reset, or for good after TakeFacts.
func (m *Machine) Facts() []fact.Ref { return m.facts[m.from:] }

// FactRange is where the subject's facts lie among all facts since Reset.
func (m *Machine) FactRange() (from, to int32) { return int32(m.from), int32(len(m.facts)) }

// Use gives memory for the facts of the context, of which so many are expected.
func (m *Machine) Use(memory []fact.Ref, facts int) {
	if cap(memory) > cap(m.facts) {
		m.facts = memory[:0]
	}
	m.facts = slices.Grow(m.facts, facts)
}

// TakeFacts hands over the facts of all subjects since Reset; FactRange tells
// which are whose.
func (m *Machine) TakeFacts() []fact.Ref {
	facts := m.facts
	m.facts, m.from, m.taken = nil, 0, true
	return facts
}

// Adopt puts facts that were read earlier among those of this context, and
// returns their range.
func (m *Machine) Adopt(refs []fact.Ref) [2]int32 {
	from := len(m.facts)
	m.facts = append(m.facts, refs...)
	m.from = len(m.facts)
	return [2]int32{int32(from), int32(len(m.facts))}
}

// Missing are the facts for want of which the subject's unknown results are
// unknown, each once.
func (m *Machine) Missing() []fact.Ref { return fact.AppendDistinct(nil, m.missing) }

// MissingRefs is Missing with repetitions, and with one Ref for a group. It is
// valid until the next Subject.
func (m *Machine) MissingRefs() []fact.Ref { return m.missing }

// DropMissing forgets what was missing: the caller has found the result
// decided in spite of it.
func (m *Machine) DropMissing() { m.missing = m.missing[:0] }

// Horizon is the instant until which all of the subject's results hold, or
// Forever: evaluated at any instant from At until before Horizon, they are the
// same.
func (m *Machine) Horizon() int64 { return m.horizon }

// Spent is what evaluating the subject has cost so far.
func (m *Machine) Spent() int64 { return m.budget - m.left }

// ClaimUsed names the last claim that was found in force for the subject: its
// resource name, or its id and what it is about; "" if none was.
func (m *Machine) ClaimUsed() string {
	if m.claim == nil {
		return ""
	}
	return m.claim.title()
}

// Path is a fact's path from the inventory's root, such as
// "hosts/web1/os/patched_time".
func (m *Machine) Path(r fact.Ref) string {
	return m.system.pathsOf().Ref(r, m.Msgs.Vars[syntax.SecondSlot])
}

// Read notes a fact.
func (m *Machine) Read(base unsafe.Pointer, p *fact.Path) {
	m.facts = append(m.facts, fact.Ref{Base: base, Path: p})
}

// Absent notes a missing fact.
func (m *Machine) Absent(base unsafe.Pointer, p *fact.Path) calc.State {
	m.missing = append(m.missing, fact.Ref{Base: base, Path: p})
	return calc.NotKnown
}

// Fail notes why something could not be computed.
func (m *Machine) Fail(f *calc.Fault) calc.State {
	m.fault, m.untidy = f, true
	return calc.Failed
}

// Fault is the last that was noted.
func (m *Machine) Fault() *calc.Fault { return m.fault }

// Until lowers the horizon.
func (m *Machine) Until(t int64) {
	if t < m.horizon {
		m.horizon = t
	}
}

// Mark is where the missing facts end; Settle goes back to it.
func (m *Machine) Mark() int { return len(m.missing) }

// Settle forgets what operands missed since mark: the operation is decided in
// spite of it.
func (m *Machine) Settle(mark int) { m.missing = m.missing[:mark] }

// Charge counts cost that is small beside what is charged with Spend.
func (m *Machine) Charge(units int) { m.left -= int64(units) }

// Spend counts cost; where it returns false the budget is spent, and what is
// returned then does not matter, since the program's result will be Error.
func (m *Machine) Spend(units int64) bool {
	m.left -= units
	return m.left >= 0
}

// Exhausted tells whether the budget is spent. Loops ask it where an element
// gave an error, to end early.
func (m *Machine) Exhausted() bool { return m.left < 0 }

// Over tells whether the budget is spent, and notes it.
func (m *Machine) Over() bool {
	if m.left < 0 {
		m.fault, m.untidy = calc.SpentFault, true
		return true
	}
	return false
}

// Litter says that something was left on a stack.
func (m *Machine) Litter() { m.untidy = true }

// dynamicKey is a path with a key that is known only now.
type dynamicKey struct {
	parent *fact.Path
	key    string
}

// Keyed finds or makes the path of a key below parent.
func (m *Machine) Keyed(parent *fact.Path, key string) *fact.Path {
	k := dynamicKey{parent, key}
	p := m.dynamic[k]
	if p == nil {
		if m.dynamic == nil {
			m.dynamic = map[dynamicKey]*fact.Path{}
		}
		k.key = strings.Clone(key) // it is kept, and must not keep what it is a part of
		p = m.Owner.Paths.Below(parent, k.key)
		m.dynamic[k] = p
	}
	return p
}
