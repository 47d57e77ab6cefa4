// Package await has commands wait for long-running operations of a server, which
// may restart meanwhile.
package await

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	glance   = time.Second     // between two looks at an operation
	patience = 5 * time.Minute // with a server that does not answer: it may be restarted
	pause    = 2 * time.Second // before it is asked again
)

// Waiter waits for an operation's end.
type Waiter struct {
	app     *cli.App
	client  *clients.Client
	console *cli.Console
	told    string // the problem that was told last
}

// New makes a waiter, whose End takes its line of progress away.
func New(a *cli.App, c *clients.Client) *Waiter {
	return &Waiter{app: a, client: c, console: a.NewConsole()}
}

// End takes the line of progress away.
func (w *Waiter) End() { w.console.End() }

// Patiently asks a server that may be about to restart: what it asks for can be
// asked for again.
func (w *Waiter) Patiently(ctx context.Context, ask func(context.Context) (*longrunningpb.Operation, error)) (*longrunningpb.Operation, error) {
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

// Until waits until an operation is done. show says how far it is, in a line, and
// what keeps it from going on; "" for nothing.
func (w *Waiter) Until(ctx context.Context, op *longrunningpb.Operation, show func(*longrunningpb.Operation) (line, problem string, err error)) (*longrunningpb.Operation, error) {
	defer w.console.End()
	for name := op.GetName(); !op.GetDone(); {
		line, problem, err := show(op)
		if err != nil {
			return nil, err
		}
		if problem != w.told {
			if w.told = problem; problem != "" {
				w.console.Line("plumbline: the run waits: %s", problem)
			}
		}
		w.console.Status("%s", line)
		op, err = w.Patiently(ctx, func(ctx context.Context) (*longrunningpb.Operation, error) {
			return w.client.Reassessment().WaitOperation(ctx, &longrunningpb.WaitOperationRequest{Name: name, Timeout: durationpb.New(glance)})
		})
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("no longer waiting; the run goes on: plumbline operations wait %s, or plumbline operations cancel %s", cli.ID(name), cli.ID(name))
		case err != nil:
			return nil, err
		}
	}
	return op, nil
}

// barWidth is how many characters a bar has between its ends.
const barWidth = 30

// Bar draws a share.
func Bar(done, total int32) string {
	n := 0
	if total > 0 {
		n = int(int64(done) * barWidth / int64(total))
	}
	n = min(max(n, 0), barWidth)
	return "[" + strings.Repeat("#", n) + strings.Repeat(".", barWidth-n) + "]"
}
