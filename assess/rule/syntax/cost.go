package syntax

import (
	"cel.dev/cel-go/common/overloads"

	"github.com/plumbline/plumbline/assess/shape"
)

// The cost of a rule is counted in units of about one operation, a few
// nanoseconds each. At publish time it is estimated for a large system, whose
// lists have the sizes below; what a rule really costs is counted when it runs.

// assumedSizes are the assumed lengths of lists, by message and field.
var assumedSizes = map[string]float64{
	"Inventory.hosts": 10_000, "Inventory.facilities": 100,
	"System.channels": 1000, "System.accounts": 1000, "System.boundaries": 100,
	"System.zones": 50, "System.populations": 50, "System.units": 20, "System.domains": 20,
	"Host.packages": 200, "Host.services": 100, "Host.ports": 50,
	"Host.components": 4, "Host.endpoints": 4,
}

// ElementCost is what an element of a list that is made costs, beside what
// computing it costs: it takes memory until the list is used up.
const ElementCost = 8

const (
	otherSize = 8  // of the lists that are not named above
	paramSize = 32 // of lists in parameters, tables and facts
	textWidth = 64
)

// assumedSubjects are how many subjects a scope has in such a system.
var assumedSubjects = map[string]float64{
	"host": 10_000, "component": 40_000, "endpoint": 40_000, PairScope: 20_000,
	"channel": 1000, "account": 1000, "boundary": 100, "facility": 100, "zone": 50, "population": 50,
	"unit": 20, "domain": 20, "system": 1,
}

// Hashed tells whether membership in the list is looked up by a hash, once the
// list is long.
func Hashed(l *Node) bool {
	return l.Type.Elem.Kind == Text && (l.Once || l.Op == Const || l.Op == Param || l.Op == TableEntry)
}

// MaxCost bounds what one expression may cost for all subjects of a large
// system together: a second or two of one processor. It lets a rule look at
// every channel from every host, but not at every host from every host.
const MaxCost = 5e8

// MaxWidth bounds the assumed length of a text, in bytes.
const MaxWidth = 1 << 16

func assumedSize(f *shape.Field) float64 {
	if n, ok := assumedSizes[f.Parent.Name+"."+f.Name]; ok {
		return n
	}
	return otherSize
}

// estimator adds up a tree's cost. What is computed once a system, or once a
// subject, is counted apart.
type estimator struct {
	once float64
	kept float64
	wide *Node // a node that makes texts beyond MaxWidth
}

// cost is what evaluating the node once costs.
func (e *estimator) cost(n *Node) float64 {
	own := e.own(n)
	switch {
	case n.Once:
		e.once += own
		return 1
	case n.Kept:
		e.kept += own
		return 1
	}
	return own
}

// own is what evaluating the node costs, be it remembered or not.
func (e *estimator) own(n *Node) float64 {
	if n.width > MaxWidth && e.wide == nil {
		e.wide = n
	}
	switch n.Op {
	case All, Exists, ExistsOne:
		return e.cost(n.Args[0]) + n.Args[0].size*(1+e.cost(n.Args[1]))
	case Filter, MapTo:
		return e.cost(n.Args[0]) + n.Args[0].size*(1+ElementCost+e.cost(n.Args[1]))
	}
	total := 1.0
	for _, a := range n.Args {
		total += e.cost(a)
	}
	switch n.Op {
	case In:
		if l := n.Args[1]; !Hashed(l) {
			total += l.size / 4
		}
	case Equal, NotEqual:
		total += n.Args[0].size
	case MakeList:
		total += ElementCost * n.size
	case Lookup:
		total += 8
	case Call:
		total += callCost(n)
	}
	return total
}

// callCost is what a function costs beyond one operation: texts and lists count
// by their length.
func callCost(n *Node) float64 {
	switch n.Name {
	case overloads.MatchesString:
		return 4 + 4*n.Args[0].width
	case overloads.AddString, "string_lower_ascii", "string_upper_ascii", "string_trim", overloads.SizeString:
		return n.width / 2
	case overloads.ContainsString:
		return n.Args[0].width / 16
	case overloads.AddList:
		return ElementCost * n.size
	}
	return 0
}

// limit refuses what would cost too much.
func (l *lowerer) limit(root *Node, scope Scope) {
	var e estimator
	each := e.cost(root) + e.kept
	subjects := assumedSubjects[scope.Name]
	switch total := each*subjects + e.once; {
	case e.wide != nil:
		l.at(e.wide.Pos, "this makes texts of %.0f bytes and more; concatenate less", e.wide.width)
	case total > MaxCost:
		l.at(root.Pos, "this costs too much: about %.1e operations in a system with %.0f hosts and %.0f subjects of scope %s, %.0e are allowed; "+
			"look elements up by id (inventory.host(id)), use scope pair, or write x in list instead of list.exists(y, y == x)",
			total, assumedSizes["Inventory.hosts"], subjects, scope.Name, MaxCost)
	}
}

// perSubject is the cost for one subject, without what is computed once a system.
func perSubject(root *Node) float64 {
	var e estimator
	return e.cost(root) + e.kept
}

// StraightCost is what evaluating the node costs without the elements of the
// comprehensions in it, which count for themselves when they run, as does what
// is computed once.
func StraightCost(n *Node) int64 {
	total := int64(1)
	for i, a := range n.Args {
		switch {
		case i == 1 && n.loops():
		case a.Once || a.Kept:
			total++
		default:
			total += StraightCost(a)
		}
	}
	return total
}
