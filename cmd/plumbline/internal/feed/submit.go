package feed

import (
	"context"
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
)

// submitFlags are the flags of everything that submits.
type submitFlags struct {
	source   string
	system   string
	observed *cli.Instant
	dryRun   bool
	upsert   bool
	window   int
	below    cli.Threshold
}

func (a *app) submitFlags(c *cobra.Command, source string) *submitFlags {
	s := &submitFlags{observed: a.Instant()}
	f := c.Flags()
	f.StringVar(&s.source, "source", source, "who says it: the source of items that name none")
	f.StringVar(&s.system, "system", "", "the system of items that name none")
	f.Var(s.observed, "observed-time", "when it was observed, for items that do not say "+cli.InstantHelp)
	f.BoolVar(&s.dryRun, "dry-run", false, "check and say what would happen, but change nothing")
	f.IntVar(&s.window, "window", 256, "how many items may be unanswered at once")
	s.below.Flags(c)
	return s
}

// submitCommand streams files, of one item as of millions: there is one way in, and
// it survives a broken connection.
func (a *app) submitCommand() *cobra.Command {
	var s *submitFlags
	c := cli.Command(cli.Spec{
		Use: "submit FILE...", Short: "Submit inventory from YAML, JSON or JSON Lines files", Args: cobra.MinimumNArgs(1),
		Long: `Submit inventory. Each item is answered with a receipt: inserted, updated,
unchanged, pending, or rejected with the reason.

A file is YAML or JSON with one or more submissions, or JSON Lines (.jsonl,
.ndjson) with one on each line, which is streamed however long it is. "-" reads
JSON Lines from standard input. A submission is an inventory, a submission with
its source, or an item as the API streams it:

  {system: {id: intranet, ...}, hosts: [...]}              with --source
  {system: systems/intranet, source: cmdb, inventory: {...}}
  {system: systems/intranet, source: cmdb, hosts: [...]}   single hosts

A list that is written as [] is known to be empty; one that is left out is not
reported. An inventory that is too large for one message is sent in parts that
take effect together. If the connection breaks, what was not answered is sent
again, and nothing is taken twice.`,
		Example: "  plumbline submit --source cmdb farm.yaml\n  plumbline submit --source cmdb --dry-run farm.yaml\n  cmdb-export | plumbline submit --source cmdb -\n  plumbline submit --source cmdb --upsert web1.yaml --fail-under 80",
		Do: func(ctx context.Context, files []string) error {
			r, err := newItemReader(a, s)
			if err != nil {
				return err
			}
			return a.submit(ctx, s, r, func(yield func(*pb.SubmitItem, error) bool) { r.files(ctx, files, yield) })
		},
	})
	s = a.submitFlags(c, "")
	c.Flags().BoolVar(&s.upsert, "upsert", false, "submit the hosts of an inventory one by one, and leave the source's other hosts alone")
	return c
}

// submit streams items and prints their receipts. r knows where each item comes
// from, and what could not be read.
func (a *app) submit(ctx context.Context, s *submitFlags, r *itemReader, items func(func(*pb.SubmitItem, error) bool)) error {
	c, err := a.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	defer r.console.End()
	receipts := &receiptPrinter{app: a, reader: r, latest: map[string]*pb.AssessmentSummary{}}
	submitter := clients.NewSubmitter(c.Inventory(), clients.SubmitterConfig{Window: s.window, Progress: func(p clients.Progress) {
		if p.Broken != nil {
			what := "the connection broke and is resumed"
			if p.Answered == 0 {
				what = "the server did not answer yet, trying again"
			}
			r.console.Line("plumbline: %s: %s", what, cli.Words(p.Broken))
		}
		r.console.Status("%d sent, %d answered, %d rejected", p.Taken, p.Answered, p.Rejected)
	}})
	done, err := submitter.Submit(ctx, items, receipts.take)
	r.console.End()
	if printed := receipts.end(done); err == nil {
		err = printed
	}
	if err != nil {
		return err
	}
	if n := done.Rejected + r.unread(); n > 0 {
		return fmt.Errorf("%s not taken", cli.Count(n, "submission"))
	}
	return receipts.check(&s.below)
}

// receiptPrinter prints receipts: for programs each as it comes, for people at
// the end, and of very many only those that need a look.
type receiptPrinter struct {
	app    *app
	reader *itemReader
	shown  []shownReceipt
	// hidden counts those that went well and are too many to show.
	hidden int
	latest map[string]*pb.AssessmentSummary
	order  []string
}

type shownReceipt struct {
	where   string
	receipt *pb.Receipt
}

// mostShown is how many receipts people are shown.
const mostShown = 50

func (p *receiptPrinter) take(answer clients.Answer) error {
	r := answer.Receipt
	where := p.reader.origin(answer.Index)
	for _, as := range r.GetAssessments() {
		if _, seen := p.latest[as.GetSeries()]; !seen {
			p.order = append(p.order, as.GetSeries())
		}
		p.latest[as.GetSeries()] = as
	}
	if p.app.Output != "table" {
		return p.app.Printer().Stream(r, nil)
	}
	needsLook := r.GetOutcome() == "rejected" || len(r.GetWarnings()) > 0
	if len(p.shown) >= mostShown && !(needsLook && len(p.shown) < 20*mostShown) {
		p.hidden++
		return nil
	}
	p.shown = append(p.shown, shownReceipt{where, r})
	return nil
}

// end prints what people want to see once all is answered.
func (p *receiptPrinter) end(done clients.Progress) error {
	if p.app.Output != "table" {
		return nil
	}
	return p.app.Printer().Emit(&pb.Receipt{}, func(v *render.View) {
		var rows [][]string
		for _, s := range p.shown {
			rows = append(rows, []string{s.where, cli.ID(s.receipt.GetSystem()), v.Word(s.receipt.GetOutcome()), revision(s.receipt), receiptText(s.receipt)})
		}
		if len(rows) > 0 {
			v.Table([]string{"FROM", "SYSTEM", "OUTCOME", "REVISION", "NOTES"}, rows, "")
		}
		if p.hidden > 0 {
			v.Line("and %d more", p.hidden)
		}
		if n := len(p.order); n > 0 && n <= mostShown {
			v.Title("Assessments")
			rows = nil
			for _, name := range p.order {
				as := p.latest[name]
				rows = append(rows, append(strings.SplitN(strings.TrimPrefix(name, "systems/"), "/series/", 2),
					render.Score(as.Score), render.Score(as.EffectiveScore), render.Percent(as.Coverage), cli.Number(as.GetFail()), cli.Number(as.GetUnknown()), render.Instant(as.GetValidUntil())))
			}
			v.Table([]string{"SYSTEM", "SERIES", "SCORE", "EFF. SCORE", "COVERAGE", "FAIL", "UNKNOWN", "HOLDS UNTIL"}, rows, "")
		}
		v.Title("%s", outcomes(done))
	})
}

// revision is empty where there is none, as for what was rejected.
func revision(r *pb.Receipt) string {
	if r.GetRevision() == 0 {
		return ""
	}
	return cli.Number(r.GetRevision())
}

// receiptText says why an item was rejected, and its warnings.
func receiptText(r *pb.Receipt) string {
	parts := r.GetWarnings()
	if p := clients.ReceiptProblem(r.GetError()); p != nil {
		parts = append([]string{p.Error()}, parts...)
	}
	if r.GetRepeatedRequest() {
		parts = append(parts, "repeated request")
	}
	return strings.Join(parts, "; ")
}

// outcomes says how many items came out how.
func outcomes(p clients.Progress) string {
	parts := []string{}
	for _, o := range []struct {
		n    int
		word string
	}{{p.Inserted, "inserted"}, {p.Updated, "updated"}, {p.Unchanged, "unchanged"}, {p.Pending, "pending"}, {p.Rejected, "rejected"}} {
		if o.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", o.n, o.word))
		}
	}
	if len(parts) == 0 {
		return "nothing was submitted"
	}
	return cli.Count(p.Answered, "item") + ": " + strings.Join(parts, ", ")
}

// check looks at the assessments that hold now.
func (p *receiptPrinter) check(t *cli.Threshold) error {
	var all []string
	for _, name := range p.order {
		as := p.latest[name]
		if err := t.Check(strings.TrimPrefix(name, "systems/"), as.EffectiveScore, as.Coverage); err != nil {
			all = append(all, err.Error())
		}
	}
	if len(p.order) == 0 {
		if err := t.Check("no series", nil, nil); err != nil {
			all = append(all, err.Error())
		}
	}
	if all == nil {
		return nil
	}
	return &cli.BelowError{Reasons: all}
}

// size is what a message takes on the wire.
func size(m proto.Message) int { return proto.Size(m) }
