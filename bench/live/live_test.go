package live

import (
	"testing"

	"github.com/plumbline/plumbline/bench/draft"
	"github.com/plumbline/plumbline/bench/rules"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// start starts a service that ends with the test.
func start(t *testing.T) *Service {
	t.Helper()
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Assign(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPreviewing: what is timed does what its figures are said to be of.
func TestPreviewing(t *testing.T) {
	const systems = 130 // more than one batch of a preview
	ctx, s := t.Context(), start(t)
	if err := s.Fill(ctx, systems); err != nil {
		t.Fatal(err)
	}
	base, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	next, err := draft.Change(base.Source())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Look(ctx); err != nil {
		t.Error(err)
	}
	if took, err := s.Reassess(ctx); err != nil || took.Wall <= 0 || took.CPU <= 0 {
		t.Errorf("a re-evaluation took %v: %v", took, err)
	}
	_, sum, err := s.Preview(ctx, next, true)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Diff.GetChanged() != 6 || sum.Diff.GetAdded() != 3 || sum.Diff.GetRemoved() != 3 {
		t.Errorf("the preview's diff is %v", sum.Diff)
	}
	if _, _, err := s.Preview(ctx, base.Source(), false); err == nil {
		t.Error("a draft that changes nothing is taken for a draft")
	}
	if _, _, err := s.Publish(ctx, &pb.PublishChecklistRequest{Checklist: next}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Activate(ctx, next.Version); err != nil {
		t.Error(err)
	}
	// What was previewed has come true: nothing would change any more.
	if _, _, err := s.Preview(ctx, next, false); err == nil {
		t.Error("the version that systems stand under changes something")
	}
	if _, err := s.Activate(ctx, next.Version); err == nil {
		t.Error("a version that is active already gives no states, and nobody noticed")
	}
}

// TestPublishing: both ways publish, and the parts are parts of that.
func TestPublishing(t *testing.T) {
	ctx, s := t.Context(), start(t)
	var text [3]string
	for i := range text {
		var err error
		if text[i], err = draft.Hundred(i); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Message(text[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, req := range []*pb.PublishChecklistRequest{{Yaml: text[0]}, {Checklist: c}} {
		if _, v, err := s.Publish(ctx, req); err != nil || v.RuleCount != 100 {
			t.Errorf("published %v: %v", v.GetName(), err)
		}
	}
	p, err := s.Parts(ctx, text[2])
	if err != nil || p.Parse <= 0 || p.Lint <= 0 || p.Compile <= 0 || p.Examples <= 0 || p.Store <= 0 || p.Commit <= 0 {
		t.Errorf("the parts are %+v: %v", p, err)
	}
	if _, err := s.assessor.Compiled(draft.HundredID, "1.0.2"); err != nil {
		t.Errorf("the parts publish nothing: %v", err)
	}
}
