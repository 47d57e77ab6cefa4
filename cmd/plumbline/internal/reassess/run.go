package reassess

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/prove"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// reassessCommand starts a run.
func (a *app) reassessCommand() *cobra.Command {
	req := &pb.ReassessSystemsRequest{Selector: &pb.Selector{}}
	var due, all, wait bool
	c := cli.Command(cli.Spec{
		Use: "reassess (--due | --all)", Short: "Have systems assessed anew, as a run that outlives a restart",
		Long: `Have systems assessed anew. --due takes those whose states may have changed as
time went by; a server does the same by itself unless it was told not to. --all
evaluates every system from its stored inventory. What does not change writes
nothing.

Systems are those that all given conditions select; without a condition all are.
The run goes on without this command. With --wait it is waited for, and the exit
code is 0 where every system was evaluated, 2 where some could not be or the run
was cancelled, and 1 for any other error.

With --request-id the same command again finds the run that it started before,
which is what a scheduler needs that tries again.`,
		Example: "  plumbline reassess --due --wait\n  plumbline reassess --all --product sharepoint-2007 --label tier=1\n  plumbline reassess --all --checklist transport-security --wait --output json\n  plumbline reassess --due --wait --request-id nightly-$(date +%F)",
		Do: a.Streaming(func(ctx context.Context, c *clients.Client, _ []string) error {
			if due == all {
				return cli.Misuse("plumbline reassess", "say which systems: either --due or --all")
			}
			req.Full = all
			if req.RequestId == "" {
				req.RequestId = newID() // so that it can be sent again
			}
			for i, s := range req.Selector.Systems {
				req.Selector.Systems[i] = strings.TrimPrefix(s, "systems/")
			}
			w := a.waiter(c)
			defer w.End()
			op, err := w.Patiently(ctx, func(ctx context.Context) (*longrunningpb.Operation, error) {
				return c.Reassessment().ReassessSystems(ctx, req)
			})
			if err != nil || !wait {
				return a.shown(op, err)
			}
			return a.wait(ctx, w, op)
		}),
	})
	f := c.Flags()
	f.BoolVar(&due, "due", false, "only systems whose states may have changed")
	f.BoolVar(&all, "all", false, "every system, due or not")
	f.BoolVar(&wait, "wait", false, "wait for the run's end, and show how far it is")
	f.StringVar(&req.Checklist, "checklist", "", "only systems assessed under this checklist")
	f.StringVar(&req.RequestId, "request-id", "", "an id of your own for the run; kept for a day")
	f.StringSliceVar(&req.Selector.Systems, "system", nil, "only these systems; may be repeated")
	f.StringVar(&req.Selector.Product, "product", "", "only systems that run this product")
	f.StringVar(&req.Selector.Environment, "environment", "", "only systems in this environment")
	f.StringToStringVar(&req.Selector.Labels, "label", nil, "only systems with this label, KEY=VALUE; may be repeated")
	return c
}

func newID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// shown prints an operation, unless there is an error.
func (a *app) shown(op *longrunningpb.Operation, err error) error {
	if err != nil {
		return err
	}
	r, err := describe(op)
	if err != nil {
		return err
	}
	return a.Printer().Emit(op, func(v *render.View) {
		ended := ""
		if r.ended != nil {
			ended = v.When(r.ended)
		}
		fields := [][2]string{{"operation", cli.ID(op.GetName())}, {"state", v.Word(r.state)}, {"what", r.what},
			{"started", v.When(r.created) + " by " + r.by}, {"ended", ended}, {"systems", r.progress()}}
		fields = append(append(fields, r.counts...), [2]string{"problem", r.problem}, [2]string{"error", op.GetError().GetMessage()})
		v.Fields(fields...)
		answer, report := &pb.ReassessSystemsResponse{}, &pb.VerifyAssessmentsResponse{}
		switch x := op.GetResponse(); {
		case x.MessageIs(answer) && x.UnmarshalTo(answer) == nil && len(answer.GetErrors()) > 0:
			v.Title("Why systems could not be assessed")
			for _, e := range answer.GetErrors() {
				v.Line("%s", e)
			}
		case x.MessageIs(report) && x.UnmarshalTo(report) == nil:
			v.Title("What was found")
			prove.Table(v, report)
		}
	})
}
