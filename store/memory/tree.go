package memory

import (
	"bytes"
	"hash/maphash"
)

// node is a node of a treap: a search tree by key and a heap by prio. Nodes
// never change once they are reachable, so trees share them.
type node struct {
	key, value  []byte
	prio        uint64
	left, right *node
}

// seed is one for the process. The shape of a tree depends on it and nothing
// else does, so that the same writes always read back the same.
var seed = maphash.MakeSeed()

// get returns the node of key, or nil.
func get(n *node, key []byte) *node {
	for n != nil {
		switch c := bytes.Compare(key, n.key); {
		case c < 0:
			n = n.left
		case c > 0:
			n = n.right
		default:
			return n
		}
	}
	return nil
}

// put returns the tree n with key set to value; it keeps both slices.
func put(n *node, key, value []byte) *node {
	if get(n, key) != nil {
		return replace(n, key, value)
	}
	return insert(n, &node{key: key, value: value, prio: maphash.Bytes(seed, key)})
}

// replace returns the tree n, which has key, with another value there.
func replace(n *node, key, value []byte) *node {
	m := *n
	switch c := bytes.Compare(key, n.key); {
	case c < 0:
		m.left = replace(n.left, key, value)
	case c > 0:
		m.right = replace(n.right, key, value)
	default:
		m.value = value
	}
	return &m
}

// insert returns the tree n, which lacks x.key, with x, which is new and may
// be changed until it is returned.
func insert(n, x *node) *node {
	if n == nil || x.prio > n.prio {
		x.left, x.right = split(n, x.key)
		return x
	}
	m := *n
	if bytes.Compare(x.key, n.key) < 0 {
		m.left = insert(n.left, x)
	} else {
		m.right = insert(n.right, x)
	}
	return &m
}

// split returns the parts of n below and above key, which n lacks.
func split(n *node, key []byte) (below, above *node) {
	if n == nil {
		return nil, nil
	}
	m := *n
	if bytes.Compare(n.key, key) < 0 {
		m.right, above = split(n.right, key)
		return &m, above
	}
	below, m.left = split(n.left, key)
	return below, &m
}

// del returns the tree n without key; n itself where it lacks it.
func del(n *node, key []byte) *node {
	if get(n, key) == nil {
		return n
	}
	return remove(n, key)
}

func remove(n *node, key []byte) *node {
	m := *n
	switch c := bytes.Compare(key, n.key); {
	case c < 0:
		m.left = remove(n.left, key)
	case c > 0:
		m.right = remove(n.right, key)
	default:
		return merge(n.left, n.right)
	}
	return &m
}

// merge joins two trees of which every key of a is below every key of b.
func merge(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.prio > b.prio:
		m := *a
		m.right = merge(a.right, b)
		return &m
	}
	m := *b
	m.left = merge(a, b.left)
	return &m
}

// walk yields the nodes lo <= key < hi ascending; a nil hi is no bound. It
// returns false once yield did.
func walk(n *node, lo, hi []byte, yield func(*node) bool) bool {
	if n == nil {
		return true
	}
	above := bytes.Compare(n.key, lo) >= 0
	below := hi == nil || bytes.Compare(n.key, hi) < 0
	if above && !walk(n.left, lo, hi, yield) {
		return false
	}
	if above && below && !yield(n) {
		return false
	}
	return !below || walk(n.right, lo, hi, yield)
}
