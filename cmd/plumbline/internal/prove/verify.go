package prove

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/storefile"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/verify"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/structpb"
)

// verifyCommand recomputes what is stored.
func (a *app) verifyCommand() *cobra.Command {
	var o verify.Options
	var store string
	var all bool
	c := cli.Command(cli.Spec{
		Use: "verify", Short: "Recompute recorded assessments from their inputs, and compare",
		Long: `Recompute the recorded states of a store from what was known when each was
recorded - inventory, guidance, policy, claims, waivers and attestations - and
compare versions, digests, results, scores and how long they hold. Then evaluate
each system anew from its first view on, which finds states that are missing.

States of another version of the engine are compared by their results: where
those differ the engine has changed, which is no damage. Nothing is written. No
server may have the store open.

Exit code 0 means that nothing differs, 1 that something does.`,
		Example: "  plumbline verify --store plumbline.db\n  plumbline verify --system intranet --series sharepoint-2007\n  plumbline verify --sample 1000 --output json",
		Do: func(ctx context.Context, _ []string) error {
			switch {
			case all && o.Sample > 0:
				return errors.New("--all and --sample exclude each other")
			case o.Sample < 0:
				return errors.New("--sample: give a number of states")
			}
			for i, s := range o.Systems {
				o.Systems[i] = strings.TrimPrefix(s, "systems/")
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
		console.Status("%d of %d systems, %d of %d states, %d differences", p.Systems, p.OfSystems, p.States, p.OfStates, p.Differences)
	}
	r, err := verify.Run(ctx, svc, o)
	console.End()
	if err != nil {
		return err
	}
	if err := a.print(r); err != nil {
		return err
	}
	if !r.Clean() {
		return fmt.Errorf("%s found", cli.Count(r.Differences, "difference"))
	}
	return nil
}

// print prints a report.
func (a *app) print(r *verify.Report) error {
	var rows []any
	for _, d := range r.First {
		row := map[string]any{"kind": d.Kind, "system": d.System, "detail": d.Detail}
		set(row, "series", d.Series)
		set(row, "effectiveTime", instant(d.Effective))
		set(row, "recordedTime", instant(d.Recorded))
		set(row, "rule", d.Rule)
		set(row, "subject", d.Subject)
		set(row, "expected", d.Expected)
		set(row, "found", d.Found)
		var what []any
		for _, w := range d.What {
			what = append(what, w)
		}
		if len(what) > 0 {
			row["parts"] = what
		}
		rows = append(rows, row)
	}
	m, err := structpb.NewStruct(map[string]any{
		"systems": float64(r.Systems), "states": float64(r.States), "same": float64(r.Same), "differenceCount": float64(r.Differences),
		"engineVersion": assess.EngineVersion, "otherEngine": float64(r.OtherEngine), "engineChanged": float64(r.EngineChanged),
		"inputsGone": float64(r.InputsGone), "pendingSystems": float64(r.Pending), "laggingSystems": float64(r.Lagging), "statesPerSecond": float64(int(r.PerSecond())),
		"differences": rows,
	})
	if err != nil {
		return err
	}
	return a.Printer().Emit(m, func(v *render.View) { table(v, r) })
}

func set(row map[string]any, name, value string) {
	if value != "" {
		row[name] = value
	}
}

func instant(t int64) string {
	if t == 0 {
		return ""
	}
	return time.UnixMicro(t).UTC().Format(time.RFC3339Nano)
}

// table shows a report to people.
func table(v *render.View, r *verify.Report) {
	var rows [][]string
	for _, d := range r.First {
		rows = append(rows, []string{d.Kind, d.System, d.Series, instant(d.Effective), instant(d.Recorded), d.Detail})
	}
	if len(rows) > 0 {
		v.Table([]string{"KIND", "SYSTEM", "SERIES", "EFFECTIVE", "RECORDED", "WHAT"}, rows, "")
	}
	if r.Differences > len(rows) {
		v.Line("and %d more", r.Differences-len(rows))
	}
	v.Line("%s of %s recomputed, %d the same, %s, %d states a second", cli.Count(r.States, "state"), cli.Count(r.Systems, "system"),
		r.Same, cli.Count(r.Differences, "difference"), int(r.PerSecond()))
	if n := r.OtherEngine + r.EngineChanged; n > 0 {
		v.Line("engine changed: %d of another version than %s, %d of them with other results under this one", n, assess.EngineVersion, r.EngineChanged)
	}
	if r.Lagging > 0 {
		v.Line("%s last evaluated by another version of the engine; plumbline reassess --all evaluates them by this one", cli.Count(r.Lagging, "system"))
	}
	if r.InputsGone > 0 {
		v.Line("%d could not be recomputed: nothing is stored any more of their inputs", r.InputsGone)
	}
	if r.Pending > 0 {
		v.Line("%s due: not evaluated yet up to the present, and not looked at from then on", cli.Count(r.Pending, "system"))
	}
}
