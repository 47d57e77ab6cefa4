package rule

import (
	"math"
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/syntax"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// FactRef names a fact that a rule read or missed; package fact says more.
type FactRef = fact.Ref

// Forever is the horizon of what never turns with time.
const Forever = math.MaxInt64

// DefaultBudget is what the programs run for one subject may cost together, in
// units of about one operation: a fraction of a second.
const DefaultBudget = 100_000_000

// Context is what programs are evaluated over.
type Context struct {
	Inventory *pb.Inventory
	Values    *Values
	Claims    *Claims // nil for none
	At        int64   // microseconds since 1970 UTC
	Budget    int64   // cost allowed for one subject; 0 for DefaultBudget
}

// slotMask lets the compiler see that an index is in range. Message variables
// have as many slots again, for the messages that lookups find.
const (
	slots     = syntax.Slots
	slotMask  = slots - 1
	varSlots  = 2 * slots
	varMask   = varSlots - 1
	scratch   = slots
	arenaKeep = 1 << 16
)

// Machine evaluates programs of one checklist. It is made to be used again
// and again, and not safe for concurrent use; several machines may share the
// inventory, the values and the claims.
type Machine struct {
	outcome
	vars  [varSlots]unsafe.Pointer
	texts [slots]string
	ints  [slots]int64
	reals [slots]float64
	bools [slots]bool

	at     int64
	vals   []value
	claims *Claims
	env    *Env
	system system
	budget int64
	from   int // where the subject's facts begin

	// Lists that are computed lie on these stacks; whoever consumes a list
	// takes it off again.
	msgStack  []unsafe.Pointer
	textStack []string
	intStack  []int64
	realStack []float64
	boolStack []bool

	memos   []*memo // by Env.once
	cycle   uint64  // which Reset the memos must be of
	taken   bool    // whether somebody holds facts, and with them memos
	dynamic map[dynamicKey]*fact.Path
}

// outcome is what evaluation leaves beside the value.
type outcome struct {
	facts   []fact.Ref
	missing []fact.Ref
	horizon int64
	left    int64 // of the budget; negative when it is spent
	fault   *Fault
	claim   *claim // the last one that was found in force
}

// NewMachine makes a machine for a context.
func NewMachine(c Context) *Machine {
	m := &Machine{}
	m.Reset(c)
	return m
}

// Reset makes the machine ready for another context. Facts of the old one
// that were not taken (TakeFacts) must not be used any more.
func (m *Machine) Reset(c Context) {
	m.cycle++
	m.at, m.vals, m.env, m.claims = c.At, c.Values.vals, c.Values.env, c.Claims
	if m.claims == nil {
		m.claims = noClaims
	}
	m.budget = c.Budget
	if m.budget <= 0 {
		m.budget = DefaultBudget
	}
	if m.taken {
		m.memos, m.taken = nil, false
	}
	if len(m.dynamic) > arenaKeep {
		m.dynamic = nil
	}
	m.system.reset(c.Inventory)
	m.facts = m.facts[:0]
	m.vars[syntax.InventorySlot] = m.system.root
	m.vars[syntax.SystemSlot] = m.system.sys
	m.Subject(m.system.sys, nil)
}

// Subject begins a new subject: facts, missing facts, the horizon, the error
// and the cost counted from now on are the subject's, over all programs run
// for it. host is the host around it, or nil.
func (m *Machine) Subject(subject, host unsafe.Pointer) {
	m.vars[syntax.SubjectSlot] = subject
	m.vars[syntax.SecondSlot] = host
	m.from = len(m.facts)
	m.missing = m.missing[:0]
	m.horizon, m.left, m.fault, m.claim = Forever, m.budget, nil, nil
	m.msgStack = m.msgStack[:0]
	m.textStack = m.textStack[:0]
	m.intStack = m.intStack[:0]
	m.realStack = m.realStack[:0]
	m.boolStack = m.boolStack[:0]
}

// Pair begins a pair as a new subject.
func (m *Machine) Pair(left, right unsafe.Pointer) { m.Subject(left, right) }

// At is the instant of evaluation.
func (m *Machine) At() int64 { return m.at }

// Facts are what was read for the subject, in the order of reading, with
// repetitions. They are valid until Reset, or for good after TakeFacts.
func (m *Machine) Facts() []FactRef { return m.facts[m.from:] }

// FactRange is where the subject's facts lie among all facts since Reset.
func (m *Machine) FactRange() (from, to int32) { return int32(m.from), int32(len(m.facts)) }

// TakeFacts hands over the facts of all subjects since Reset; FactRange tells
// which are whose.
func (m *Machine) TakeFacts() []FactRef {
	facts := m.facts
	m.facts, m.from, m.taken = nil, 0, true
	return facts
}

// Adopt puts facts that were read earlier among those of this context, and
// returns their range.
func (m *Machine) Adopt(refs []FactRef) [2]int32 {
	from := len(m.facts)
	m.facts = append(m.facts, refs...)
	m.from = len(m.facts)
	return [2]int32{int32(from), int32(len(m.facts))}
}

// Missing are the facts for want of which the subject's unknown results are
// unknown, each once.
func (m *Machine) Missing() []FactRef { return fact.AppendDistinct(nil, m.missing) }

// DropMissing forgets what was missing: the caller has found the result
// decided in spite of it.
func (m *Machine) DropMissing() { m.missing = m.missing[:0] }

// Horizon is the instant until which all of the subject's results hold, or
// Forever: evaluated at any instant from At until before Horizon, they are the
// same.
func (m *Machine) Horizon() int64 { return m.horizon }

// Err is why the last result is Error, or nil.
func (m *Machine) Err() error {
	if m.fault == nil {
		return nil
	}
	return m.fault
}

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
func (m *Machine) Path(r FactRef) string {
	return m.system.pathsOf().Ref(r, m.vars[syntax.SecondSlot])
}

// read notes a fact.
func (m *Machine) read(base unsafe.Pointer, p *fact.Path) {
	m.facts = append(m.facts, fact.Ref{Base: base, Path: p})
}

// absent notes a missing fact.
func (m *Machine) absent(base unsafe.Pointer, p *fact.Path) state {
	m.missing = append(m.missing, fact.Ref{Base: base, Path: p})
	return unknown
}

func (m *Machine) fail(f *Fault) state {
	m.fault = f
	return failed
}

// until lowers the horizon.
func (m *Machine) until(t int64) {
	if t < m.horizon {
		m.horizon = t
	}
}

// mark is where the missing facts and the fault stood before an operand was
// evaluated.
type mark struct {
	missing int
	fault   *Fault
}

func (m *Machine) mark() mark { return mark{len(m.missing), m.fault} }

// settle forgets what operands missed and how they failed: the operation is
// decided in spite of it.
func (m *Machine) settle(k mark) { m.missing, m.fault = m.missing[:k.missing], k.fault }

// spend counts cost; where it returns false the budget is spent, and what is
// returned then does not matter, since the program's result will be Error.
func (m *Machine) spend(units int64) bool {
	m.left -= units
	return m.left >= 0
}

// dynamicKey is a path with a key that is known only now.
type dynamicKey struct {
	parent *fact.Path
	key    string
}

// keyed finds or makes the path of a key below parent.
func (m *Machine) keyed(parent *fact.Path, key string) *fact.Path {
	k := dynamicKey{parent, key}
	p := m.dynamic[k]
	if p == nil {
		if m.dynamic == nil {
			m.dynamic = map[dynamicKey]*fact.Path{}
		}
		p = m.env.paths.Below(parent, key)
		m.dynamic[k] = p
	}
	return p
}
