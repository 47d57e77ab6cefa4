package manage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/storefile"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/server/rpc"
	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
	"github.com/plumbline/plumbline/store/ledger"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// tokenCommand is the family for bearer tokens.
func (a *app) tokenCommand() *cobra.Command {
	return cli.Family("token", "Make, list and revoke bearer tokens",
		"  plumbline token create --store plumbline.db --role admin first\n  plumbline token list", a.tokenCreate(), a.tokenList(), a.tokenRevoke())
}

// tokenStore is the flag that makes a token command work on a store's file.
func tokenStore(c *cobra.Command) *string {
	return c.Flags().String("store", "", "work on this store instead of asking a server, which must not run; "+storefile.Help)
}

// tokenCreate makes a token. The first one of a store cannot be made by a server,
// which would need a token to ask it; hence --store.
func (a *app) tokenCreate() *cobra.Command {
	req := &pb.CreateTokenRequest{}
	var lifetime string
	var file *string
	c := cli.Command(cli.Spec{
		Use: "create ID", Short: "Make a bearer token", Args: cobra.ExactArgs(1),
		Long: `Make a bearer token. Its secret is told once: the store keeps only a hash.

The first token is made with --store, on the store's file, while no server has it
open. Later ones are made by the server, with an administrator's token.`,
		Example: "  plumbline token create --store plumbline.db --role admin first\n  plumbline token create --role submit --source cmdb --lifetime 365d cmdb-sync",
		Do: func(ctx context.Context, args []string) error {
			d, err := cli.ParseSpan(lifetime)
			if err != nil {
				return err
			}
			req.TokenId, req.Lifetime = args[0], durationpb.New(d)
			if problems := inventoryfile.Violations(req); len(problems) > 0 {
				return fmt.Errorf("%s: %s", strings.ReplaceAll(problems[0].Field, "_", " "), problems[0].Message)
			}
			var made *pb.CreateTokenResponse
			create := a.Online(func(ctx context.Context, c *clients.Client, _ []string) (err error) {
				made, err = c.Admin().CreateToken(ctx, req)
				return err
			})
			if *file != "" {
				create = func(ctx context.Context, _ []string) error {
					return a.tokensOf(ctx, *file, func(ctx context.Context, s pb.AdminServiceServer) (err error) {
						made, err = s.CreateToken(ctx, req)
						return err
					})
				}
			}
			if err := create(ctx, args); err != nil {
				return err
			}
			return a.Printer().Emit(made, func(v *render.View) {
				v.Fields([2]string{"token", cli.ID(made.GetToken().GetName())}, [2]string{"role", made.GetToken().GetRole()},
					[2]string{"sources", cli.Or(strings.Join(made.GetToken().GetSources(), ", "), "all")},
					[2]string{"expires", v.When(made.GetToken().GetExpireTime())}, [2]string{"secret", made.GetSecret()})
				v.Line("Keep the secret now: it is not told again. Use it by PLUMBLINE_TOKEN or --token-file.")
			})
		},
	})
	c.Flags().StringVar(&req.Role, "role", "read", "what it may do: read, submit (which also reads) or admin")
	c.Flags().StringSliceVar(&req.Sources, "source", nil, "only these sources may be written with it; may be repeated")
	c.Flags().StringVar(&lifetime, "lifetime", "90d", "how long it is accepted")
	file = tokenStore(c)
	return c
}

// tokensOf gives the service that keeps tokens, over a store's file. Whoever can
// write the file may do all.
func (a *app) tokensOf(ctx context.Context, file string, do func(ctx context.Context, s pb.AdminServiceServer) error) error {
	err := storefile.With(ctx, file, func(_ *bolt.DB, l *ledger.Ledger) error {
		tokens := auth.InLedger(l)
		service := rpc.NewAdmin(rpc.AdminConfig{
			Ledger: l, Tokens: tokens, Authenticator: auth.NewAuthenticator(tokens, a.Now), Pages: page.New(nil), Clock: a.Now, Random: rand.Reader,
		})
		return words(do(auth.NewContext(ctx, auth.Local), service))
	})
	if errors.Is(err, store.ErrLocked) {
		err = fmt.Errorf("%w, or leave out --store to ask the server that has it", err)
	}
	return err
}

// words turns an error that is meant for callers of the API into one for people.
func words(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	out := []string{f.Message}
	for _, v := range f.Violations {
		out = append(out, v.Field+": "+v.Description)
	}
	return errors.New(strings.Join(out, "\n  "))
}

// tokenList lists tokens; secrets are not there to be listed.
func (a *app) tokenList() *cobra.Command {
	var l cli.Limit
	var file *string
	c := cli.Command(cli.Spec{
		Use: "list", Short: "List the tokens, without their secrets", Example: "  plumbline token list",
		Do: func(ctx context.Context, args []string) error {
			var rows []*pb.Token
			ask := a.Online(func(ctx context.Context, c *clients.Client, _ []string) (err error) {
				rows, err = cli.Pages(l, func(size int32, token string) ([]*pb.Token, string, error) {
					r, err := c.Admin().ListTokens(ctx, &pb.ListTokensRequest{PageSize: size, PageToken: token})
					return r.GetTokens(), r.GetNextPageToken(), err
				})
				return err
			})
			if *file != "" {
				ask = func(ctx context.Context, _ []string) error {
					return a.tokensOf(ctx, *file, func(ctx context.Context, s pb.AdminServiceServer) (err error) {
						rows, err = cli.Pages(l, func(size int32, token string) ([]*pb.Token, string, error) {
							r, err := s.ListTokens(ctx, &pb.ListTokensRequest{PageSize: size, PageToken: token})
							return r.GetTokens(), r.GetNextPageToken(), err
						})
						return err
					})
				}
			}
			if err := ask(ctx, args); err != nil {
				return err
			}
			return a.printTokens(&pb.ListTokensResponse{Tokens: rows}, rows)
		},
	})
	l.Flag(c, 0)
	file = tokenStore(c)
	return c
}

// printTokens prints tokens with their state now.
func (a *app) printTokens(m proto.Message, list []*pb.Token) error {
	return a.Printer().Emit(m, func(v *render.View) {
		var rows [][]string
		for _, t := range list {
			state := "accepted"
			switch {
			case t.GetRevokeTime() != nil:
				state = "revoked " + render.Instant(t.GetRevokeTime())
			case t.GetExpireTime() != nil && !t.GetExpireTime().AsTime().After(a.Now()):
				state = "expired"
			}
			rows = append(rows, []string{cli.ID(t.GetName()), t.GetRole(), cli.Or(strings.Join(t.GetSources(), ", "), "all"), state, v.Age(t.GetCreateTime()), v.When(t.GetExpireTime())})
		}
		v.Table([]string{"TOKEN", "ROLE", "SOURCES", "STATE", "MADE", "EXPIRES"}, rows, "no tokens")
	})
}

// tokenRevoke ends a token.
func (a *app) tokenRevoke() *cobra.Command {
	var file *string
	c := cli.Command(cli.Spec{
		Use: "revoke ID", Short: "End a token at once", Args: cobra.ExactArgs(1),
		Example: "  plumbline token revoke cmdb-sync",
		Do: func(ctx context.Context, args []string) error {
			name := cli.Resource("tokens", args[0])
			revoke := a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
				_, err := c.Admin().RevokeToken(ctx, &pb.RevokeTokenRequest{Name: name})
				return err
			})
			if *file != "" {
				revoke = func(ctx context.Context, _ []string) error {
					return a.tokensOf(ctx, *file, func(ctx context.Context, s pb.AdminServiceServer) error {
						_, err := s.RevokeToken(ctx, &pb.RevokeTokenRequest{Name: name})
						return err
					})
				}
			}
			if err := revoke(ctx, args); err != nil {
				return err
			}
			a.Note("revoked %s", name)
			return nil
		},
	})
	file = tokenStore(c)
	return c
}
