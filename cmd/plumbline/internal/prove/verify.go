package prove

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/await"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/settings"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/storefile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/verify"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// verifyCommand recomputes what is stored.
func (a *app) verifyCommand() *cobra.Command {
	var o verify.Options
	var store string
	var all bool
	var c *cobra.Command
	c = cli.Command(cli.Spec{
		Use: "verify", Short: "Recompute recorded assessments from their inputs, and compare",
		Long: `Recompute the recorded states of a store from what was known when each was
recorded - inventory, guidance, policy, claims, waivers and attestations - and
compare versions, digests, results, scores and how long they hold. Then evaluate
each system anew from its first view on, which finds states that are missing.

States of another version of the engine are compared by their results: where
those differ the engine has changed, which is no damage. Nothing of what is
recorded is changed.

With --server a server verifies its own store, behind everything for which
somebody waits, and goes on without this command. Without it, --store names a
store that no server may have open.

Exit code 0 means that nothing differs, 1 that something does.`,
		Example: "  plumbline verify --store plumbline.db\n  plumbline verify --system intranet --series sharepoint-2007\n  plumbline verify --server 127.0.0.1:9090 --sample 1000 --output json",
		Do: func(ctx context.Context, args []string) error {
			switch {
			case all && o.Sample > 0:
				return errors.New("--all and --sample exclude each other")
			case o.Sample < 0 || o.Sample > math.MaxInt32:
				return errors.New("--sample: give a number of states")
			}
			for i, s := range o.Systems {
				o.Systems[i] = strings.TrimPrefix(s, "systems/")
			}
			byServer, err := a.asksServer(c.Flags())
			switch {
			case err != nil:
				return err
			case byServer:
				return a.Streaming(func(ctx context.Context, c *clients.Client, _ []string) error { return a.ask(ctx, c, o) })(ctx, args)
			}
			return storefile.With(ctx, store, func(_ *bolt.DB, l *ledger.Ledger) error { return a.verify(ctx, l, o) })
		},
	})
	f := c.Flags()
	f.StringVar(&store, "store", storefile.Default, storefile.Help)
	f.StringSliceVar(&o.Systems, "system", nil, "only these systems; repeat it or separate by commas")
	f.StringSliceVar(&o.Series, "series", nil, "only these series: ids, or ids of checklists")
	f.IntVar(&o.Sample, "sample", 0, "only about so many recorded states, spread over all; finds no missing ones")
	f.Uint64Var(&o.Seed, "seed", 1, "which sample: another number, other states")
	f.BoolVar(&o.Recorded, "recorded", false, "only what is recorded: look for no missing states, in half the time")
	f.BoolVar(&all, "all", false, "everything, which is what is done by default")
	return c
}

// asksServer tells whether a server is asked: where --server says more than
// --store. What the environment says gives way to what is written out.
func (a *app) asksServer(f *pflag.FlagSet) (bool, error) {
	given := func(name string) (given, written bool) {
		v, inEnv := a.Env(settings.Variable(name))
		given = f.Changed(name)
		return given, given && !(inEnv && v == f.Lookup(name).Value.String())
	}
	server, serverWritten := given("server")
	store, storeWritten := given("store")
	if serverWritten && storeWritten {
		return false, errors.New("--server and --store exclude each other: a server verifies its own store")
	}
	return server && !storeWritten && (serverWritten || !store), nil
}

// verify verifies a store, and prints what was found.
func (a *app) verify(ctx context.Context, l *ledger.Ledger, o verify.Options) error {
	svc, err := assessor.New(ctx, l, assessor.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer svc.Close()
	console := a.NewConsole()
	o.Clock = time.Now // how long it takes, not what is
	o.Progress = func(p verify.Progress) {
		console.Status("%s %d of %d systems, %d of %d states, %d differences",
			await.Bar(int32(p.Systems), int32(p.OfSystems)), p.Systems, p.OfSystems, p.States, p.OfStates, p.Differences)
	}
	r, err := verify.Run(ctx, svc, o)
	console.End()
	if err != nil {
		return err
	}
	out := &pb.VerifyAssessmentsResponse{EngineVersion: svc.EngineVersion(), StatesPerSecond: int32(r.PerSecond())}
	r.AddTo(out)
	return a.found(out)
}

// ask has a server verify, waits for it, and prints what was found.
func (a *app) ask(ctx context.Context, c *clients.Client, o verify.Options) error {
	var id [12]byte
	_, _ = rand.Read(id[:]) // it never fails
	req := &pb.VerifyAssessmentsRequest{
		Systems: o.Systems, Series: o.Series, Sample: int32(o.Sample), Seed: o.Seed, Recorded: o.Recorded,
		RequestId: hex.EncodeToString(id[:]), // so that it can be sent again
	}
	w := await.New(a.App, c)
	defer w.End()
	op, err := w.Patiently(ctx, func(ctx context.Context) (*longrunningpb.Operation, error) {
		return c.Reassessment().VerifyAssessments(ctx, req)
	})
	if err != nil {
		return err
	}
	op, err = w.Until(ctx, op, func(op *longrunningpb.Operation) (string, string, error) {
		m := &pb.VerifyAssessmentsMetadata{}
		if err := op.GetMetadata().UnmarshalTo(m); err != nil {
			return "", "", err
		}
		return fmt.Sprintf("%s %s: %d of %d systems, %d of %d states, %d differences", await.Bar(m.GetSystemsDone(), m.GetSystemsTotal()), m.GetState(),
			m.GetSystemsDone(), m.GetSystemsTotal(), m.GetStatesDone(), m.GetStatesTotal(), m.GetDifferenceCount()), m.GetProblem(), nil
	})
	if err != nil {
		return err
	}
	out := &pb.VerifyAssessmentsResponse{}
	if op.GetError() != nil {
		return errors.New(op.GetError().GetMessage())
	}
	if err := op.GetResponse().UnmarshalTo(out); err != nil {
		return err
	}
	return a.found(out)
}

// found prints what was found, and is the error of what is wrong.
func (a *app) found(r *pb.VerifyAssessmentsResponse) error {
	text, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(r) // none found is what scripts look for
	if err != nil {
		return err
	}
	m := &structpb.Struct{}
	if err := protojson.Unmarshal(text, m); err != nil {
		return err
	}
	if err := a.Printer().Emit(m, func(v *render.View) { Table(v, r) }); err != nil {
		return err
	}
	return Verdict(r)
}
