package syntax

// worthOnce is the cost from which remembering a value for a system is cheaper
// than computing it again, and worthKeeping that for a subject.
const (
	worthOnce    = 16
	worthKeeping = 8
)

// markOnce marks the largest parts of a tree that do not depend on the
// subject nor on a comprehension's variable: they are computed once a system.
// Without this a rule that looks at all hosts from each host would take the
// square of their number. In the scope of the system itself, which is
// evaluated once anyway, only parts inside a comprehension gain by it.
//
// Parts inside a comprehension that depend on the subject, but on no
// comprehension's variable, are marked to be computed once a subject.
func markOnce(n *Node, scope Scope) {
	mark(n, scope.Name != "system", false)
}

// mark is called with whether n is evaluated more than once a system, and more
// than once a subject.
func mark(n *Node, repeated, looped bool) {
	switch {
	case repeated && n.Free&varying == 0 && n.Op != Const && n.Type.Kind != Map && (&estimator{}).own(n) >= worthOnce:
		n.Once, repeated, looped = true, false, false
	case looped && n.Free&varying != 0 && n.Free&locals == 0 && keepable(n):
		n.Kept, looped = true, false
	}
	for i, a := range n.Args {
		// Inside a part that is computed once, only its own loops repeat.
		body := i == 1 && n.loops()
		mark(a, repeated || body, looped || body)
	}
}

// keepable tells whether a value can and should be kept for a subject. Lists
// that are computed lie on a stack that does not last.
func keepable(n *Node) bool {
	return n.Op == TableEntry || n.Type.Scalar() && (&estimator{}).own(n) >= worthKeeping
}

// loops tells whether the node evaluates its second argument for each element
// of its first.
func (n *Node) loops() bool {
	switch n.Op {
	case All, Exists, ExistsOne, Filter, MapTo:
		return true
	}
	return false
}
