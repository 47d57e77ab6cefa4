package manage

import (
	"context"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"
)

// policyCommand is the family for the policy, of which there is one.
func (a *app) policyCommand() *cobra.Command {
	return cli.Family("policy", "Show and set which source is believed, and for how long", "  plumbline policy get --output yaml > policy.yaml\n  plumbline policy set policy.yaml",
		a.policyGet(), a.policySet())
}

// policyGet shows the policy in force.
func (a *app) policyGet() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "get", Short: "Show the policy in force", Example: "  plumbline policy get",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			p, err := c.Inventory().GetPolicy(ctx, &pb.GetPolicyRequest{})
			if err != nil {
				return err
			}
			return a.printPolicy(p)
		}),
	})
}

// policySet replaces the policy. The etag in a file that policy get wrote keeps two
// people from overwriting each other.
func (a *app) policySet() *cobra.Command {
	var force bool
	c := cli.Command(cli.Spec{
		Use: "set FILE", Short: "Replace the policy by a YAML file's; every system is assessed anew", Args: cobra.ExactArgs(1),
		Long: `Replace the policy by what a YAML file says. Every system is assessed anew.

A file that policy get wrote carries the policy's etag, and is refused if
somebody changed the policy since; --force leaves the etag out.`,
		Example: "  plumbline policy set policy.yaml",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			p, err := cli.ReadDocument(a.App, args[0], func() *pb.Policy { return &pb.Policy{} })
			if err != nil {
				return err
			}
			if force {
				p.Etag = ""
			}
			p.Digest, p.UpdateTime = "", nil // the server's to say
			set, err := c.Inventory().UpdatePolicy(ctx, &pb.UpdatePolicyRequest{Policy: p})
			if err != nil {
				return err
			}
			return a.printPolicy(set)
		}),
	})
	c.Flags().BoolVar(&force, "force", false, "also if somebody changed it since the file was written")
	return c
}

// printPolicy prints a policy in words; what it leaves to the default is written too.
func (a *app) printPolicy(p *pb.Policy) error {
	return a.Printer().Emit(p, func(v *render.View) {
		holds := "30 days"
		if p.GetDefaultFreshness() != nil {
			holds = render.Span(p.GetDefaultFreshness().AsDuration())
		}
		v.Fields([2]string{"a waiver may hold", longest(p.GetLongestWaiver())}, [2]string{"an attestation may hold", longest(p.GetLongestAttestation())},
			[2]string{"precedence", strings.Join(p.GetPrecedence(), ", ")}, [2]string{"a source's word holds", holds},
			[2]string{"in force since", v.When(p.GetUpdateTime())}, [2]string{"digest", p.GetDigest()})
		v.Title("Freshness")
		var rows [][]string
		for _, f := range p.GetFreshness() {
			rows = append(rows, []string{cli.Or(f.GetSource(), "all"), cli.Or(f.GetPath(), "all"), render.Span(f.GetDuration().AsDuration())})
		}
		v.Table([]string{"SOURCE", "FACT", "HOLDS"}, rows, "no exceptions")
		v.Title("A host is taken for a known one if these keys agree")
		rows = nil
		for _, m := range p.GetMatchRules() {
			rows = append(rows, []string{strings.Join(m.GetKeys(), " and ")})
		}
		v.Table([]string{"KEYS"}, rows, "never")
	})
}

// longest is how long statements may hold; what the policy leaves to the default
// is written too.
func longest(d *durationpb.Duration) string {
	if d == nil {
		return "366 days"
	}
	return render.Span(d.AsDuration())
}
