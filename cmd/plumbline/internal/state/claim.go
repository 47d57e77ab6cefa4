package state

import (
	"context"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
)

// claimCommand is the family for claims, on which exceptions of the guidance rest.
func (a *app) claimCommand() *cobra.Command {
	return cli.Family("claim", "File, list and revoke claims, on which exceptions rest", "  plumbline claim list intranet\n  plumbline claim apply -f claims.yaml",
		a.claimCreate(), a.claimList(), a.claimRevoke(), a.claimApply())
}

// claimCreate files a claim. It must say who, about what and until when: a claim
// without an end would outlive what it is about.
func (a *app) claimCreate() *cobra.Command {
	claim := &pb.Claim{}
	var proof evidence
	var of answersTo
	start, expires := a.Instant(), a.End()
	c := cli.Command(cli.Spec{
		Use: "create SYSTEM ID", Short: "File a person's word on which an exception rests", Args: cobra.ExactArgs(2),
		Long: `File a claim: a person's word on which an exception of the guidance rests, such
as "this data center is physically secure". It holds from its start until it
expires or is revoked. It answers the question as the versions in force ask it;
--for has it answer a version that is activated later, for which it counts from
the switch on.`,
		Example: "  plumbline claim create intranet dc1-secure --claim physically-secure-data-center --subject dc1 --claimant 'R. Roe' --expires 365d",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) (err error) {
			if claim.StartTime, claim.ExpireTime, err = span(start, expires); err != nil {
				return err
			}
			if claim.Evidence, err = proof.message(); err != nil {
				return err
			}
			claim.ChecklistVersion = of.version()
			made, err := c.Statement().CreateClaim(ctx, &pb.CreateClaimRequest{Parent: cli.Resource("systems", args[0]), ClaimId: args[1], Claim: claim})
			if err != nil {
				return err
			}
			return a.printClaims(made, []*pb.Claim{made})
		}),
	})
	f := c.Flags()
	f.StringVar(&claim.Claim, "claim", "", "the id of the claim that the checklist declares")
	f.StringVar(&claim.Subject, "subject", "", "the id of what it is about, such as dc1, or the system's")
	f.StringVar(&claim.Claimant, "claimant", "", "who claims it")
	f.Var(start, "start", "from when it holds; now where empty "+cli.InstantHelp)
	f.Var(expires, "expires", "from when it holds no longer "+cli.EndHelp)
	of.flag(f)
	proof.flags(f)
	for _, name := range []string{"claim", "subject", "claimant", "expires"} {
		cli.Require(c, name)
	}
	return c
}

// printClaims prints claims with the state that the server saw them in.
func (a *app) printClaims(m proto.Message, list []*pb.Claim) error {
	return a.Printer().Emit(m, func(v *render.View) { claimTable(v, list) })
}

func claimTable(v *render.View, list []*pb.Claim) {
	var rows [][]string
	for _, c := range list {
		state := v.Word(c.GetState())
		if c.GetRevokeTime() != nil {
			state += " " + render.Instant(c.GetRevokeTime())
		}
		rows = append(rows, []string{cli.ID(c.GetName()), c.GetClaim(), c.GetSubject(), c.GetClaimant(), state, render.Instant(c.GetStartTime()), render.Instant(c.GetExpireTime()), c.GetEvidence().GetUri()})
	}
	v.Table([]string{"ID", "CLAIM", "SUBJECT", "CLAIMANT", "STATE", "SINCE", "EXPIRES", "EVIDENCE"}, rows, "no claims")
	warnings(v, list)
}

// claimList lists claims, also those that are over: an auditor asks for them.
func (a *app) claimList() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list SYSTEM", Short: "List a system's claims, revoked and expired ones too", Args: cobra.ExactArgs(1),
		Example: "  plumbline claim list intranet",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			rows, err := claims(ctx, c, args[0], l)
			if err != nil {
				return err
			}
			return a.printClaims(&pb.ListClaimsResponse{Claims: rows}, rows)
		}),
	})
	l.Flag(c, 0)
	return c
}

// claims gets a system's claims.
func claims(ctx context.Context, c *clients.Client, system string, l cli.Limit) ([]*pb.Claim, error) {
	return cli.Pages(l, func(size int32, token string) ([]*pb.Claim, string, error) {
		r, err := c.Statement().ListClaims(ctx, &pb.ListClaimsRequest{Parent: cli.Resource("systems", system), PageSize: size, PageToken: token})
		return r.GetClaims(), r.GetNextPageToken(), err
	})
}

// claimRevoke takes a claim back; from then on what rested on it fails.
func (a *app) claimRevoke() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "revoke SYSTEM ID", Short: "Take a claim back from now on", Args: cobra.ExactArgs(2),
		Example: "  plumbline claim revoke intranet dc1-secure",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			r, err := c.Statement().RevokeClaim(ctx, &pb.RevokeClaimRequest{Name: cli.Child(args[0], "claims", args[1])})
			if err != nil {
				return err
			}
			return a.printClaims(r, []*pb.Claim{r})
		}),
	})
}
