package reassess

import (
	"context"
	"fmt"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/await"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/prove"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// wait waits for a run's end, prints it, and says by its error how it ended.
func (a *app) wait(ctx context.Context, w *await.Waiter, op *longrunningpb.Operation) error {
	op, err := w.Until(ctx, op, func(op *longrunningpb.Operation) (string, string, error) {
		r, err := describe(op)
		if err != nil {
			return "", "", err
		}
		return r.line(), r.problem, nil
	})
	if err != nil {
		return err
	}
	if err := a.shown(op, nil); err != nil {
		return err
	}
	return verdict(op)
}

// waiter makes a waiter.
func (a *app) waiter(c *clients.Client) *await.Waiter { return await.New(a.App, c) }

// verdict is the error of a run that did not do all that it was for.
func verdict(op *longrunningpb.Operation) error {
	r, err := describe(op)
	switch {
	case err != nil:
		return err
	case r.state == "cancelled":
		return &cli.BelowError{Reasons: []string{"the run was cancelled"}}
	case op.GetError() != nil:
		return fmt.Errorf("the run failed: %s", op.GetError().GetMessage())
	case r.failed > 0:
		return &cli.BelowError{Reasons: []string{cli.Count(int(r.failed), "system") + " could not be assessed"}}
	}
	answer := &pb.VerifyAssessmentsResponse{}
	if op.GetResponse().MessageIs(answer) && op.GetResponse().UnmarshalTo(answer) == nil {
		return prove.Verdict(answer)
	}
	return nil
}
