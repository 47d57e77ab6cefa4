package machine

import (
	"cmp"
	"math"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/rule/fact"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Claims are people's words on which exceptions rest, ready to be asked. They
// are immutable.
type Claims struct {
	byID map[string]*claimSet
}

// claimSet holds the claims of one id.
type claimSet struct {
	anyone  spans // when a claim of this id is in force for some subject
	subject map[string]*claimants
}

// claimants holds the claims of one id about one subject.
type claimants struct {
	held   spans
	claims []*claim
}

// claim is one claim with the time in which it is in force.
type claim struct {
	src  *pb.Claim
	when span
}

// title is the claim's resource name; offline it has none.
func (c *claim) title() string {
	if c.src.Name != "" {
		return c.src.Name
	}
	return c.src.Claim + " for " + c.src.Subject
}

// span is a half-open interval of instants.
type span struct{ from, to int64 }

// spans are disjoint, ordered and apart.
type spans []span

// at tells whether t is in one of the spans, and until when that stays so.
func (s spans) at(t int64) (in bool, until int64) {
	for _, x := range s {
		if t < x.from {
			return false, x.from
		}
		if t < x.to {
			return true, x.to
		}
	}
	return false, Forever
}

// join sorts spans and makes one of those that touch.
func join(s spans) spans {
	slices.SortFunc(s, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	out := s[:0]
	for _, x := range s {
		if n := len(out); n > 0 && x.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, x.to)
			continue
		}
		out = append(out, x)
	}
	return out
}

var noClaims = &Claims{}

// NewClaims prepares claims. One is in force from its start (always, where it
// has none) until its expiry or revocation, whichever is earlier; one without
// an expiry never is.
func NewClaims(list []*pb.Claim) *Claims {
	if len(list) == 0 {
		return noClaims
	}
	c := &Claims{byID: map[string]*claimSet{}}
	for _, src := range list {
		if src.ExpireTime == nil {
			continue
		}
		when := span{math.MinInt64, micros(src.ExpireTime)}
		if src.StartTime != nil {
			when.from = micros(src.StartTime)
		}
		if src.RevokeTime != nil {
			when.to = min(when.to, micros(src.RevokeTime))
		}
		if when.from < when.to {
			c.add(&claim{src, when})
		}
	}
	for _, set := range c.byID {
		set.anyone = join(set.anyone)
		for _, s := range set.subject {
			s.held = join(s.held)
		}
	}
	return c
}

func (c *Claims) add(k *claim) {
	set := c.byID[k.src.Claim]
	if set == nil {
		set = &claimSet{subject: map[string]*claimants{}}
		c.byID[k.src.Claim] = set
	}
	s := set.subject[k.src.Subject]
	if s == nil {
		s = &claimants{}
		set.subject[k.src.Subject] = s
	}
	set.anyone = append(set.anyone, k.when)
	s.held = append(s.held, k.when)
	s.claims = append(s.claims, k)
}

func micros(t *timestamppb.Timestamp) int64 { return t.Seconds*1e6 + int64(t.Nanos)/1e3 }

// WantedClaim is a claim that was asked for: its id and its subject, which is
// empty where it is not known about whom to ask.
type WantedClaim struct{ ID, Subject string }

// Suppose has the claim taken to be in force from now on, or none where it is
// the zero WantedClaim. What is known of the subject stays as it is until the next
// Subject.
func (m *Machine) Suppose(w WantedClaim) {
	if w != m.supposed {
		m.supposed = w
		m.supposal++
	}
}

// RecordWanted has claims recorded that are asked for and not in force, until
// Reset. Evaluating does not need them, and they may be many.
func (m *Machine) RecordWanted() { m.recording = true }

// Wanted are the claims that were asked for the subject and are not in force,
// each once, in the order of asking.
func (m *Machine) Wanted() []WantedClaim {
	if len(m.wanted) == 0 {
		return nil
	}
	var out []WantedClaim
	seen := make(map[WantedClaim]bool, len(m.wanted))
	for _, w := range m.wanted {
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// AnyClaimed tells whether a claim of the id is in force for anybody.
func (m *Machine) AnyClaimed(id string) bool {
	m.asked = true
	if m.supposed.ID == id {
		return true
	}
	some := false
	if set := m.Claims.byID[id]; set != nil {
		var until int64
		some, until = set.anyone.at(m.At)
		m.Until(until)
	}
	if !some {
		m.want(id, "")
	}
	return some
}

// Claimed tells whether a claim of the id is in force for the subject.
func (m *Machine) Claimed(id, subject string) bool {
	m.asked = true
	if (m.supposed == WantedClaim{id, subject}) {
		return true
	}
	set := m.Claims.byID[id]
	if set == nil || set.subject[subject] == nil {
		m.want(id, subject)
		return false
	}
	s := set.subject[subject]
	held, until := s.held.at(m.At)
	m.Until(until)
	for _, c := range s.claims {
		if held && c.when.from <= m.At && m.At < c.when.to {
			m.claim, m.untidy = c, true
			break
		}
	}
	if !held {
		m.want(id, subject)
	}
	return held
}

// Nameless notes that the facts missed since mark would say whom a claim is
// about, where wanted claims are recorded.
func (m *Machine) Nameless(mark int) {
	if m.recording {
		m.unnamed, m.untidy = append(m.unnamed, m.missing[mark:]...), true
	}
}

// Unnamed are the facts for want of which it is not known whom claims are about
// that were asked for the subject, each once. The claims are Wanted without a
// subject.
func (m *Machine) Unnamed() []fact.Ref {
	if len(m.unnamed) == 0 {
		return nil
	}
	return fact.AppendDistinct(nil, m.unnamed)
}

func (m *Machine) want(id, subject string) {
	if m.recording {
		m.wanted, m.untidy = append(m.wanted, WantedClaim{id, subject}), true
	}
}
