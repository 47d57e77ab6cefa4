package live

import (
	"context"
	"fmt"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/store/ledger"
)

// Reassess evaluates every system because guidance changed in a way that changes
// no result: the policy is set again as it is. That is a new epoch of guidance,
// which makes every system due; each is read, merged, evaluated, and compared
// with its stored state, which stays. Only the systems' heads are written, which
// name the epoch under which they were last evaluated.
func (s *Service) Reassess(ctx context.Context) (Took, error) {
	s.tick()
	p := s.assessor.Policy()
	p.Etag = ""
	return s.reassess(ctx, 0, func() error {
		_, err := s.assessor.SetPolicy(ctx, p, "bench")
		return err
	})
}

// Activate has the assignment follow another version, and evaluates every
// system under it: each gets a state, since a state names its version.
func (s *Service) Activate(ctx context.Context, version string) (Took, error) {
	s.tick()
	return s.reassess(ctx, s.sampled(), func() error {
		_, err := s.assessor.Activate(ctx, &pb.ActivateAssignmentRequest{Name: "assignments/" + assignment, Version: version}, "bench")
		return err
	})
}

// reassess changes guidance and evaluates what that makes due, until nothing
// is; that is what is timed. The sampled systems must have got so many states by
// it.
func (s *Service) reassess(ctx context.Context, states int, change func() error) (took Took, err error) {
	commits, before, err := s.written(ctx)
	if err != nil {
		return took, err
	}
	took, err = timed(func() error {
		if err := change(); err != nil {
			return err
		}
		_, err := s.assessor.RunDue(ctx)
		return err
	})
	if err != nil {
		return took, err
	}
	commitsNow, after, err := s.written(ctx)
	if err != nil {
		return took, err
	}
	if after-before != states {
		return took, fmt.Errorf("the sampled systems got %d states, not %d", after-before, states)
	}
	// Besides the change of guidance there is a commit of at most so many heads.
	if want := uint64(1 + s.Systems/batch); commitsNow-commits < want {
		return took, fmt.Errorf("%d commits were made where %d systems are to be marked as evaluated", commitsNow-commits, s.Systems)
	}
	return took, nil
}

// written is how many commits there were, and how many states the sampled
// systems' series have had.
func (s *Service) written(ctx context.Context) (commits uint64, states int, err error) {
	if err := s.ledger.View(ctx, func(tx *ledger.Tx) error { commits = uint64(tx.Last().Seq); return nil }); err != nil {
		return 0, 0, err
	}
	for i := 0; i < s.Systems; i += s.step() {
		series, err := s.assessor.SeriesOf(ctx, systemID(i))
		if err != nil {
			return 0, 0, err
		}
		for _, x := range series {
			states += int(x.BreakpointCount)
		}
	}
	return commits, states, nil
}

// sample is about how many systems are looked at to see that states changed.
const sample = 500

func (s *Service) step() int { return max(1, s.Systems/sample) }

// sampled is how many they are.
func (s *Service) sampled() int { return (s.Systems + s.step() - 1) / s.step() }
