package watch

import (
	"context"
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// webhookCommand is the family for webhooks.
func (a *app) webhookCommand() *cobra.Command {
	return cli.Family("webhook", "Have events sent to an address",
		"  plumbline webhook create tickets --uri https://tickets.example.com/plumbline\n  plumbline webhook test tickets\n  plumbline webhook dead tickets",
		a.create(), a.list(), a.show(), a.remove(), a.test(), a.dead(), a.replay())
}

// maxSecret bounds what is read of a secret's file.
const maxSecret = 256

// create makes a webhook.
func (a *app) create() *cobra.Command {
	w := &pb.Webhook{}
	var file string
	c := cli.Command(cli.Spec{
		Use: "create ID", Short: "Have events sent to an address, from now on", Args: cobra.ExactArgs(1),
		Long: `Have events sent to an address, from now on: each by a POST of its JSON, in
order, until the address answers 2xx. What it does not take within a day becomes
a dead letter. An event may come twice; Plumbline-Event has its id.

Plumbline-Signature is "t=SECONDS,v1=HEX": HMAC-SHA256, by the secret, over the
seconds, a dot and the body. The secret is told once.`,
		Example: `  plumbline webhook create tickets --uri https://tickets.example.com/plumbline --filter 'event.type == "result.failing"'
  plumbline webhook create pager --uri https://pager.example.com/in --secret-file pager.key`,
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			if file != "" {
				data, err := a.Read(file, maxSecret)
				if err != nil {
					return err
				}
				if w.Secret = strings.TrimSpace(string(data)); w.Secret == "" {
					return fmt.Errorf("%s: there is no secret in it", file)
				}
			}
			made, err := c.Event().CreateWebhook(ctx, &pb.CreateWebhookRequest{WebhookId: args[0], Webhook: w})
			if err != nil {
				return err
			}
			return a.Printer().Emit(made, func(v *render.View) {
				v.Fields([2]string{"webhook", cli.ID(made.GetName())}, [2]string{"address", made.GetUri()},
					[2]string{"filter", cli.Or(made.GetFilter(), "all events")}, [2]string{"secret", made.GetSecret()})
				v.Line("Keep the secret now: it is not told again. plumbline webhook test %s tries it.", cli.ID(made.GetName()))
			})
		}),
	})
	c.Flags().StringVar(&w.Uri, "uri", "", "the address, https or http")
	c.Flags().StringVar(&w.Filter, "filter", "", "only events for which this condition in CEL holds")
	c.Flags().StringVar(&file, "secret-file", "", `file with the secret to sign with, "-" for standard input; one is made without`)
	cli.Require(c, "uri")
	return c
}

// list lists webhooks.
func (a *app) list() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list", Short: "List the webhooks, with how their deliveries stand", Example: "  plumbline webhook list",
		Do: a.Online(func(ctx context.Context, c *clients.Client, _ []string) error {
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.Webhook, string, error) {
				r, err := c.Event().ListWebhooks(ctx, &pb.ListWebhooksRequest{PageSize: size, PageToken: token})
				return r.GetWebhooks(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.Printer().Emit(&pb.ListWebhooksResponse{Webhooks: rows}, func(v *render.View) {
				var cells [][]string
				for _, w := range rows {
					cells = append(cells, []string{cli.ID(w.GetName()), w.GetUri(), fmt.Sprint(w.GetDelivered()), fmt.Sprint(w.GetDead()), v.When(w.GetRetryTime()), w.GetLastError()})
				}
				v.Table([]string{"WEBHOOK", "ADDRESS", "DELIVERED", "DEAD", "NEXT TRY", "LAST ERROR"}, cells, "no webhooks")
			})
		}),
	})
	l.Flag(c, 0)
	return c
}

// show shows a webhook.
func (a *app) show() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "show ID", Short: "Show a webhook, with how its deliveries stand", Args: cobra.ExactArgs(1), Example: "  plumbline webhook show tickets",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			w, err := c.Event().GetWebhook(ctx, &pb.GetWebhookRequest{Name: cli.Resource("webhooks", args[0])})
			if err != nil {
				return err
			}
			return a.Printer().Emit(w, func(v *render.View) {
				v.Fields([2]string{"webhook", cli.ID(w.GetName())}, [2]string{"address", w.GetUri()},
					[2]string{"filter", cli.Or(w.GetFilter(), "all events")}, [2]string{"made", v.Age(w.GetCreateTime())},
					[2]string{"delivered", fmt.Sprint(w.GetDelivered())}, [2]string{"dead letters", fmt.Sprint(w.GetDead())},
					[2]string{"behind event", w.GetCursor()}, [2]string{"last error", cli.Or(w.GetLastError(), "none")},
					[2]string{"next try", cli.Or(v.When(w.GetRetryTime()), "with the next event")})
			})
		}),
	})
}

// remove deletes a webhook.
func (a *app) remove() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "delete ID", Short: "End a webhook; what was not delivered is dropped", Args: cobra.ExactArgs(1), Example: "  plumbline webhook delete tickets",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			name := cli.Resource("webhooks", args[0])
			if _, err := c.Event().DeleteWebhook(ctx, &pb.DeleteWebhookRequest{Name: name}); err != nil {
				return err
			}
			a.Note("deleted %s", name)
			return nil
		}),
	})
}

// test sends one event now.
func (a *app) test() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "test ID", Short: `Send one event of type "test" now`, Args: cobra.ExactArgs(1), Example: "  plumbline webhook test tickets",
		Long: `Send one event of type "test" now, once, and say what came of it. The exit code
is 1 where the address did not take it.`,
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			r, err := c.Event().TestWebhook(ctx, &pb.TestWebhookRequest{Name: cli.Resource("webhooks", args[0])})
			if err != nil {
				return err
			}
			if err := a.Printer().Emit(r, func(v *render.View) {
				if r.GetError() == "" {
					v.Line("taken: %d", r.GetStatus())
				}
			}); err != nil {
				return err
			}
			if r.GetError() != "" {
				return fmt.Errorf("%s did not take the test: %s", args[0], r.GetError())
			}
			return nil
		}),
	})
}

// dead lists dead letters.
func (a *app) dead() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "dead ID", Short: "List the events that an address did not take", Args: cobra.ExactArgs(1), Example: "  plumbline webhook dead tickets",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			rows, err := cli.Pages(l, func(size int32, token string) ([]*pb.DeadLetter, string, error) {
				r, err := c.Event().ListDeadLetters(ctx, &pb.ListDeadLettersRequest{Parent: cli.Resource("webhooks", args[0]), PageSize: size, PageToken: token})
				return r.GetDeadLetters(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return a.Printer().Emit(&pb.ListDeadLettersResponse{DeadLetters: rows}, func(v *render.View) {
				var cells [][]string
				for _, d := range rows {
					cells = append(cells, []string{d.GetEvent().GetId(), d.GetEvent().GetType(), d.GetEvent().GetMessage(), fmt.Sprint(d.GetAttempts()), v.Age(d.GetGiveUpTime()), d.GetError()})
				}
				v.Table([]string{"EVENT", "TYPE", "MESSAGE", "TRIES", "GIVEN UP", "ERROR"}, cells, "no dead letters")
			})
		}),
	})
	l.Flag(c, 100)
	return c
}

// replay sends dead letters again.
func (a *app) replay() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "replay ID [EVENT…]", Short: "Send dead letters again, all or those named", Args: cobra.MinimumNArgs(1),
		Long: `Send dead letters again, all (a thousand in one call) or those of the events
named, once each. What the address takes is no dead letter any more. The exit
code is 1 where it did not take all.`,
		Example: "  plumbline webhook replay tickets",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			r, err := c.Event().ReplayDeadLetters(ctx, &pb.ReplayDeadLettersRequest{Parent: cli.Resource("webhooks", args[0]), Events: args[1:]})
			if err != nil {
				return err
			}
			if err := a.Printer().Emit(r, func(v *render.View) { v.Line("%d taken, %d not taken", r.GetDelivered(), r.GetFailed()) }); err != nil {
				return err
			}
			if r.GetFailed() > 0 {
				return fmt.Errorf("%s did not take %d of them; plumbline webhook dead says why", args[0], r.GetFailed())
			}
			return nil
		}),
	})
}
