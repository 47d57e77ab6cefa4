package rule

import (
	"unsafe"

	"github.com/plumbline/plumbline/assess/rule/calc"
	"github.com/plumbline/plumbline/assess/rule/fact"
	"github.com/plumbline/plumbline/assess/rule/machine"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Tri is a truth value of Kleene's three-valued logic, or an error.
type Tri = calc.Tri

// The truth values. Error is an overflow, a division by zero, a text that is
// no number where one is wanted, or a spent budget.
const (
	False   = calc.False
	True    = calc.True
	Unknown = calc.Unknown
	Error   = calc.Error
)

// Or is true if either is, else unknown if either is, else an error if either
// is: what is not known may still turn out true.
func Or(a, b Tri) Tri { return calc.Or(a, b) }

// And is false if either is, else unknown if either is, else an error if
// either is: what is not known may still turn out false.
func And(a, b Tri) Tri { return calc.And(a, b) }

// Not turns true and false round.
func Not(t Tri) Tri { return calc.Not(t) }

// FactRef names a fact that a rule read or missed: by its Value, its canonical
// bytes for a digest (AppendCanonical), and with a Machine by its path.
type FactRef = fact.Ref

// Claims are people's words on which exceptions rest, ready to be asked. They
// are immutable.
type Claims = machine.Claims

// NewClaims prepares claims. One is in force from its start (always, where it
// has none) until its expiry or revocation, whichever is earlier; one without
// an expiry never is.
func NewClaims(list []*pb.Claim) *Claims { return machine.NewClaims(list) }

// Forever is the horizon of what never turns with time.
const Forever = machine.Forever

// DefaultBudget is what the programs run for one subject may cost together, in
// units of about one operation: a fraction of a second.
const DefaultBudget = 100_000_000

// Context is what programs are evaluated over. None of it may change while a
// machine has it.
type Context struct {
	Inventory *pb.Inventory
	Values    *Values
	Claims    *Claims // nil for none
	At        int64   // microseconds since 1970 UTC
	Budget    int64   // cost allowed for one subject; 0 for DefaultBudget
}

// Machine evaluates programs of one checklist. It is made to be used again
// and again, and not safe for concurrent use; several machines may share the
// inventory, the values and the claims.
type Machine struct {
	run machine.Machine
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
	budget := c.Budget
	if budget <= 0 {
		budget = DefaultBudget
	}
	m.run.Reset(machine.Context{Inventory: c.Inventory, Owner: &c.Values.env.owner, Params: c.Values.vals,
		Claims: c.Claims, At: c.At, Budget: budget})
}

// Subject begins a new subject: facts, missing facts, the horizon, the error
// and the cost counted from now on are the subject's, over all programs run
// for it. host is the host around it, or nil.
func (m *Machine) Subject(subject, host unsafe.Pointer) { m.run.Subject(subject, host) }

// Pair begins a pair as a new subject.
func (m *Machine) Pair(left, right unsafe.Pointer) { m.run.Subject(left, right) }

// Facts are what was read for the subject, in the order of reading, with
// repetitions; one Ref may stand for facts that several subjects share. They are
// valid until Reset, or for good after TakeFacts.
func (m *Machine) Facts() []FactRef { return m.run.Facts() }

// DistinctFacts are what was read for the subject, each fact once.
func (m *Machine) DistinctFacts() []FactRef { return fact.AppendDistinct(nil, m.run.Facts()) }

// FactRange is where the subject's facts lie among all facts since Reset.
func (m *Machine) FactRange() (from, to int32) { return m.run.FactRange() }

// Use gives memory for the facts of the context, of which so many are expected.
func (m *Machine) Use(memory []FactRef, facts int) { m.run.Use(memory, facts) }

// TakeFacts hands over the facts of all subjects since Reset; FactRange tells
// which are whose.
func (m *Machine) TakeFacts() []FactRef { return m.run.TakeFacts() }

// Adopt puts facts that were read earlier among those of this context, and
// returns their range.
func (m *Machine) Adopt(refs []FactRef) [2]int32 { return m.run.Adopt(refs) }

// Missing are the facts for want of which the subject's unknown results are
// unknown, each once.
func (m *Machine) Missing() []FactRef { return m.run.Missing() }

// DropMissing forgets what was missing: the caller has found the result
// decided in spite of it.
func (m *Machine) DropMissing() { m.run.DropMissing() }

// Horizon is the instant until which all of the subject's results hold, or
// Forever: evaluated at any instant from the context's until before Horizon,
// they are the same.
func (m *Machine) Horizon() int64 { return m.run.Horizon() }

// Err is why the last result is Error, or nil.
func (m *Machine) Err() error {
	if f := m.run.Fault(); f != nil {
		return f
	}
	return nil
}

// Spent is what evaluating the subject has cost so far, what was computed for
// several subjects aside.
func (m *Machine) Spent() int64 { return m.run.Spent() }

// ClaimUsed names the last claim that was found in force for the subject: its
// resource name, or its id and what it is about; "" if none was.
func (m *Machine) ClaimUsed() string { return m.run.ClaimUsed() }

// WantedClaim is a claim that was asked for: its id, and what it is about.
type WantedClaim = machine.WantedClaim

// RecordWanted has Wanted record claims from now on, until Reset.
func (m *Machine) RecordWanted() { m.run.RecordWanted() }

// Wanted are the claims that the subject's programs asked for and that are
// not in force, each once. Nothing is recorded before RecordWanted.
func (m *Machine) Wanted() []WantedClaim { return m.run.Wanted() }

// Unnamed are the missing facts that would say whom wanted claims are about, each
// once; of several subjects together as one ref.
func (m *Machine) Unnamed() []FactRef { return m.run.Unnamed() }

// Suppose has one more claim taken to be in force for the next subjects, until
// Reset, or none where it is the zero WantedClaim.
func (m *Machine) Suppose(w WantedClaim) { m.run.Suppose(w) }

// MissingRefs is Missing with repetitions, and with one Ref for facts that
// several subjects lack together (FactRef.Shared). It is valid until the next
// subject.
func (m *Machine) MissingRefs() []FactRef { return m.run.MissingRefs() }

// Path is a fact's path from the inventory's root, such as
// "hosts/web1/os/patched_time".
func (m *Machine) Path(r FactRef) string { return m.run.Path(r) }
