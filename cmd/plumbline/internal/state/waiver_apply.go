package state

import (
	"context"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/sheet"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
)

// waiverApply is for those who keep waivers in files, under version control.
func (a *app) waiverApply() *cobra.Command {
	approve := false
	return applyCommand(a, waiverKind(&approve), cli.Spec{
		Use: "apply -f FILE...", Short: "File the waivers that stand in YAML files",
		Long: `File the waivers that stand in YAML files, for those who keep them under version
control. What is not there is created; what is there already is left alone. A
waiver never changes: where the file says something else than what is stored,
file it under a new id, and revoke the old one.

  system: intranet
  waivers:
    - id: legacy-tls
      checklist: transport-security
      rule: tls-protocols                # or area: transport
      subjects: ["hosts/old1*"]          # all where left out
      host_labels: {tier: lab}
      reason: replaced in March
      ticket: CHG-812
      start_time: 2026-11-01             # now where left out
      expire_time: 90d                   # from start_time; or an instant

A plain list and documents of one waiver each, which name their system
themselves, do as well.`,
		Example: "  plumbline waiver apply -f waivers.yaml --dry-run\n  plumbline waiver apply -f waivers.yaml --approve --prune",
	}, func(c *cobra.Command) {
		c.Flags().BoolVar(&approve, "approve", false, "approve the drafts among them, in the caller's name")
	})
}

func waiverKind(approve *bool) kind[*pb.Waiver] {
	return kind[*pb.Waiver]{
		one: "waiver", many: "waivers", read: readWaiver,
		request: func(system, id string, w *pb.Waiver) proto.Message {
			return &pb.CreateWaiverRequest{Parent: cli.Resource("systems", system), WaiverId: id, Waiver: w}
		},
		stored: func(ctx context.Context, c *clients.Client, system string) ([]*pb.Waiver, error) {
			return waivers(ctx, c, system, cli.Limit{})
		},
		create: func(ctx context.Context, c *clients.Client, system, id string, w *pb.Waiver) (*pb.Waiver, error) {
			return c.Statement().CreateWaiver(ctx, &pb.CreateWaiverRequest{Parent: cli.Resource("systems", system), WaiverId: id, Waiver: w})
		},
		settle: func(file, stored *pb.Waiver) (step, func(context.Context, *clients.Client) error) {
			return settleWaiver(file, stored, *approve)
		},
		revoke: func(ctx context.Context, c *clients.Client, name string) error {
			_, err := c.Statement().RevokeWaiver(ctx, &pb.RevokeWaiverRequest{Name: name})
			return err
		},
	}
}

// readWaiver reads an entry of a file.
func readWaiver(e *sheet.Entry) *pb.Waiver {
	w := &pb.Waiver{
		Checklist: e.Needed("checklist", "write the id of the checklist that the rule or area is of"), Rule: e.Text("rule"), Area: e.Text("area"),
		Subjects: e.Texts("subjects"), HostLabels: e.Labels("host_labels"), Reason: e.Needed("reason", "say why the failure is accepted"), Ticket: e.Text("ticket"),
		StartTime: e.Time("start_time"), ChecklistVersion: readVersion(e),
	}
	if w.ExpireTime = e.End("expire_time", w.StartTime, noTime); !e.Has("expire_time") {
		e.Wrong("expire_time", "is missing; say until when it holds")
	}
	if (w.Rule == "") == (w.Area == "") {
		e.Wrong("rule", "write either rule or area")
	}
	return w
}

// settleWaiver says what there is to do for a waiver that is stored.
func settleWaiver(file, stored *pb.Waiver, approve bool) (step, func(context.Context, *clients.Client) error) {
	found := differences(file, stored, "checklist", "rule", "area", "subjects", "host_labels", "reason", "ticket", "expire_time")
	found = append(found, otherVersion(file, stored)...)
	if file.GetStartTime() != nil {
		found = append(found, differences(file, stored, "start_time")...)
	}
	switch {
	case len(found) > 0:
		return step{what: stepDiffers, note: strings.Join(found, "; ") + "; a waiver never changes: give it a new id"}, nil
	case stored.GetState() == "revoked":
		return step{what: stepDiffers, note: "it was revoked; take it out of the file, or give it a new id"}, nil
	case stored.GetState() == "draft" && approve:
		return step{what: stepApprove, note: "approved"}, func(ctx context.Context, c *clients.Client) error {
			_, err := c.Statement().ApproveWaiver(ctx, &pb.ApproveWaiverRequest{Name: stored.GetName()})
			return err
		}
	}
	return step{what: stepNothing, note: stored.GetState()}, nil
}
