package events

import (
	"fmt"
	"strings"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// stored is an event as it was read.
type stored struct {
	ledger.Event
	*storev1.EventRecord
}

// show is a stored event as the API shows it.
func (l *Log) show(s Stream, e stored) (*pb.Event, error) {
	r := e.EventRecord
	out := &pb.Event{
		Id: s.id(e.Event), Type: Type(r.Type).String(), EffectiveTime: envelope.Timestamp(r.Effective), RecordedTime: envelope.Timestamp(e.Recorded),
		System: r.System, Series: r.Series, Cause: r.Cause, ResultCount: r.ResultCount,
		ScoreBefore: r.ScoreBefore, ScoreAfter: r.ScoreAfter, Resource: r.Resource, Message: r.Message,
	}
	if r.ResultCount > 0 {
		var rules []string
		var err error
		checklist, _, _ := strings.Cut(r.Series, "~")
		if len(r.Results) > 0 {
			if rules, err = l.cfg.Rules(checklist, r.Version); err != nil {
				return nil, err
			}
		}
		if out.Results, err = unpacked(r, rules); err != nil {
			return nil, err
		}
	}
	if out.Message == "" {
		out.Message = words(r)
	}
	return out, nil
}

// words says in words what an event about a series says in fields.
func words(r *storev1.EventRecord) string {
	under := fmt.Sprintf("under %s %s", strings.ReplaceAll(r.Series, "~", " "), r.Version)
	results := fmt.Sprintf("%d results", r.ResultCount)
	if r.ResultCount == 1 {
		results = "1 result"
	}
	switch Type(r.Type) {
	case Failing:
		return fmt.Sprintf("%s of %s newly failing %s", results, r.System, under)
	case Recovered:
		return fmt.Sprintf("%s of %s no longer failing %s", results, r.System, under)
	case Unknown:
		return fmt.Sprintf("%s of %s newly unknown %s", results, r.System, under)
	case ScoreBelow:
		lowest, _ := Crossed(r.ScoreBefore, r.ScoreAfter)
		return fmt.Sprintf("the score of %s fell from %.1f to %.1f, below %.0f, %s", r.System, r.GetScoreBefore(), r.GetScoreAfter(), lowest, under)
	}
	return Type(r.Type).String()
}
