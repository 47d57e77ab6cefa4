package syntax

// worthOnce is the cost from which remembering a value is cheaper than
// computing it again.
const worthOnce = 16

// markOnce marks the largest parts of a tree that do not depend on the
// subject nor on a comprehension's variable: they are computed once a system.
// Without this a rule that looks at all hosts from each host would take the
// square of their number. In the scope of the system itself, which is
// evaluated once anyway, only parts inside a comprehension gain by it.
func markOnce(n *Node, scope Scope) {
	mark(n, scope.Name != "system")
}

func mark(n *Node, repeated bool) {
	if repeated && n.Free&varying == 0 && n.Op != Const && n.Type.Kind != Map && (&estimator{}).own(n) >= worthOnce {
		n.Once = true
	}
	for i, a := range n.Args {
		body := false
		switch n.Op {
		case All, Exists, ExistsOne, Filter, MapTo:
			body = i == 1
		}
		// Inside a part that is computed once, only its own loops repeat.
		mark(a, (repeated && !n.Once) || body)
	}
}
