package syntax

import (
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/assess/shape"
)

// Op is what a Node does.
type Op uint8

// The operations, with their arguments. Call stands for all functions and
// operators that are strict in all arguments: Name is the overload's id, as
// cel-go names it.
const (
	Const      Op = iota + 1 // Lit
	Var                      // the variable Name in Slot
	Param                    // the parameter Name with Index
	TableEntry               // Args: key; of the table Name with Index
	Field                    // Args: message; Steps lead from it to the field
	Entry                    // Args: message, key; Steps lead to the map
	Fact                     // Args: message; the declared fact Name
	Lookup                   // Args: message, id; the element of Steps[0] with that id
	Claimed                  // Args: subject; the claim Name
	NowCompare               // Args: time; now plus Shift, compared by Name with it
	And                      // Args: two or more
	Or                       // Args: two or more
	Not                      // Args: bool
	Cond                     // Args: condition, then, else
	Equal                    // Args: two of one type
	NotEqual                 // Args: two of one type
	In                       // Args: element, list
	Size                     // Args: list
	MakeList                 // Args: elements
	All                      // Args: list, predicate; the variable Name in Slot
	Exists                   // as All
	ExistsOne                // as All
	Filter                   // as All
	MapTo                    // as All, with the element's new value
	Call                     // Args: the operands
)

// Pos is a place in the source: line and column, both from 1.
type Pos struct{ Line, Column int }

// Node is one operation of a lowered rule. It is immutable once lowered.
type Node struct {
	Op    Op
	Type  *Type
	Args  []*Node
	Pos   Pos
	Name  string
	Index int
	Slot  int
	Steps []*shape.Field
	Lit   Literal
	Shift []Term
	Free  Needs // what the value depends on beside the constants of a checklist
	Once  bool  // computed once a system and remembered
	Kept  bool  // computed once a subject, although it stands in a loop

	size  float64 // assumed number of elements of a list
	width float64 // assumed length of a text, or of a list's texts
}

// Literal is a constant: the field that the type asks for. Int, Time and
// Duration have I, Time and Duration in microseconds.
type Literal struct {
	B  bool
	I  int64
	D  float64
	S  string
	Bs []bool
	Is []int64
	Ds []float64
	Ss []string
}

// Term is a constant span of time that is added to now: a parameter's, or a
// literal one in microseconds.
type Term struct {
	Negative bool
	Param    int // the parameter's index, or -1
	Micros   int64
}

// Needs is a set of variable slots, and of what else a value depends on.
type Needs uint32

// Slots is the number of variable slots: the scope's variables and the
// variables of nested comprehensions.
const Slots = 16

// The slots of a scope's variables. A pair has its left element in SubjectSlot
// and its right one in SecondSlot, which else holds the subject's host.
const (
	InventorySlot = iota
	SystemSlot
	SubjectSlot
	SecondSlot
	firstLocalSlot
)

// NeedsClaims stands for the claims in force.
const NeedsClaims Needs = 1 << Slots

// NeedsNow stands for the instant of evaluation.
const NeedsNow Needs = 1 << (Slots + 1)

// Slot is the set of one slot.
func Slot(slot int) Needs { return 1 << slot }

// estateWide is what an element's results cannot be reused over: the
// inventory around it and the claims.
const estateWide = NeedsClaims | 1<<InventorySlot | 1<<SystemSlot

// varying is what a value depends on that is not the same for a whole system.
const varying = Needs(1<<Slots-1) &^ (1<<InventorySlot | 1<<SystemSlot)

// locals are the variables of comprehensions.
const locals = varying &^ (1<<SubjectSlot | 1<<SecondSlot)

// String writes the node so that equal texts mean equal values wherever the
// variables that are free in it are the same; variables go by their names.
func (n *Node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

var opNames = [...]string{
	Const: "const", Var: "var", Param: "param", TableEntry: "table", Field: "field", Entry: "entry",
	Fact: "fact", Lookup: "lookup", Claimed: "claimed", NowCompare: "now", And: "and", Or: "or",
	Not: "not", Cond: "cond", Equal: "==", NotEqual: "!=", In: "in", Size: "size", MakeList: "list",
	All: "all", Exists: "exists", ExistsOne: "exists_one", Filter: "filter", MapTo: "map", Call: "call",
}

func (n *Node) write(b *strings.Builder) {
	fmt.Fprintf(b, "(%s", opNames[n.Op])
	if n.Name != "" {
		fmt.Fprintf(b, " %q", n.Name)
	}
	switch n.Op {
	case Const:
		fmt.Fprintf(b, " %s %s", n.Type, n.Lit.format(n.Type))
	case Fact:
		fmt.Fprintf(b, " %s", n.Type)
	case NowCompare:
		fmt.Fprintf(b, " %+v", n.Shift)
	}
	for _, s := range n.Steps {
		b.WriteString(" ." + s.Name)
	}
	for _, a := range n.Args {
		b.WriteByte(' ')
		a.write(b)
	}
	b.WriteByte(')')
}

// format writes a constant so that different ones look different.
func (v Literal) format(t *Type) string {
	switch {
	case t.Kind == Bool:
		return fmt.Sprint(v.B)
	case t.Kind == Double:
		return fmt.Sprint(v.D)
	case t.Kind == Text:
		return fmt.Sprintf("%q", v.S)
	case t.Kind != List:
		return fmt.Sprint(v.I)
	case t.Elem.Kind == Bool:
		return fmt.Sprint(v.Bs)
	case t.Elem.Kind == Double:
		return fmt.Sprint(v.Ds)
	case t.Elem.Kind == Text:
		return fmt.Sprintf("%q", v.Ss)
	}
	return fmt.Sprint(v.Is)
}
