package manage

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

// claimCommand is the family for claims, on which exceptions of the guidance rest.
func (a *app) claimCommand() *cobra.Command {
	return cli.Family("claim", "File, list and revoke claims", "  plumbline claim list intranet", a.claimCreate(), a.claimList(), a.claimRevoke())
}

// claimCreate files a claim. It must say who, about what and until when: a claim
// without an end would outlive what it is about.
func (a *app) claimCreate() *cobra.Command {
	claim := &pb.Claim{Evidence: &pb.Evidence{}}
	start, expires := a.Instant(), a.Instant()
	c := cli.Command(cli.Spec{
		Use: "create SYSTEM ID", Short: "File a person's word on which an exception rests", Args: cobra.ExactArgs(2),
		Long: `File a claim: a person's word on which an exception of the guidance rests, such
as "this data center is physically secure". It holds from its start until it
expires or is revoked.`,
		Example: "  plumbline claim create intranet dc1-secure --claim secure-data-center --subject facilities/dc1 --claimant 'R. Roe' --expires +365d",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			ts, err := cli.Timestamps(start, expires)
			if err != nil {
				return err
			}
			claim.StartTime, claim.ExpireTime = ts[0], ts[1]
			if claim.Evidence.Uri == "" && claim.Evidence.Sha256 == "" {
				claim.Evidence = nil
			}
			made, err := c.Statement().CreateClaim(ctx, &pb.CreateClaimRequest{Parent: cli.Resource("systems", args[0]), ClaimId: args[1], Claim: claim})
			if err != nil {
				return err
			}
			return a.printClaims(made, []*pb.Claim{made})
		}),
	})
	f := c.Flags()
	f.StringVar(&claim.Claim, "claim", "", "the id of the claim that the checklist declares")
	f.StringVar(&claim.Subject, "subject", "", "what it is about, such as facilities/dc1 or system")
	f.StringVar(&claim.Claimant, "claimant", "", "who claims it")
	f.Var(start, "start", "from when it holds; now where empty "+cli.InstantHelp)
	f.Var(expires, "expires", "from when it holds no longer (2027-03-01, +365d)")
	f.StringVar(&claim.Evidence.Uri, "evidence-uri", "", "where the evidence can be found")
	f.StringVar(&claim.Evidence.Sha256, "evidence-sha256", "", "the evidence's SHA-256")
	for _, name := range []string{"claim", "subject", "claimant", "expires"} {
		cli.Require(c, name)
	}
	return c
}

// printClaims prints claims with their state now, which the server leaves to the
// reader since it depends on when one looks.
func (a *app) printClaims(m proto.Message, list []*pb.Claim) error {
	return a.Printer().Emit(m, func(v *render.View) {
		var rows [][]string
		now := a.Now()
		for _, c := range list {
			state := "in force"
			switch {
			case c.GetRevokeTime() != nil:
				state = "revoked " + render.Instant(c.GetRevokeTime())
			case !c.GetExpireTime().AsTime().After(now):
				state = "expired"
			case c.GetStartTime() != nil && c.GetStartTime().AsTime().After(now):
				state = "not yet"
			}
			rows = append(rows, []string{cli.ID(c.GetName()), c.GetClaim(), c.GetSubject(), c.GetClaimant(), state, render.Instant(c.GetExpireTime()), c.GetEvidence().GetUri()})
		}
		v.Table([]string{"ID", "CLAIM", "SUBJECT", "CLAIMANT", "STATE", "EXPIRES", "EVIDENCE"}, rows, "no claims")
	})
}

// claimList lists claims, also those that are over: an auditor asks for them.
func (a *app) claimList() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list SYSTEM", Short: "List a system's claims, revoked and expired ones too", Args: cobra.ExactArgs(1),
		Example: "  plumbline claim list intranet",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.Claim, string, error) {
				r, err := c.Statement().ListClaims(ctx, &pb.ListClaimsRequest{Parent: cli.Resource("systems", args[0]), PageSize: size, PageToken: token})
				return r.GetClaims(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.printClaims(&pb.ListClaimsResponse{Claims: rows}, rows)
		}),
	})
	l.Flag(c, 0)
	return c
}

// claimRevoke takes a claim back; from then on what rested on it fails.
func (a *app) claimRevoke() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "revoke SYSTEM ID", Short: "Take a claim back from now on", Args: cobra.ExactArgs(2),
		Example: "  plumbline claim revoke intranet dc1-secure",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			name := args[1]
			if !strings.HasPrefix(name, "systems/") {
				name = cli.Resource("systems", args[0]) + "/claims/" + args[1]
			}
			r, err := c.Statement().RevokeClaim(ctx, &pb.RevokeClaimRequest{Name: name})
			if err != nil {
				return err
			}
			return a.printClaims(r, []*pb.Claim{r})
		}),
	})
}
