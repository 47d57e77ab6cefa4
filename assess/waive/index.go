package waive

import (
	"math"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Span is the half-open time in which a waiver is in force, in microseconds
// since 1970 UTC.
type Span struct{ Start, End int64 }

// SpanOf is when a waiver is in force: from its start, but not before it was
// approved, until it expires or is revoked. A draft is never in force: one that
// was filed, but that nobody approved.
func SpanOf(w *pb.Waiver) Span {
	s := Span{math.MinInt64, expiryOf(w)}
	if w.StartTime != nil {
		s.Start = micros(w.StartTime)
	}
	if w.ApproveTime != nil {
		s.Start = max(s.Start, micros(w.ApproveTime))
	} else if w.CreateTime != nil {
		s.End = math.MinInt64
	}
	if w.RevokeTime != nil {
		s.End = min(s.End, micros(w.RevokeTime))
	}
	return s
}

func expiryOf(w *pb.Waiver) int64 {
	if w.ExpireTime == nil {
		return 0
	}
	return micros(w.ExpireTime)
}

func micros(t *timestamppb.Timestamp) int64 { return t.Seconds*1e6 + int64(t.Nanos)/1e3 }

// Name names a waiver: offline it has no name, but a rule or an area.
func Name(w *pb.Waiver) string {
	switch {
	case w.Name != "":
		return w.Name
	case w.Rule != "":
		return w.Rule
	}
	return w.Area
}

// ID is a waiver's name without its system's.
func ID(w *pb.Waiver) string {
	name := Name(w)
	return name[strings.LastIndexByte(name, '/')+1:]
}

// Subject is what a failure is about.
type Subject interface {
	ID() string
	// Labelled tells whether it stands on a host that has all the labels.
	Labelled(labels map[string]string) bool
}

// Index finds waivers by rule. It is immutable.
type Index struct {
	rules map[int32]*terms
}

// terms are the waivers of one rule.
type terms struct {
	broad []term            // of all subjects, or of a pattern
	exact map[string][]term // by subject
}

// term is one waiver as it bears on one rule and one of its subjects.
type term struct {
	waiver  int32 // its index
	span    Span
	expiry  int64    // as it was filed, whether or not it was revoked since
	subject *pattern // nil for all, and for the one that the term stands under
	labels  map[string]string
}

// NewIndex sorts waivers by the rules that they cover, which covered tells.
// Those that are over at the instant are left out, since they do not count any
// more.
func NewIndex(waivers []*pb.Waiver, at int64, covered func(*pb.Waiver) []int32) *Index {
	x := &Index{rules: map[int32]*terms{}}
	for i, w := range waivers {
		if s := SpanOf(w); s.End > at && s.End > s.Start {
			x.add(w, term{waiver: int32(i), span: s, expiry: expiryOf(w), labels: w.HostLabels}, covered(w))
		}
	}
	return x
}

// Always is the index of one waiver as if it were in force at any time.
func Always(w *pb.Waiver, covered []int32) *Index {
	x := &Index{rules: map[int32]*terms{}}
	x.add(w, term{span: Span{math.MinInt64, math.MaxInt64}, labels: w.HostLabels}, covered)
	return x
}

func (x *Index) add(w *pb.Waiver, t term, covered []int32) {
	patterns := make([]*pattern, len(w.Subjects))
	for i, s := range w.Subjects {
		patterns[i] = patternOf(s)
	}
	for _, rule := range covered {
		own := x.rules[rule]
		if own == nil {
			own = &terms{exact: map[string][]term{}}
			x.rules[rule] = own
		}
		if len(w.Subjects) == 0 {
			own.broad = append(own.broad, t)
		}
		for i, s := range w.Subjects {
			one := t
			if one.subject = patterns[i]; one.subject == nil {
				own.exact[s] = append(own.exact[s], one)
			} else {
				own.broad = append(own.broad, one)
			}
		}
	}
}

// Find returns the index of the waiver in force for a failure of the rule, the
// one that was filed to last longest and the first of such, or -1; and the
// instant until which that holds, which is at most until. That one was revoked
// later makes no difference to the time before, so that nobody who evaluates it
// again finds another waiver.
func (x *Index) Find(rule int32, s Subject, at, until int64) (waiver int32, holds int64) {
	own := x.rules[rule]
	if own == nil {
		return -1, until
	}
	best, end, expiry := int32(-1), int64(0), int64(0)
	id := s.ID()
	for _, some := range [2][]term{own.exact[id], own.broad} {
		for i := range some {
			t := &some[i]
			if t.subject != nil && !t.subject.matches(id) || len(t.labels) > 0 && !s.Labelled(t.labels) {
				continue
			}
			switch {
			case at < t.span.Start:
				until = min(until, t.span.Start)
			case best < 0 || t.expiry > expiry || t.expiry == expiry && t.waiver < best:
				best, end, expiry = t.waiver, t.span.End, t.expiry
			}
		}
	}
	if best >= 0 {
		until = min(until, end)
	}
	return best, until
}
