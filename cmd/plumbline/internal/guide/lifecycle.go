package guide

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// guidanceDeprecate advises against a version.
func (a *app) guidanceDeprecate() *cobra.Command {
	return a.lifecycle(cli.Spec{
		Use: "deprecate ID@VERSION --reason WHY", Short: "Advise against a published version; it stays usable",
		Example: "  plumbline guidance deprecate transport-security@2007.1.0 --reason 'use 2026.1.0'",
	}, "why, and what to use instead", func(ctx context.Context, c *clients.Client, name, reason string) (*pb.ChecklistVersion, error) {
		return c.Guidance().DeprecateChecklistVersion(ctx, &pb.DeprecateChecklistVersionRequest{Name: name, Reason: reason})
	})
}

// guidanceWithdraw takes a version out of use.
func (a *app) guidanceWithdraw() *cobra.Command {
	return a.lifecycle(cli.Spec{
		Use: "withdraw ID@VERSION --reason WHY", Short: "Take a published version out of use from now on",
		Long: `Take a published version out of use: nothing new can be assigned to it, and what
follows the newest version passes it over. It is refused while an assignment
names the version. What was assessed under it stays.`,
		Example: "  plumbline guidance withdraw transport-security@2026.2.0 --reason 'tls-protocols was wrong'",
	}, "why", func(ctx context.Context, c *clients.Client, name, reason string) (*pb.ChecklistVersion, error) {
		return c.Guidance().WithdrawChecklistVersion(ctx, &pb.WithdrawChecklistVersionRequest{Name: name, Reason: reason})
	})
}

// lifecycle makes a command that changes a version's state, with a reason.
func (a *app) lifecycle(s cli.Spec, help string, do func(ctx context.Context, c *clients.Client, name, reason string) (*pb.ChecklistVersion, error)) *cobra.Command {
	var reason string
	s.Args = cobra.ExactArgs(1)
	s.Do = a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
		name := cli.Version("checklists", args[0], "")
		if cli.ID(name) == "" {
			return cli.Misuse("plumbline guidance", "which version of %s? Write %s@VERSION", args[0], args[0])
		}
		x, err := do(ctx, c, name, reason)
		if err != nil {
			return err
		}
		return a.printPublished([]*pb.ChecklistVersion{x})
	})
	c := cli.Command(s)
	c.Flags().StringVar(&reason, "reason", "", help)
	cli.Require(c, "reason")
	return c
}
