package byhand

import (
	"math"
	"slices"
	"unsafe"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/bench/rules"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// tri is a truth value.
type tri uint8

const (
	no tri = iota
	yes
	open // not known
	wrong
)

func of(b bool) tri {
	if b {
		return yes
	}
	return no
}

func not(t tri) tri {
	if t <= yes {
		return t ^ 1
	}
	return t
}

// ref is a fact, as large as the engine's.
type ref struct {
	base unsafe.Pointer
	path *path
}

type path struct{ text string }

// Machine holds what evaluation leaves beside the states. It is made to be used
// again and again, as the engine's is.
type Machine struct {
	facts   []ref
	missing []ref
	horizon int64
	at      int64
}

// forever is the horizon of what never turns with time.
const forever = math.MaxInt64

// check is a rule's condition; one that does not apply to all has two.
type check struct {
	applies func(*Machine, *pb.Host) tri // nil: always
	holds   func(*Machine, *pb.Host) tri
}

// Run evaluates the rules on one host and appends a row each.
func (m *Machine) Run(h *pb.Host, at int64, rows []rules.Row) []rules.Row {
	m.facts, m.at = m.facts[:0], at
	for i := range all {
		rows = append(rows, m.row(i, h))
	}
	return rows
}

// One evaluates one rule on one host; the machine then holds what it read and
// what it missed.
func (m *Machine) One(i int, h *pb.Host, at int64) rules.Row {
	m.facts, m.at = m.facts[:0], at
	return m.row(i, h)
}

func (m *Machine) row(i int, h *pb.Host) rules.Row {
	c := &all[i]
	from := len(m.facts)
	m.missing, m.horizon = m.missing[:0], forever
	s := score.Unset
	if c.applies != nil {
		s = unless(c.applies(m, h))
	}
	if s == score.Unset {
		if s = states[c.holds(m, h)]; s <= score.Fail {
			m.missing = m.missing[:0]
		}
	}
	return rules.Row{Rule: int32(i), State: s, ValidUntil: m.horizon, From: int32(from), To: int32(len(m.facts))}
}

var states = [...]score.State{no: score.Fail, yes: score.Pass, open: score.Unknown, wrong: score.Error}

func unless(applies tri) score.State {
	switch applies {
	case yes:
		return score.Unset
	case no:
		return score.NotApplicable
	}
	return states[applies]
}

func (m *Machine) read(base unsafe.Pointer, p *path) { m.facts = append(m.facts, ref{base, p}) }

func (m *Machine) absent(base unsafe.Pointer, p *path) tri {
	m.missing = append(m.missing, ref{base, p})
	return open
}

// mark and settle forget what was missing on the way to what is decided.
func (m *Machine) mark() int       { return len(m.missing) }
func (m *Machine) settle(mark int) { m.missing = m.missing[:mark] }

// and joins two values of which the first is not no; or, of which the first is
// not yes.
func (m *Machine) and(mark int, x, y tri) tri {
	if y == no {
		m.settle(mark)
		return no
	}
	if x == yes {
		return y
	}
	return open
}

func (m *Machine) or(mark int, x, y tri) tri {
	if y == yes {
		m.settle(mark)
		return yes
	}
	if x == no {
		return y
	}
	return open
}

// whole is what a loop over a list comes to that no element has decided.
func whole(gap bool, t tri) tri {
	if gap {
		return open
	}
	return t
}

func (m *Machine) isTrue(base unsafe.Pointer, v *bool, p *path) tri {
	if v == nil {
		return m.absent(base, p)
	}
	m.read(base, p)
	return of(*v)
}

func (m *Machine) isText(base unsafe.Pointer, v *string, p *path, want string) tri {
	if v == nil {
		return m.absent(base, p)
	}
	m.read(base, p)
	return of(*v == want)
}

// text reads a text.
func (m *Machine) text(base unsafe.Pointer, v *string, p *path) (string, bool) {
	if v == nil {
		m.absent(base, p)
		return "", false
	}
	m.read(base, p)
	return *v, true
}

// entry reads the entry of a map.
func (m *Machine) entry(base unsafe.Pointer, from map[string]string, key string, p *path) (string, bool) {
	v, ok := from[key]
	if !ok {
		m.absent(base, p)
		return "", false
	}
	m.read(base, p)
	return v, true
}

func (m *Machine) number(base unsafe.Pointer, v *int32, p *path) (int32, bool) {
	if v == nil {
		m.absent(base, p)
		return 0, false
	}
	m.read(base, p)
	return *v, true
}

func micros(t *timestamppb.Timestamp) int64 { return t.Seconds*1_000_000 + int64(t.Nanos)/1000 }

// after asks for t > now + shift: the answer turns at t - shift.
func (m *Machine) after(base unsafe.Pointer, t *timestamppb.Timestamp, p *path, shift int64) tri {
	if t == nil {
		return m.absent(base, p)
	}
	m.read(base, p)
	return m.before(micros(t) - shift)
}

// before asks for now < turn.
func (m *Machine) before(turn int64) tri {
	if m.at < turn {
		m.horizon = min(m.horizon, turn)
		return yes
	}
	return no
}

// list notes that a list was read, and tells whether it may have more elements
// than are known.
func (m *Machine) list(base unsafe.Pointer, n int, name string, empty, partial []string, p *path) bool {
	if len(partial) > 0 && slices.Contains(partial, name) {
		m.read(base, p)
		m.absent(base, p)
		return true
	}
	if n == 0 && !slices.Contains(empty, name) {
		m.absent(base, p)
		return true
	}
	m.read(base, p)
	return false
}
