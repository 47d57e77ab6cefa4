package events

import (
	"errors"
	"fmt"
	"strings"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// gone is what is said of an event whose states are not kept any more.
const gone = "what this event tells of is not kept any more"

// show is a stored event as the API shows it. told is of the same transaction.
func show(s Stream, e ledger.Event, told Told) (*pb.Event, error) {
	out := &pb.Event{Id: s.id(e), RecordedTime: envelope.Timestamp(e.Recorded)}
	ref, ok, err := refOf(e)
	if err != nil {
		return nil, err
	}
	if ok {
		out.Type = ref.Type.String()
		x, err := told(ref)
		if errors.Is(err, ledger.ErrGone) {
			out.Message = gone
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		x.show(ref.Type, out)
		return out, nil
	}
	r, err := envelope.Decode[storev1.EventRecord](e.Payload)
	if err != nil {
		return nil, err
	}
	out.Type, out.EffectiveTime = Type(r.Type).String(), envelope.Timestamp(r.Effective)
	out.System, out.Series, out.Cause, out.Resource, out.Message = r.System, r.Series, r.Cause, r.Resource, r.Message
	if out.Message == "" {
		out.Message = out.Type
	}
	return out, nil
}

func (s *Series) show(t Type, out *pb.Event) {
	out.EffectiveTime = envelope.Timestamp(s.Effective)
	out.System, out.Series, out.Cause = s.System, s.Series, s.Cause
	out.Results, out.ResultCount = s.Results, int32(s.Count)
	out.ScoreBefore, out.ScoreAfter = s.Before, s.After
	out.Message = s.words(t)
}

// words says in words what an event about a series says in fields.
func (s *Series) words(t Type) string {
	under := fmt.Sprintf("under %s %s", strings.ReplaceAll(s.Series, "~", " "), s.Version)
	results := fmt.Sprintf("%d results", s.Count)
	if s.Count == 1 {
		results = "1 result"
	}
	switch t {
	case Failing:
		return fmt.Sprintf("%s of %s newly failing %s", results, s.System, under)
	case Recovered:
		return fmt.Sprintf("%s of %s no longer failing %s", results, s.System, under)
	case Unknown:
		return fmt.Sprintf("%s of %s newly unknown %s", results, s.System, under)
	case ScoreBelow:
		if lowest, ok := Crossed(s.Before, s.After); ok {
			return fmt.Sprintf("the score of %s fell from %.1f to %.1f, below %.0f, %s", s.System, *s.Before, *s.After, lowest, under)
		}
	}
	return t.String()
}
