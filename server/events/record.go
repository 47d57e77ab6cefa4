package events

import (
	"encoding/binary"
	"fmt"
	"math"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// Type is a type of events. The values are part of the format.
type Type uint32

// The types of events.
const (
	Failing Type = iota + 1
	Recovered
	Unknown
	ScoreBelow
	WaiverExpiring
	WaiverExpired
	AttestationExpiring
	AttestationExpired
	ClaimExpiring
	ClaimExpired
	GuidanceActivated
	SourceSilent
)

var typeNames = [...]string{
	Failing: "result.failing", Recovered: "result.recovered", Unknown: "result.unknown", ScoreBelow: "score.below",
	WaiverExpiring: "waiver.expiring", WaiverExpired: "waiver.expired",
	AttestationExpiring: "attestation.expiring", AttestationExpired: "attestation.expired",
	ClaimExpiring: "claim.expiring", ClaimExpired: "claim.expired",
	GuidanceActivated: "guidance.activated", SourceSilent: "source.silent",
}

// String is the type as the API writes it.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "unknown"
}

// TestType is the type of what a webhook is tested with. No such event is stored.
const TestType = "test"

// MaxResults is how many results one event names; it counts all.
const MaxResults = 100

// Thresholds are the scores that are told when a raw score falls below them.
var Thresholds = [...]float64{90, 80, 70, 60, 50}

// Crossed is the lowest threshold that a score fell below; false where it fell
// below none.
func Crossed(before, after *float64) (lowest float64, ok bool) {
	if before == nil || after == nil {
		return 0, false
	}
	for _, t := range Thresholds {
		if *before >= t && *after < t {
			lowest, ok = t, true
		}
	}
	return lowest, ok
}

// Ref is an event about a series, as it is stored: the states that it stands
// between say the rest. It costs some six bytes; there may be one for each
// system of a fleet.
type Ref struct {
	Type   Type
	State  ledger.Addr // the newest, of the same commit as the event
	Before ledger.Addr // the one that was the newest before; zero where there was none
}

// refMark stands in the first byte of a stored Ref, beside its type. An envelope
// begins with its schema's tag, which is less.
const refMark = 0x80

// Put adds the event to the commit in which its state is.
func (r Ref) Put(b *ledger.Batch) {
	out := binary.AppendUvarint([]byte{refMark | byte(r.Type)}, uint64(r.State.Slot))
	if !r.Before.IsZero() {
		out = binary.AppendUvarint(out, uint64(r.State.Seq-r.Before.Seq))
		out = binary.AppendUvarint(out, uint64(r.Before.Slot))
	}
	b.Event(out)
}

// refOf reads a stored Ref; false where the event is stored otherwise.
func refOf(e ledger.Event) (r Ref, ok bool, err error) {
	b := e.Payload
	if len(b) == 0 || b[0]&refMark == 0 {
		return r, false, nil
	}
	r.Type = Type(b[0] &^ refMark)
	var n [3]uint64
	i := 0
	for b = b[1:]; len(b) > 0 && i < len(n); i++ {
		v, k := binary.Uvarint(b)
		if k <= 0 {
			break
		}
		n[i], b = v, b[k:]
	}
	if len(b) > 0 || i != 1 && i != 3 || n[0] > math.MaxUint16 || n[2] > math.MaxUint16 || n[1] >= uint64(e.ID.Seq) || i == 3 && n[1] == 0 {
		return r, false, fmt.Errorf("%w: an event's states", ledger.ErrCorrupt)
	}
	r.State = ledger.Addr{Seq: e.ID.Seq, Slot: uint16(n[0])}
	if i == 3 {
		r.Before = ledger.Addr{Seq: e.ID.Seq - ledger.Seq(n[1]), Slot: uint16(n[2])}
	}
	return r, true, nil
}

// Series is what the states of a Ref say.
type Series struct {
	System, Series string
	Cause          string
	Version        string // the checklist's version
	Effective      int64  // microseconds since 1970 UTC
	Before, After  *float64
	Results        []*pb.EventResult // MaxResults at most
	Count          int               // of all results
}

// Add adds a result. subject is empty for the rule as a whole.
func (s *Series) Add(rule, subject, severity string) {
	if s.Count++; s.Count <= MaxResults {
		s.Results = append(s.Results, &pb.EventResult{Rule: rule, Subject: subject, Severity: severity})
	}
}

// Told is what the states of an event say. It fails with [ledger.ErrGone] where
// one of them is not kept any more.
type Told func(Ref) (*Series, error)

// Notice is an event about something else than a series' results.
type Notice struct {
	Type           Type
	System, Series string
	Cause          string
	Resource       string
	Message        string
	Effective      int64 // microseconds since 1970 UTC
}

// Put adds the event to a commit.
func (n *Notice) Put(b *ledger.Batch) {
	b.Event(envelope.Encode(&storev1.EventRecord{
		Schema: envelope.Schema, Type: uint32(n.Type), Effective: n.Effective, System: n.System, Series: n.Series,
		Cause: n.Cause, Resource: n.Resource, Message: n.Message,
	}))
}
