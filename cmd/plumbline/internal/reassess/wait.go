package reassess

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	glance   = time.Second     // between two looks at a run
	patience = 5 * time.Minute // with a server that does not answer: it may be restarted
	pause    = 2 * time.Second // before it is asked again
)

// waiter waits for a run's end.
type waiter struct {
	app     *app
	client  *clients.Client
	console *cli.Console
	told    string // the problem that was told last
}

// patiently asks a server that may be about to restart: what it asks for can be
// asked for again.
func (w *waiter) patiently(ctx context.Context, ask func(context.Context) (*longrunningpb.Operation, error)) (*longrunningpb.Operation, error) {
	for tried := time.Duration(0); ; tried += pause {
		within, cancel := w.app.Within(ctx)
		op, err := ask(within)
		cancel()
		if status.Code(err) != codes.Unavailable || tried >= patience || ctx.Err() != nil {
			return op, err
		}
		if tried == 0 {
			w.console.Line("plumbline: %s; trying again for %v", cli.Words(err), patience)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// wait waits for a run's end, prints it, and says by its error how it ended.
func (w *waiter) wait(ctx context.Context, op *longrunningpb.Operation) error {
	name := op.GetName()
	for {
		m, err := metadata(op)
		if err != nil {
			return err
		}
		if op.GetDone() {
			w.console.End()
			if err := w.app.shown(op, nil); err != nil {
				return err
			}
			return verdict(op, m)
		}
		w.show(m)
		op, err = w.patiently(ctx, func(ctx context.Context) (*longrunningpb.Operation, error) {
			return w.client.Reassessment().WaitOperation(ctx, &longrunningpb.WaitOperationRequest{Name: name, Timeout: durationpb.New(glance)})
		})
		if ctx.Err() != nil {
			w.console.End()
			return fmt.Errorf("no longer waiting; the run goes on: plumbline operations wait %s, or plumbline operations cancel %s", cli.ID(name), cli.ID(name))
		}
		if err != nil {
			return err
		}
	}
}

// show draws how far a run is, and says once what keeps it.
func (w *waiter) show(m *pb.ReassessSystemsMetadata) {
	if p := m.GetProblem(); p != w.told {
		if w.told = p; p != "" {
			w.console.Line("plumbline: the run waits: %s", p)
		}
	}
	w.console.Status("%s %s %s, %d changed, %d failed", bar(m.GetSystemsDone(), m.GetSystemsTotal()), m.GetState(), progress(m), m.GetSystemsChanged(), m.GetSystemsFailed())
}

// barWidth is how many characters a bar has between its ends.
const barWidth = 30

// bar draws a share.
func bar(done, total int32) string {
	n := 0
	if total > 0 {
		n = int(int64(done) * barWidth / int64(total))
	}
	n = min(max(n, 0), barWidth)
	return "[" + strings.Repeat("#", n) + strings.Repeat(".", barWidth-n) + "]"
}

// verdict is the error of a run that did not do all that it was for.
func verdict(op *longrunningpb.Operation, m *pb.ReassessSystemsMetadata) error {
	switch {
	case m.GetState() == "cancelled":
		return &cli.BelowError{Reasons: []string{"the run was cancelled"}}
	case op.GetError() != nil:
		return fmt.Errorf("the run failed: %s", op.GetError().GetMessage())
	case m.GetSystemsFailed() > 0:
		return &cli.BelowError{Reasons: []string{cli.Count(int(m.GetSystemsFailed()), "system") + " could not be assessed"}}
	}
	return nil
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
