package events

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

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

// Series is an event about a series in the making: who makes it sets the
// exported fields and adds the results.
type Series struct {
	Type           Type
	System, Series string
	Cause          string
	Version        string // the checklist's version, by whose rules results are numbered
	Effective      int64  // microseconds since 1970 UTC
	Before, After  *float64

	packed   []byte
	subjects []string
	others   []*pb.EventResult
	count    int
}

// severities by number; 0 is the empty one.
var severities = [...]string{"", "info", "low", "medium", "high", "critical"}

// Count is how many results were added.
func (s *Series) Count() int { return s.count }

// Add adds a result of a rule of the version. subject is empty for the rule as
// a whole. Those of one subject are best added one after the other.
func (s *Series) Add(rule int, subject, severity string) {
	if s.count++; s.count > MaxResults {
		return
	}
	at := 0
	if subject != "" {
		if n := len(s.subjects); n == 0 || s.subjects[n-1] != subject {
			at = slices.Index(s.subjects, subject) + 1
		} else {
			at = n
		}
		if at == 0 {
			s.subjects = append(s.subjects, subject)
			at = len(s.subjects)
		}
	}
	s.packed = binary.AppendUvarint(s.packed, uint64(rule))
	s.packed = binary.AppendUvarint(s.packed, uint64(at))
	s.packed = append(s.packed, byte(max(0, slices.Index(severities[:], severity))))
}

// AddOther adds a result of a rule that the version does not have.
func (s *Series) AddOther(rule, subject, severity string) {
	if s.count++; s.count <= MaxResults {
		s.others = append(s.others, &pb.EventResult{Rule: rule, Subject: subject, Severity: severity})
	}
}

// Kinds of names in the ledger. They are part of the format: nameSystem is that
// of package assessor, and nameSeries numbers "{series} {version}".
const (
	nameSystem byte = 's'
	nameSeries byte = 'e'
)

// Put adds the event to a commit. What many events name they have by number:
// there may be one for each system of a fleet.
func (s *Series) Put(b *ledger.Batch) {
	rec := &storev1.EventRecord{
		Schema: envelope.Schema, Type: uint32(s.Type), Effective: s.Effective, SystemNumber: b.Intern(nameSystem, s.System),
		Cause: s.Cause, Results: s.packed, Subjects: s.subjects, Others: s.others,
		ResultCount: int32(s.count), ScoreBefore: s.Before, ScoreAfter: s.After,
	}
	if name := s.Series + " " + s.Version; len(name) <= ledger.MaxName {
		rec.SeriesNumber = b.Intern(nameSeries, name)
	} else {
		rec.Series, rec.Version = s.Series, s.Version
	}
	b.Event(envelope.Encode(rec))
}

// open reads a stored event, with names for its numbers.
func open(tx *ledger.Tx, payload []byte) (*storev1.EventRecord, error) {
	r, err := envelope.Decode[storev1.EventRecord](payload)
	if err != nil {
		return nil, err
	}
	known := true
	if r.SystemNumber != 0 {
		r.System, known = tx.Name(nameSystem, r.SystemNumber)
	}
	if r.SeriesNumber != 0 && known {
		var name string
		name, known = tx.Name(nameSeries, r.SeriesNumber)
		r.Series, r.Version, _ = strings.Cut(name, " ")
	}
	if !known {
		return nil, fmt.Errorf("%w: an event of something that has no name", ledger.ErrCorrupt)
	}
	return r, nil
}

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

// unpacked are the results of a record, whose rules are those of its version.
func unpacked(r *storev1.EventRecord, rules []string) ([]*pb.EventResult, error) {
	out := make([]*pb.EventResult, 0, len(r.Others)+8)
	for b := r.Results; len(b) > 0; {
		rule, n := binary.Uvarint(b)
		subject, m := binary.Uvarint(b[max(n, 0):])
		if n <= 0 || m <= 0 || len(b) <= n+m || rule >= uint64(len(rules)) || subject > uint64(len(r.Subjects)) || int(b[n+m]) >= len(severities) {
			return nil, fmt.Errorf("%w: an event's packed results", ledger.ErrCorrupt)
		}
		x := &pb.EventResult{Rule: rules[rule], Severity: severities[b[n+m]]}
		if subject > 0 {
			x.Subject = r.Subjects[subject-1]
		}
		out = append(out, x)
		b = b[n+m+1:]
	}
	return append(out, r.Others...), nil
}
