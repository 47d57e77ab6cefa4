package offline

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/assess/shape"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/glance"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// assessCommand assesses files. It is the engine and nothing else, which makes it
// fit for a build that has no server.
func (a *app) assessCommand() *cobra.Command {
	var checklist, profile string
	var claims, waivers []string
	var below cli.Threshold
	at := a.Instant()
	c := cli.Command(cli.Spec{
		Use: "assess --checklist ID[@VERSION]|FILE INVENTORY...", Short: "Assess inventory files, without a server", Args: cobra.MinimumNArgs(1),
		Long: `Assess an inventory against a checklist and store nothing. No server is needed.
The checklist is one that ships with this program, or a file. Several inventory
files are what several sources say of the same system, and are merged.

The result is the same as a server's for the same files, claims and instant:
what is not in them is unknown, never compliant.`,
		Example: "  plumbline assess --checklist sharepoint-2007 --profile intranet farm.yaml\n  plumbline assess --checklist ./mine.yaml --as-of 2027-01-01 --claim secure.yaml farm.yaml\n  plumbline assess --checklist sharepoint-2007 --fail-under 80 --fail-under-coverage 95 farm.yaml",
		Do: func(ctx context.Context, args []string) error {
			o := offline{app: a}
			if err := o.read(checklist, profile, args, claims, waivers); err != nil {
				return err
			}
			t, err := at.OrNow()
			if err != nil {
				return err
			}
			return o.assess(ctx, t, &below)
		},
	})
	f := c.Flags()
	f.StringVar(&checklist, "checklist", "", "the checklist: ID, ID@VERSION, or a file")
	f.StringVar(&profile, "profile", "", "the profile; the checklist's first where empty")
	f.StringSliceVar(&claims, "claim", nil, "YAML or JSON file with claims in force, one document each; may be repeated")
	f.StringSliceVar(&waivers, "waiver", nil, "YAML or JSON file with waivers in force, one document each; may be repeated")
	f.Var(at, "as-of", "the instant of evaluation; now where empty "+cli.InstantHelp)
	below.Flags(c)
	return c
}

// offline is an assessment of files.
type offline struct {
	app     *app
	plan    *assess.Plan
	views   []view
	claims  []*pb.Claim
	waivers []*pb.Waiver
}

// view is what one source says.
type view struct {
	source    string
	inventory *pb.Inventory
}

// read reads all that the command line names.
func (o *offline) read(checklist, profile string, inventories, claims, waivers []string) error {
	if checklist == "" {
		return cli.Misuse("plumbline assess", "against what? Give --checklist, such as --checklist sharepoint-2007")
	}
	k, err := o.app.Checklist(checklist)
	if err != nil {
		return err
	}
	if o.plan, err = k.Plan(profile, nil); err != nil {
		return err
	}
	for _, name := range inventories {
		if err := o.inventory(name); err != nil {
			return err
		}
	}
	if o.claims, err = cli.ReadDocuments(o.app.App, claims, func() *pb.Claim { return &pb.Claim{} }); err != nil {
		return err
	}
	o.waivers, err = cli.ReadDocuments(o.app.App, waivers, func() *pb.Waiver { return &pb.Waiver{} })
	return err
}

// inventory reads a file: an inventory, or submissions with their sources.
func (o *offline) inventory(name string) error {
	data, err := o.app.Read(name, inventoryfile.MaxBytes)
	if err != nil {
		return err
	}
	n := len(o.views)
	for s := range inventoryfile.Submissions(name, bytes.NewReader(data)) {
		if s.Item == nil {
			return o.app.Unreadable(name, s.Problems)
		}
		v := view{source: s.Item.GetSubmit().GetSource(), inventory: s.Item.GetSubmit().GetInventory()}
		if u := s.Item.GetUpsert(); u != nil {
			v = view{source: u.GetSource(), inventory: &pb.Inventory{Hosts: u.GetHosts(), Partial: []string{"hosts"}}}
		}
		if v.source == "" {
			v.source = filepath.Base(name)
		}
		o.views = append(o.views, v)
	}
	if len(o.views) == n {
		return fmt.Errorf("%s holds no inventory", name)
	}
	return nil
}

// patience is for how long files are believed: for ever, as nobody will confirm
// them.
const patience = 100 * 365 * 24 * time.Hour

// merged is what the sources say together.
func (o *offline) merged(at int64) (*merge.Merged, error) {
	policy, err := merge.Compile(&pb.Policy{DefaultFreshness: durationpb.New(patience)})
	if err != nil {
		return nil, err
	}
	in := merge.Input{At: at, Policy: policy}
	for _, v := range o.views {
		inv := proto.CloneOf(v.inventory)
		intake.Normalize(inv)
		hosts := shape.Of(inv).Field("hosts").Presence(shape.Ptr(inv))
		for _, h := range inv.Hosts {
			in.Hosts = append(in.Hosts, merge.HostView{Source: v.source, Host: h, Confirmed: at, Reported: true})
		}
		in.System = append(in.System, merge.SystemView{Source: v.source, Inventory: inv, Hosts: hosts, Confirmed: at})
	}
	return merge.Merge(in), nil
}

// assess evaluates, prints, and compares with the thresholds.
func (o *offline) assess(ctx context.Context, at time.Time, below *cli.Threshold) error {
	now, err := o.evaluate(ctx, at)
	if err != nil {
		return err
	}
	g := &glance.Glance{Assessment: now.GetAssessment(), Findings: now.GetFindings(), Questions: glance.Questions(o.plan.Checklist().Source())}
	if o.app.Output == "table" {
		if g.Changes, err = glance.Ahead(ctx, now, at, o.evaluate); err != nil {
			return err
		}
	}
	if err := o.app.Printer().Emit(now, g.View); err != nil {
		return err
	}
	return below.Check(now.GetAssessment().GetChecklist(), cli.DefaultScore(now.GetAssessment().GetEffective()), now.GetAssessment().Coverage)
}

// evaluate assesses at one instant. It is called for later ones too, to find what
// changes by itself.
func (o *offline) evaluate(ctx context.Context, at time.Time) (*pb.AssessInventoryResponse, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	us := at.UnixMicro()
	merged, err := o.merged(us)
	if err != nil {
		return nil, err
	}
	e := o.plan.Evaluate(assess.Input{Merged: merged, Claims: o.claims, Waivers: o.waivers, At: us})
	r := &pb.AssessInventoryResponse{Assessment: e.Assessment(), Findings: e.Findings()}
	// The end of patience is nothing that happens.
	stale := time.UnixMicro(merged.ValidUntil)
	if u := r.Assessment.GetValidUntil(); u != nil && u.AsTime().Equal(stale) {
		r.Assessment.ValidUntil = nil
	}
	for _, f := range r.Findings {
		f.System = o.system()
		if u := f.GetValidUntil(); u != nil && u.AsTime().Equal(stale) {
			f.ValidUntil = nil
		}
	}
	return r, nil
}

// system is the id of the system that the files are about, as far as they say.
func (o *offline) system() string {
	for _, v := range o.views {
		if id := v.inventory.GetSystem().GetId(); id != "" {
			return id
		}
	}
	return ""
}
