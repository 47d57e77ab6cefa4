package state

import (
	"context"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
)

// waiverCommand is the family for waivers.
func (a *app) waiverCommand() *cobra.Command {
	return cli.Family("waiver", "File, approve, review and revoke waivers: failures that are accepted",
		"  plumbline waiver create intranet legacy-tls --checklist transport-security --rule tls-protocols --subject 'hosts/old1*' --reason 'replaced in March' --expires 90d\n"+
			"  plumbline waiver approve intranet legacy-tls\n  plumbline waiver review",
		a.waiverCreate(), a.waiverApprove(), a.waiverRevoke(), a.waiverList(), a.waiverShow(), a.waiverReview(), a.waiverApply())
}

// waiverCreate files a draft. It must say what is accepted, why and until when.
func (a *app) waiverCreate() *cobra.Command {
	w := &pb.Waiver{}
	start, expires := a.Instant(), a.End()
	var approve bool
	var of answersTo
	c := cli.Command(cli.Spec{
		Use: "create SYSTEM ID", Short: "File a waiver as a draft, or approve it at once", Args: cobra.ExactArgs(2),
		Long: `File a waiver: the failures of a rule, or of all rules of an area, that are
accepted until it expires. It is a draft, which accepts nothing, until somebody
approves it. A waived failure stays one in the raw score; the effective score
leaves it out.

A subject is what a finding is about, such as hosts/web1; * stands for any text.
Without --subject and --host-label the rule is waived for the whole system.

It covers what the rules ask in the versions in force when it is approved; with
--for what they ask in a version that is activated later.`,
		Example: "  plumbline waiver create intranet legacy-tls --checklist transport-security --rule tls-protocols --subject 'hosts/old1*' --reason 'replaced in March' --ticket CHG-812 --expires 90d\n" +
			"  plumbline waiver create intranet lab --checklist os-hardening --area os-hardening --host-label tier=lab --reason 'a lab' --expires 2027-06-30 --approve",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			if (w.Rule == "") == (w.Area == "") {
				return cli.Misuse("plumbline waiver create", "what is waived? Give either --rule or --area")
			}
			var err error
			if w.StartTime, w.ExpireTime, err = span(start, expires); err != nil {
				return err
			}
			w.ChecklistVersion = of.version()
			made, err := c.Statement().CreateWaiver(ctx, &pb.CreateWaiverRequest{Parent: cli.Resource("systems", args[0]), WaiverId: args[1], Waiver: w})
			if err == nil && approve {
				made, err = c.Statement().ApproveWaiver(ctx, &pb.ApproveWaiverRequest{Name: made.GetName()})
			}
			if err != nil {
				return err
			}
			return a.printWaivers(made, []*pb.Waiver{made})
		}),
	})
	f := c.Flags()
	f.StringVar(&w.Checklist, "checklist", "", "the id of the checklist that the rule or area is of")
	f.StringVar(&w.Rule, "rule", "", "the rule that is waived")
	f.StringVar(&w.Area, "area", "", "the area that is waived, instead of one rule")
	f.StringSliceVar(&w.Subjects, "subject", nil, "only these subjects, * stands for any text; may be repeated")
	f.StringToStringVar(&w.HostLabels, "host-label", nil, "only on hosts with this label, KEY=VALUE; may be repeated")
	f.StringVar(&w.Reason, "reason", "", "why the failure is accepted")
	f.StringVar(&w.Ticket, "ticket", "", "the ticket or document in which it was decided")
	f.Var(start, "start", "from when it holds; now where empty "+cli.InstantHelp)
	f.Var(expires, "expires", "from when it holds no longer "+cli.EndHelp)
	of.flag(f)
	f.BoolVar(&approve, "approve", false, "approve it at once, in the caller's name")
	for _, name := range []string{"checklist", "reason", "expires"} {
		cli.Require(c, name)
	}
	return c
}

// waiverApprove puts a draft into force.
func (a *app) waiverApprove() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "approve SYSTEM ID", Short: "Put a draft into force, in the caller's name", Args: cobra.ExactArgs(2),
		Long:    "Put a draft into force. It covers what its rules ask now: a version of the\nchecklist in which a rule asks something else is not covered.",
		Example: "  plumbline waiver approve intranet legacy-tls",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			w, err := c.Statement().ApproveWaiver(ctx, &pb.ApproveWaiverRequest{Name: cli.Child(args[0], "waivers", args[1])})
			if err != nil {
				return err
			}
			return a.printWaivers(w, []*pb.Waiver{w})
		}),
	})
}

// waiverRevoke takes a waiver back; what it accepted fails in both scores again.
func (a *app) waiverRevoke() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "revoke SYSTEM ID", Short: "Take a waiver, or a draft, back from now on", Args: cobra.ExactArgs(2),
		Example: "  plumbline waiver revoke intranet legacy-tls",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			w, err := c.Statement().RevokeWaiver(ctx, &pb.RevokeWaiverRequest{Name: cli.Child(args[0], "waivers", args[1])})
			if err != nil {
				return err
			}
			return a.printWaivers(w, []*pb.Waiver{w})
		}),
	})
}

// waiverList lists waivers, also those that are over: an auditor asks for them.
func (a *app) waiverList() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list SYSTEM", Short: "List a system's waivers, drafts, revoked and expired ones too", Args: cobra.ExactArgs(1),
		Example: "  plumbline waiver list intranet",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			rows, err := waivers(ctx, c, args[0], l)
			if err != nil {
				return err
			}
			return a.printWaivers(&pb.ListWaiversResponse{Waivers: rows}, rows)
		}),
	})
	l.Flag(c, 0)
	return c
}

// waivers gets a system's waivers.
func waivers(ctx context.Context, c *clients.Client, system string, l cli.Limit) ([]*pb.Waiver, error) {
	return cli.Pages(l, func(size int32, token string) ([]*pb.Waiver, string, error) {
		r, err := c.Statement().ListWaivers(ctx, &pb.ListWaiversRequest{Parent: cli.Resource("systems", system), PageSize: size, PageToken: token})
		return r.GetWaivers(), r.GetNextPageToken(), err
	})
}

// waiverShow shows all of one waiver.
func (a *app) waiverShow() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "show SYSTEM ID", Short: "Show a waiver: what it covers, who asked for it and who approved it", Args: cobra.ExactArgs(2),
		Example: "  plumbline waiver show intranet legacy-tls",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			w, err := c.Statement().GetWaiver(ctx, &pb.GetWaiverRequest{Name: cli.Child(args[0], "waivers", args[1])})
			if err != nil {
				return err
			}
			return a.Printer().Emit(w, func(v *render.View) {
				v.Fields([2]string{"waiver", w.GetName()}, [2]string{"state", w.GetState()}, [2]string{"waives", waives(w)}, [2]string{"for", strings.TrimPrefix(w.GetChecklistVersion(), "checklists/")}, [2]string{"on", covers(w)},
					[2]string{"reason", w.GetReason()}, [2]string{"ticket", w.GetTicket()}, [2]string{"from", v.When(w.GetStartTime())}, [2]string{"until", v.When(w.GetExpireTime())},
					[2]string{"asked for by", w.GetRequester()}, [2]string{"filed", v.When(w.GetCreateTime())}, [2]string{"approved by", w.GetApprover()},
					[2]string{"approved", v.When(w.GetApproveTime())}, [2]string{"revoked", v.When(w.GetRevokeTime())})
				if len(w.GetAsks()) > 0 {
					v.Title("Covers what these rules asked when it was approved")
					var rows [][]string
					for _, r := range w.GetAsks() {
						rows = append(rows, []string{r.GetRule(), r.GetDigest()})
					}
					v.Table([]string{"RULE", "ASKS"}, rows, "")
				}
				warnings(v, []*pb.Waiver{w})
			})
		}),
	})
}

// printWaivers prints waivers, the reason last since it may be long.
func (a *app) printWaivers(m proto.Message, list []*pb.Waiver) error {
	return a.Printer().Emit(m, func(v *render.View) {
		var rows [][]string
		for _, w := range list {
			rows = append(rows, []string{cli.ID(w.GetName()), v.Word(w.GetState()), waives(w), covers(w), render.Instant(w.GetExpireTime()), w.GetApprover(), w.GetTicket(), w.GetReason()})
		}
		v.Table([]string{"ID", "STATE", "WAIVES", "ON", "EXPIRES", "APPROVER", "TICKET", "REASON"}, rows, "no waivers")
		warnings(v, list)
	})
}

// waives says what a waiver waives.
func waives(w *pb.Waiver) string {
	if w.GetArea() != "" {
		return w.GetChecklist() + ": the area " + w.GetArea()
	}
	return w.GetChecklist() + ": " + w.GetRule()
}

// covers says where a waiver holds.
func covers(w *pb.Waiver) string {
	parts := []string{}
	if len(w.GetSubjects()) > 0 {
		parts = append(parts, render.List(w.GetSubjects(), 4))
	}
	if labels := pairs(w.GetHostLabels()); labels != "" {
		parts = append(parts, "hosts with "+labels)
	}
	return cli.Or(strings.Join(parts, ", "), "everything")
}
