package states

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/assess/waive"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/rollup"
	"github.com/plumbline/plumbline/store/ledger"
)

// Causes of a breakpoint. Their values are part of the format.
const (
	CauseDerived uint32 = iota // to be derived from what holds at the instant
	CauseFirst
	CauseInventory
	CauseGuidance
	CauseTailoring
	CausePolicy
	CauseClaim
	CauseWaiver
	CauseTime
	CauseEngine
	CauseAttestation
	CauseLabels
)

var causeNames = [...]string{"", "first", "inventory", "guidance", "tailoring", "policy", "claim", "waiver", "time", "engine", "attestation", "labels"}

// CauseName is a cause in words, as Breakpoint.cause has it.
func CauseName(c uint32) string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return "unknown"
}

// A state's results are packed so that a state that differs little has bytes
// that differ little, since breakpoints are stored as differences:
//
//	uvarint number of instants; each as 8 bytes, big-endian microseconds
//	uvarint number of rules, in the checklist version's order; for each:
//	  uvarint number of results; for each:
//	    uvarint subject+1 (0 for the rule as a whole), index into State.subjects
//	    byte state | waived<<4 | named<<5
//	    byte exception+1
//	    uvarint index of the instant since which it has stood so
//	    if named, uvarint index into State.waivers

// Row is one packed result.
type Row struct {
	Rule      int
	Since     int64
	subject   int32 // index into State.Subjects; -1 for the rule as a whole
	waiver    int32 // 1 + the index into State.Waivers; 0 where none is named
	State     score.State
	Waived    bool
	exception int8
}

// rowsMost is how many rows are kept to be used again.
const rowsMost = 1 << 18

var spareRows sync.Pool // of *[]Row, empty

// makeRows makes room for so many rows.
func makeRows(n int) []Row {
	if x, ok := spareRows.Get().(*[]Row); ok && cap(*x) >= n {
		return (*x)[:0]
	}
	return make([]Row, 0, n)
}

// Bits of a row's first byte above its state.
const (
	rowWaived = 1 << 4
	rowNamed  = 1 << 5
)

// packer writes rows.
type packer struct {
	instants []int64
	index    map[int64]int
	body     []byte
	last     int // the instant asked for last
}

func (p *packer) since(t int64) int {
	if p.last < len(p.instants) && p.instants[p.last] == t {
		return p.last
	}
	i, ok := p.index[t]
	if !ok {
		i = len(p.instants)
		p.index[t] = i
		p.instants = append(p.instants, t)
	}
	p.last = i
	return i
}

// packResults packs rows, which stand in the order of rules. Instants that an
// earlier state named keep their places.
func packResults(rows []Row, rules int, earlier []int64) []byte {
	p := &packer{index: map[int64]int{}, body: make([]byte, 0, 5*len(rows)+rules)}
	used := map[int64]bool{}
	for i, r := range rows {
		if i == 0 || r.Since != rows[i-1].Since {
			used[r.Since] = true
		}
	}
	for _, t := range earlier {
		if used[t] {
			p.since(t)
		}
	}
	for rule, i := 0, 0; rule < rules; rule++ {
		n := i
		for n < len(rows) && rows[n].Rule == rule {
			n++
		}
		p.body = binary.AppendUvarint(p.body, uint64(n-i))
		for ; i < n; i++ {
			r := &rows[i]
			st := byte(r.State)
			if r.Waived {
				st |= rowWaived
			}
			if r.waiver > 0 {
				st |= rowNamed
			}
			p.body = binary.AppendUvarint(p.body, uint64(r.subject+1))
			p.body = append(p.body, st, byte(r.exception+1))
			p.body = binary.AppendUvarint(p.body, uint64(p.since(r.Since)))
			if r.waiver > 0 {
				p.body = binary.AppendUvarint(p.body, uint64(r.waiver-1))
			}
		}
	}
	out := binary.AppendUvarint(nil, uint64(len(p.instants)))
	for _, t := range p.instants {
		out = binary.BigEndian.AppendUint64(out, uint64(t))
	}
	out = binary.AppendUvarint(out, uint64(rules))
	return append(out, p.body...)
}

// unpackResults reads what packResults wrote; subjects and waivers are how many
// there are.
func unpackResults(b []byte, subjects, waivers int) (rows []Row, instants []int64, rules int, err error) {
	u := &unpacker{b: b}
	n := u.uvarint()
	if n > uint64(len(b))/8 {
		u.bad = true
	}
	for i := uint64(0); i < n && !u.bad; i++ {
		instants = append(instants, int64(binary.BigEndian.Uint64(u.take(8))))
	}
	rules = int(u.uvarint())
	rows = makeRows(len(u.b) / 4) // a row has four bytes at least
	for rule := 0; rule < rules && !u.bad; rule++ {
		for i, n := uint64(0), u.uvarint(); i < n && !u.bad; i++ {
			p := u.row()
			r := Row{
				Rule: rule, subject: int32(p.subject) - 1, State: score.State(p.state & 15), Waived: p.state&rowWaived != 0,
				exception: int8(p.exception) - 1, waiver: int32(p.waiver),
			}
			if p.waiver > uint64(waivers) || p.since >= uint64(len(instants)) || p.subject > uint64(subjects) || int(r.State) >= score.NumStates {
				u.bad = true
				break
			}
			r.Since = instants[p.since]
			rows = append(rows, r)
		}
	}
	if u.bad || len(u.b) > 0 {
		return nil, nil, 0, fmt.Errorf("%w: a state's packed results", ledger.ErrCorrupt)
	}
	return rows, instants, rules, nil
}

type unpacker struct {
	b   []byte
	bad bool
}

func (u *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(u.b)
	if n <= 0 {
		u.bad = true
		return 0
	}
	u.b = u.b[n:]
	return v
}

// packedRow is a row as it is packed.
type packedRow struct {
	subject          uint64 // 1 + its number
	state, exception byte
	since            uint64
	waiver           uint64 // 1 + its number; 0 where none is named
}

func (u *unpacker) row() (p packedRow) {
	if b := u.b; len(b) >= 4 && b[0]|b[3] < 0x80 && b[1]&rowNamed == 0 { // as nearly all are
		u.b = b[4:]
		return packedRow{subject: uint64(b[0]), state: b[1], exception: b[2], since: uint64(b[3])}
	}
	p.subject = u.uvarint()
	b := u.take(2)
	p.state, p.exception = b[0], b[1]
	p.since = u.uvarint()
	if p.state&rowNamed != 0 {
		p.waiver = 1 + u.uvarint()
	}
	return p
}

func (u *unpacker) take(n int) []byte {
	if len(u.b) < n {
		u.bad = true
		return make([]byte, n)
	}
	out := u.b[:n]
	u.b = u.b[n:]
	return out
}

// Build makes the state of an evaluation that follows prev (nil for the
// first). Results that stand as before keep since when, also across versions of
// the checklist: rules are matched by id. prevRules are the ids of prev's rules,
func Build(engine string, ev *assess.Evaluation, prev *storev1.State, prevRules []string, at int64) (*storev1.State, error) {
	x, _, err := BuildIndexed(engine, ev, prev, prevRules, at)
	if err != nil {
		return nil, err
	}
	return x.State, nil
}

// BuildIndexed is buildState that also gives the rows of both states.
func BuildIndexed(engine string, ev *assess.Evaluation, prev *storev1.State, prevRules []string, at int64) (is, was *Index, err error) {
	d := ev.Digest()
	out := &storev1.State{
		Schema: envelope.Schema, Version: ev.Plan.Checklist().Version(), Digest: d[:],
		HoldsUntil: ev.HoldsUntil, Engine: engine, Summary: SummaryOf(ev.Summary()),
		Severities: rollup.Refined(ev.Plan),
	}
	old := &Index{State: prev, Rules: prevRules}
	if err := old.Unpack(); err != nil {
		return nil, nil, err
	}
	rows := makeRows(len(ev.Results))
	gone := len(old.Rows) // results of prev that are not there any more
	numbers := newNumbering(prev.GetSubjects())
	waivers := newNumbering(prev.GetWaivers())
	subjects := make([]int32, len(ev.Subjects)) // 1 + the number of each, once asked for
	rules := ev.Plan.Checklist()
	for i := range ev.Results {
		r := &ev.Results[i]
		row := Row{Rule: int(r.Rule), subject: -1, State: r.State, Waived: r.Waiver >= 0, exception: r.Exception, Since: at}
		id := ""
		if r.Subject >= 0 {
			if subjects[r.Subject] == 0 {
				subjects[r.Subject] = 1 + numbers.number(ev.Subjects[r.Subject].ID())
			}
			row.subject = subjects[r.Subject] - 1
			id = numbers.names[row.subject]
		}
		if w := ev.WaiverOf(r); w != nil {
			row.waiver = 1 + waivers.number(waive.ID(w))
		}
		before, ok := old.Find(rules.RuleID(int(r.Rule)), id)
		if ok {
			gone--
		}
		if ok && before.State == row.State && before.Waived == row.Waived && before.exception == row.exception &&
			WaiverName(prev, before) == waivers.name(row.waiver) {
			row.Since = before.Since
		} else {
			out.Changed++
		}
		rows = append(rows, row)
	}
	out.Changed += int32(gone)
	out.Subjects = numbers.compact(rows, func(r *Row) *int32 { return &r.subject }, 0)
	out.Waivers = waivers.compact(rows, func(r *Row) *int32 { return &r.waiver }, 1)
	out.Results = packResults(rows, rules.RuleCount(), old.instants)
	return &Index{State: out, Rows: rows}, old, nil
}

// Same tells whether two states say the same: the same results standing
// since the same instants, of the same facts, and a is not counted by another
// label's value. Which engine says it does not count.
func Same(a, b *storev1.State) bool {
	return a != nil && b != nil && a.Ended == b.Ended && a.Version == b.Version &&
		bytes.Equal(a.Digest, b.Digest) && bytes.Equal(a.Results, b.Results) && bytes.Equal(a.Severities, b.Severities) &&
		slices.Equal(a.Subjects, b.Subjects) && slices.Equal(a.Waivers, b.Waivers) && rollup.SameLabels(a.Labels, b.Labels)
}

// Index finds a state's rows by rule and subject. Who asks in the order of
// the rows, as happens while neither rules nor subjects change, finds each next
// to the one before; the map is made when somebody asks otherwise.
type Index struct {
	State    *storev1.State
	Rules    []string // ids of the rules of the state's checklist version
	Rows     []Row
	instants []int64
	Next     int
	at       map[RowKey]int
}

// RowKey names a result by the ids of its rule and subject, "" for the rule as a
// whole.
type RowKey struct{ Rule, Subject string }

// NewIndex unpacks a state; rules are the ids of its checklist version's rules.
func NewIndex(s *storev1.State, rules []string) (*Index, error) {
	x := &Index{State: s, Rules: rules}
	return x, x.Unpack()
}

// Unpack reads the rows. A state that is not there, or has ended, has none.
func (x *Index) Unpack() error {
	if x.State == nil || x.State.Ended {
		return nil
	}
	var n int
	var err error
	x.Rows, x.instants, n, err = unpackResults(x.State.Results, len(x.State.Subjects), len(x.State.Waivers))
	if err == nil && n != len(x.Rules) {
		err = fmt.Errorf("%w: a state of %d rules under a checklist of %d", ledger.ErrCorrupt, n, len(x.Rules))
	}
	return err
}

// Recycle has the memory of the rows used again by later states. Nobody may read
// them afterwards.
func (x *Index) Recycle() {
	if rows := x.Rows; cap(rows) > 0 && cap(rows) <= rowsMost {
		rows = rows[:0]
		spareRows.Put(&rows)
	}
	x.Rows, x.at = nil, nil
}

// SubjectName is the id of a row's subject; "" for the rule as a whole.
func SubjectName(s *storev1.State, r Row) string {
	if r.subject < 0 {
		return ""
	}
	return s.Subjects[r.subject]
}

// WaiverName is the id of the waiver that accepts a result; "" where none does.
func WaiverName(s *storev1.State, r Row) string {
	if r.waiver == 0 {
		return ""
	}
	return s.Waivers[r.waiver-1]
}

// Find is the row of a rule and a subject, by their ids; false where there is none.
func (x *Index) Find(rule, subject string) (Row, bool) {
	if x.Next < len(x.Rows) {
		if r := x.Rows[x.Next]; x.Rules[r.Rule] == rule && SubjectName(x.State, r) == subject {
			x.Next++
			return r, true
		}
	}
	if x.at == nil {
		x.at = make(map[RowKey]int, len(x.Rows))
		for i, r := range x.Rows {
			x.at[RowKey{x.Rules[r.Rule], SubjectName(x.State, r)}] = i
		}
	}
	i, ok := x.at[RowKey{rule, subject}]
	if !ok {
		return Row{}, false
	}
	x.Next = i + 1
	return x.Rows[i], true
}

// numbering numbers subjects, or waivers; those of the state before keep their
// numbers until they are gone.
type numbering struct {
	names []string
	index map[string]int32
}

func newNumbering(prev []string) *numbering {
	n := &numbering{}
	for _, s := range prev {
		n.number(s)
	}
	return n
}

func (n *numbering) number(id string) int32 {
	i, ok := n.index[id]
	if !ok {
		if n.index == nil {
			n.index = map[string]int32{}
		}
		i = int32(len(n.names))
		n.index[id] = i
		n.names = append(n.names, id)
	}
	return i
}

// name is the name with a number that is counted from 1; "" for 0.
func (n *numbering) name(number int32) string {
	if number == 0 {
		return ""
	}
	return n.names[number-1]
}

// compact drops names that no row has, and renumbers the rows. field is where a
// row has its number, and first is that of the first name; less means none.
func (n *numbering) compact(rows []Row, field func(*Row) *int32, first int32) []string {
	if len(n.names) == 0 {
		return nil
	}
	used := make([]int32, len(n.names))
	for i := range rows {
		if k := *field(&rows[i]) - first; k >= 0 {
			used[k] = 1
		}
	}
	var out []string
	for i := range used {
		if used[i] == 1 {
			used[i] = int32(len(out))
			out = append(out, n.names[i])
		}
	}
	for i := range rows {
		if k := field(&rows[i]); *k >= first {
			*k = used[*k-first] + first
		}
	}
	return out
}

// SummaryOf puts numbers into the envelope. The effective score stands there
// only where it is another than the raw one.
func SummaryOf(s *assess.Summary) *storev1.StateSummary {
	out := &storev1.StateSummary{Counts: slices.Clone(s.Counts[:])}
	if s.Raw.Default.OK {
		v := s.Raw.Default.Value
		out.Score = &v
	}
	if s.Effective.Default.OK && s.Effective != s.Raw {
		v := s.Effective.Default.Value
		out.EffectiveScore = &v
	}
	if c, ok := s.Coverage(); ok {
		out.Coverage = &c
	}
	return out
}

// EffectiveScore is the effective score of a summary; nil where there is none.
func EffectiveScore(m *storev1.StateSummary) *float64 {
	if m.EffectiveScore != nil {
		return m.EffectiveScore
	}
	return m.Score
}

// CountsOf are the counts of a stored summary.
func CountsOf(stored []int32) *pb.Counts {
	var c [score.NumStates]int32
	copy(c[:], stored)
	return assess.CountsOf(c)
}
