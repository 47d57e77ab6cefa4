package statements

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/waive"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// Set is all that people said of one system, as it is stored.
type Set struct {
	claims       []*storev1.ClaimRecord
	waivers      []*storev1.WaiverRecord
	attestations []*storev1.AttestationRecord
}

// Load reads a system's statements, in the order of their ids.
func Load(tx *ledger.Tx, system string) (*Set, error) {
	s := &Set{}
	prefix := system + "/"
	for name, raw := range tx.Objects(kindStatement, prefix) {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			break
		}
		if err := s.add(rest, raw); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Set) add(name string, raw []byte) error {
	folder, _, _ := strings.Cut(name, "/")
	switch folder {
	case claims:
		rec, err := envelope.Decode[storev1.ClaimRecord](raw)
		s.claims = append(s.claims, rec)
		return err
	case waivers:
		rec, err := envelope.Decode[storev1.WaiverRecord](raw)
		s.waivers = append(s.waivers, rec)
		return err
	case attestations:
		rec, err := envelope.Decode[storev1.AttestationRecord](raw)
		s.attestations = append(s.attestations, rec)
		return err
	}
	return nil
}

// Claims are the claims as known at an instant, those to come and those past
// included. A revocation ends a claim.
func (s *Set) Claims(knownAt int64) (out []*pb.Claim) {
	for _, r := range s.claims {
		if r.Recorded > knownAt {
			continue
		}
		c := r.Claim
		switch {
		case c.RevokeTime == nil:
		case r.RevokeRecorded > knownAt:
			c = proto.CloneOf(c)
			c.RevokeTime = nil
		case envelope.Instant(c.RevokeTime) < envelope.Instant(c.ExpireTime):
			c = proto.CloneOf(c)
			c.ExpireTime = c.RevokeTime
		}
		out = append(out, c)
	}
	return out
}

// Waivers are the approved waivers as known at an instant, those to come and
// those past included. A waiver is not in force before it was approved. A
// revocation ends it, and leaves when it was to expire as it was, since of two
// waivers in force the one with the later expiry counts.
func (s *Set) Waivers(knownAt int64) (out []*pb.Waiver) {
	for _, r := range s.waivers {
		if r.ApproveRecorded == 0 || r.ApproveRecorded > knownAt {
			continue
		}
		from, _ := waiverSpan(r)
		w := proto.CloneOf(r.Waiver)
		w.StartTime, w.RevokeTime = envelope.Timestamp(from), nil
		if r.RevokeRecorded != 0 && r.RevokeRecorded <= knownAt {
			w.RevokeTime = envelope.Timestamp(r.RevokeRecorded)
		}
		out = append(out, w)
	}
	return out
}

// waiverSpan is from when until when an approved waiver is in force.
func waiverSpan(r *storev1.WaiverRecord) (from, to int64) {
	from, to = max(envelope.Instant(r.Waiver.StartTime), r.ApproveRecorded), envelope.Instant(r.Waiver.ExpireTime)
	if r.RevokeRecorded != 0 {
		to = min(to, r.RevokeRecorded)
	}
	return from, to
}

// Attested is one attestation in force.
type Attested struct {
	*pb.Attestation
	From, Until int64 // microseconds since 1970 UTC
}

// HasAttestations tells whether there ever was one.
func (s *Set) HasAttestations() bool { return len(s.attestations) > 0 }

// Attested are the attestations in force at an instant, as known at another,
// and the next instant at which one comes into force or is replaced;
// assess.Forever where none is. That one ends is told by its Until.
func (s *Set) Attested(at, knownAt int64) (out []Attested, next int64) {
	next = assess.Forever
	for _, r := range s.attestations {
		revoked := int64(assess.Forever)
		if r.Revoked != 0 && r.Revoked <= knownAt {
			revoked = r.Revoked
		}
		var found *Attested
		for _, v := range r.Versions {
			if v.Recorded > knownAt {
				break
			}
			from, until := attestedSpan(v, revoked)
			switch {
			case from > at && from < until:
				next = min(next, from)
			case from <= at && at < until:
				found = &Attested{v.Attestation, from, until}
			case from <= at:
				found = nil // the newer word has ended
			}
		}
		if found != nil {
			out = append(out, *found)
		}
	}
	return out, next
}

func attestedSpan(v *storev1.AttestationVersion, revoked int64) (from, until int64) {
	from = envelope.Instant(v.Attestation.StartTime)
	if from == 0 {
		from = v.Recorded
	}
	return from, min(envelope.Instant(v.Attestation.ExpireTime), revoked)
}

// Boundary is the kind of statement of which one begins or ends at an instant.
// Where several kinds do, it is attestation, which is what is said of answers
// to a questionnaire too, then claim, then waiver.
func (s *Set) Boundary(t int64) Kind {
	for _, r := range s.attestations {
		revoked := int64(assess.Forever)
		if r.Revoked != 0 {
			revoked = r.Revoked
		}
		for _, v := range r.Versions {
			if from, until := attestedSpan(v, revoked); from == t || until == t {
				return AttestationKind
			}
		}
	}
	for _, c := range s.Claims(ledger.MaxInstant) {
		if envelope.Instant(c.StartTime) == t || envelope.Instant(c.ExpireTime) == t {
			return ClaimKind
		}
	}
	for _, w := range s.Waivers(ledger.MaxInstant) {
		if in := waive.SpanOf(w); in.Start < in.End && (in.Start == t || in.End == t) {
			return WaiverKind
		}
	}
	return None
}
