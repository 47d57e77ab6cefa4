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

// linkCommand is the family for links between a source's ids and hosts.
func (a *app) linkCommand() *cobra.Command {
	return cli.Family("link", "Say which host a source's own id means", "  plumbline link create scanner srv-0042 web1\n  plumbline link list", a.linkCreate(), a.linkList(), a.linkDelete())
}

// linkCreate declares a link, for sources whose ids nobody can change.
func (a *app) linkCreate() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "create SOURCE ITS-ID HOST", Short: "Say that an id of one source means a host", Args: cobra.ExactArgs(3),
		Example: "  plumbline link create scanner srv-0042 web1",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			l, err := c.Inventory().CreateHostLink(ctx, &pb.CreateHostLinkRequest{HostLink: &pb.HostLink{Source: args[0], SourceHost: args[1], Host: cli.ID(args[2])}})
			if err != nil {
				return err
			}
			return a.printLinks(l, []*pb.HostLink{l})
		}),
	})
}

// linkList lists links, those that the policy's rules matched too.
func (a *app) linkList() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list", Short: "List the links", Example: "  plumbline link list",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.HostLink, string, error) {
				r, err := c.Inventory().ListHostLinks(ctx, &pb.ListHostLinksRequest{PageSize: size, PageToken: token})
				return r.GetHostLinks(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.printLinks(&pb.ListHostLinksResponse{HostLinks: rows}, rows)
		}),
	})
	l.Flag(c, 0)
	return c
}

// linkDelete undoes a link.
func (a *app) linkDelete() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "delete SOURCE ITS-ID", Short: "Undo a link; later submissions of that id are their own host again", Args: cobra.ExactArgs(2),
		Example: "  plumbline link delete scanner srv-0042",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			name := "hostLinks/" + args[0] + "~" + args[1]
			if _, err := c.Inventory().DeleteHostLink(ctx, &pb.DeleteHostLinkRequest{Name: name}); err != nil {
				return err
			}
			a.Note("deleted %s", name)
			return nil
		}),
	})
}

// printLinks prints links with why they are there.
func (a *app) printLinks(m proto.Message, list []*pb.HostLink) error {
	return a.Printer().Emit(m, func(v *render.View) {
		var rows [][]string
		for _, l := range list {
			rows = append(rows, []string{l.GetSource(), l.GetSourceHost(), l.GetHost(), l.GetOrigin(), strings.Join(l.GetKeys(), " and "), v.Age(l.GetCreateTime())})
		}
		v.Table([]string{"SOURCE", "ITS ID", "HOST", "ORIGIN", "KEYS", "MADE"}, rows, "no links")
	})
}
