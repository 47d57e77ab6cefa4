package rollup

import (
	"fmt"
	"testing"

	"github.com/plumbline/plumbline/assess/score"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/store/ledger"
)

// BenchmarkCommit is a commit of 500 systems of 60 results each, one of which
// changes, with no label declared and with four of 5 values each.
func BenchmarkCommit(b *testing.B) {
	for _, labels := range []int{0, 1, 4} {
		b.Run(fmt.Sprint(labels), func(b *testing.B) { benchmarkCommit(b, labels) })
	}
}

func benchmarkCommit(b *testing.B, count int) {
	const systems, rules = 500, 60
	_, l := newLedger(b)
	var labels []Label
	sys := make([]*pb.System, systems)
	for i := range sys {
		sys[i] = &pb.System{Labels: map[string]string{}}
		for k := range count {
			sys[i].Labels[fmt.Sprint("k", k)] = fmt.Sprint("v", (i+k)%5)
		}
	}
	if _, err := l.Commit(b.Context(), 1, func(batch *ledger.Batch) error {
		for k := range count {
			labels = append(labels, Label{ID: uint32(k + 1), Key: fmt.Sprint("k", k)})
			Declare(batch, uint32(k+1))
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	table := &Table{rule: make([]int32, rules), area: make([]int32, rules), severity: make([]byte, rules)}
	for i := range table.rule {
		table.rule[i] = int32(i)
	}
	standing := func(system int, turn int) *Standing {
		v, cover := float64(40+turn%2), 1.0
		st := &storev1.State{Labels: PackLabels(labels, sys[system]), Summary: &storev1.StateSummary{Score: &v, Coverage: &cover}}
		x := table.Standing(st)
		for r := range rules {
			state, since := score.Pass, int64(Day)
			if r%3 == 0 || r == 1 && turn%2 == 0 {
				state = score.Fail
			}
			if r == 1 {
				since = int64(turn) * Hour
			}
			x.Count(r, state, false, since)
		}
		return x
	}
	b.ReportAllocs()
	for turn := range b.N {
		if _, err := l.Commit(b.Context(), int64(turn+2), func(batch *ledger.Batch) error {
			var p Pending
			s, err := p.Series(batch, "x")
			if err != nil {
				return err
			}
			s.names.Rules = make([]string, rules)
			for i := range systems {
				was, is := standing(i, turn), standing(i, turn+1)
				if turn == 0 {
					was = &Standing{}
				}
				if err := s.Replace(was, is, int64(turn)*Hour+int64(i), ledger.MaxInstant); err != nil {
					return err
				}
				if err := s.Newest(uint32(i+1), was, is); err != nil {
					return err
				}
			}
			p.Flush(batch)
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*systems), "ns/system")
}
