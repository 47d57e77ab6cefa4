package assess_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// openSuffix ends the subject that stands for what a list may still have.
const openSuffix = "/?"

// eachShipped runs a test for every checklist that ships.
func eachShipped(t *testing.T, test func(t *testing.T, c *assess.Checklist)) {
	files, err := guidance.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("nothing ships")
	}
	for _, f := range files {
		t.Run(f.Checklist.Id+"@"+f.Checklist.Version, func(t *testing.T) { test(t, mustCompile(t, f.Checklist)) })
	}
}

// wholePlan is a plan under which every rule is selected.
func wholePlan(t testing.TB, c *assess.Checklist, profile string) *assess.Plan {
	all := &pb.Tailoring{Id: "whole"}
	for _, r := range c.Rules() {
		all.Select = append(all.Select, r.Id)
	}
	p, err := c.Plan(profile, all)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// mustCompile compiles a checklist that has no problem.
func mustCompile(t testing.TB, c *pb.Checklist) *assess.Checklist {
	t.Helper()
	out, problems := assess.Compile(c)
	for _, p := range problems {
		t.Error(p)
	}
	if out == nil {
		t.FailNow()
	}
	return out
}

// rowKey names a result.
type rowKey struct{ rule, subject string }

// table is an evaluation's results by rule and subject.
func table(e *assess.Evaluation) map[rowKey]*assess.Result {
	rules := e.Plan.Checklist().Rules()
	out := make(map[rowKey]*assess.Result, len(e.Results))
	for i := range e.Results {
		r := &e.Results[i]
		out[rowKey{rules[r.Rule].Id, e.SubjectID(r)}] = r
	}
	return out
}

// isOpen tells whether a subject stands for what a list may still have.
func isOpen(subject string) bool { return strings.HasSuffix(subject, openSuffix) }

// undecided tells whether a state may say that facts are missing. A rule that
// is not scored says the same of whatever it finds.
func undecided(s score.State) bool { return s == score.Unknown || s == score.Informational }

// day is the instant so many days after the year 2026 began.
func day(n int) int64 {
	return time.Date(2026, 1, 1+n, 0, 0, 0, 0, time.UTC).UnixMicro()
}

// when writes an instant as cases do: a date where it is a midnight.
func when(micros int64) string {
	if micros == assess.Forever {
		return "ever"
	}
	t := time.UnixMicro(micros).UTC()
	if t.Truncate(24 * time.Hour).Equal(t) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339Nano)
}

// sameEvaluation says in which way two evaluations of one plan differ, the
// instants until which they hold left out.
func sameEvaluation(a, b *assess.Evaluation) error {
	x, y := rows(a), rows(b)
	if !slices.Equal(x, y) {
		for i := range max(len(x), len(y)) {
			if i >= len(x) || i >= len(y) || x[i] != y[i] {
				return fmt.Errorf("%d and %d results; the first that differs: %q and %q", len(x), len(y), at(x, i), at(y, i))
			}
		}
	}
	if a.Digest() != b.Digest() {
		return fmt.Errorf("the same results, but the digests %s and %s", a.Digest(), b.Digest())
	}
	return nil
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}

// rows are an evaluation's results in its order.
func rows(e *assess.Evaluation) []string {
	rules := e.Plan.Checklist().Rules()
	out := make([]string, len(e.Results))
	for i := range e.Results {
		r := &e.Results[i]
		out[i] = fmt.Sprintf("%s %s %s exception %d waiver %d", rules[r.Rule].Id, e.SubjectID(r), r.State, r.Exception, r.Waiver)
	}
	return out
}
