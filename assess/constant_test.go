package assess_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge"
)

// An assessment is piecewise constant in time: until ValidUntil nothing
// changes, and a single result stands until its own.

// century is as far as tests look where something holds for ever.
const century = 100 * 365 * day1

// walkTime evaluates at an instant and at others for which that must hold, and
// goes on from where it no longer does.
func walkTime(t *rapid.T, from int64, steps int, evaluate func(at int64) *assess.Evaluation) error {
	for range steps {
		e := evaluate(from)
		until := min(e.ValidUntil, from+century)
		if until <= from {
			return fmt.Errorf("evaluated at %s it holds until %s", when(from), when(until))
		}
		for _, at := range []int64{until - 1, from + 1, from + rapid.Int64Range(0, until-from-1).Draw(t, "between")} {
			if at >= until {
				continue
			}
			if err := sameEvaluation(e, evaluate(at)); err != nil {
				return fmt.Errorf("at %s, said to hold until %s, and at %s: %w", when(from), when(e.ValidUntil), when(at), err)
			}
		}
		later := until + rapid.Int64Range(0, 60*day1).Draw(t, "later")
		if err := resultsHold(e, evaluate(later)); err != nil {
			return fmt.Errorf("at %s and at %s: %w", when(from), when(later), err)
		}
		from = until
	}
	return nil
}

// resultsHold holds results against the same ones later, if they should stand.
func resultsHold(e, later *assess.Evaluation) error {
	if later.At >= e.Merged().ValidUntil {
		return nil // another inventory by then
	}
	now := table(later)
	for key, r := range table(e) {
		if r.ValidUntil <= later.At {
			continue
		}
		n := now[key]
		if n == nil {
			return fmt.Errorf("%s of %q, said to hold until %s, is gone", key.rule, key.subject, when(r.ValidUntil))
		}
		if n.State != r.State || n.Exception != r.Exception || (n.Waiver < 0) != (r.Waiver < 0) {
			return fmt.Errorf("%s of %q, said to be %s until %s, is %s", key.rule, key.subject, r.State, when(r.ValidUntil), n.State)
		}
	}
	return nil
}

func TestShippedIsPiecewiseConstant(t *testing.T) {
	eachShipped(t, func(t *testing.T, c *assess.Checklist) {
		v, p := vocabularyOf(c), wholePlan(t, c, "")
		rapid.Check(t, func(t *rapid.T) {
			inv, claims := v.inventory(t, v.examples, 10), v.claimed(t)
			err := walkTime(t, v.at(t), 5, func(at int64) *assess.Evaluation { return p.EvaluateInventory(inv, claims, nil, at) })
			if err != nil {
				t.Fatalf("%v\n%s", err, prototext.Format(inv))
			}
		})
	})
}

// TestEngineIsPiecewiseConstant has claims, waivers, and time in every place
// of a rule.
func TestEngineIsPiecewiseConstant(t *testing.T) {
	p := wholePlan(t, engine(t), "")
	rapid.Check(t, func(t *rapid.T) {
		inv, claims, waivers := engineInventory(t, 3, 2), engineClaims(t), engineWaivers(t)
		err := walkTime(t, nearDay(t, "at"), 6, func(at int64) *assess.Evaluation {
			return p.EvaluateInventory(inv, claims, waivers, at)
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, prototext.Format(inv))
		}
	})
}

// TestMergedIsPiecewiseConstant has several sources too, whose words become
// stale.
func TestMergedIsPiecewiseConstant(t *testing.T) {
	p := wholePlan(t, engine(t), "")
	rapid.Check(t, func(t *rapid.T) {
		in, claims, waivers := engineConfig(t, 2, 2).Input().Draw(t, "input"), engineClaims(t), engineWaivers(t)
		err := walkTime(t, in.At, 6, func(at int64) *assess.Evaluation {
			in.At = at
			return p.Evaluate(assess.Input{Merged: merge.Merge(in), Claims: claims, Waivers: waivers, At: at})
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
