package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/plumbline/plumbline/clients"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// DefaultServer is where serve listens unless told otherwise.
const DefaultServer = "127.0.0.1:9090"

// Dial opens the connection that the shared flags describe.
func (a *App) Dial(ctx context.Context) (*clients.Client, error) {
	token := a.token
	if a.tokenFile != "" {
		if token != "" {
			return nil, fmt.Errorf("both --token and --token-file are given; leave one out")
		}
		data, err := os.ReadFile(a.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("token file: %w", err)
		}
		token = strings.TrimSpace(string(data))
	}
	return clients.Dial(ctx, clients.Config{
		Address: a.server, Token: token, CAFile: a.caFile, CertFile: a.certFile, KeyFile: a.keyFile,
		Insecure:  clients.IsLoopback(a.server) && !a.tls && a.caFile+a.certFile+a.keyFile == "",
		UserAgent: "plumbline/" + a.Version,
	})
}

// Online makes the action of a command that asks a server: it opens the
// connection and limits the time.
func (a *App) Online(do func(ctx context.Context, c *clients.Client, args []string) error) Action {
	return a.Streaming(func(ctx context.Context, c *clients.Client, args []string) error {
		ctx, cancel := a.Within(ctx)
		defer cancel()
		return do(ctx, c, args)
	})
}

// Within limits the time of one answer, or of the few that make one.
func (a *App) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	if a.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, a.timeout)
}

// Streaming makes the action of a command that a server answers for as long as
// it takes: the time is not limited.
func (a *App) Streaming(do func(ctx context.Context, c *clients.Client, args []string) error) Action {
	return func(ctx context.Context, args []string) error {
		c, err := a.Dial(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		return do(ctx, c, args)
	}
}

// Resource gives a resource's name for an id; a whole name is taken as it is.
func Resource(collection, id string) string {
	if strings.HasPrefix(id, collection+"/") {
		return id
	}
	return collection + "/" + id
}

// Child gives the name of what a system has for its id; a whole name is taken
// as it is.
func Child(system, collection, id string) string {
	if strings.HasPrefix(id, "systems/") {
		return id
	}
	return Resource("systems", system) + "/" + collection + "/" + id
}

// Version gives the name of a version that is written ID@VERSION; without a
// version it is the one that stands in its place.
func Version(collection, name, otherwise string) string {
	id, version, _ := strings.Cut(name, "@")
	if strings.Contains(id, "/versions/") {
		return Resource(collection, id)
	}
	return Resource(collection, id) + "/versions/" + Or(version, otherwise)
}

// ID gives the last part of a resource's name.
func ID(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// Limit is the flag that bounds how many rows are asked for.
type Limit struct{ rows int }

// Flag adds the flag to a command.
func (l *Limit) Flag(c *cobra.Command, rows int) {
	c.Flags().IntVar(&l.rows, "limit", rows, "how many rows at most; 0 for all")
}

// Pages collects the rows of all pages, up to the limit. fetch gets one page of
// so many rows (0 for the server's default) and says the next page's token.
func Pages[T any](l Limit, fetch func(size int32, token string) ([]T, string, error)) ([]T, error) {
	var all []T
	token := ""
	for {
		size := 1000
		if l.rows > 0 {
			size = min(size, l.rows-len(all))
		}
		rows, next, err := fetch(int32(size), token)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
		if next == "" || (l.rows > 0 && len(all) >= l.rows) {
			return all, nil
		}
		if next == token {
			return nil, fmt.Errorf("the server answered page after page with the same token")
		}
		token = next
	}
}

// PickSeries gives the name of one series of a system: the one that is asked for
// by its id, or by its checklist where that has one only, or the only one.
func PickSeries(ctx context.Context, c *clients.Client, system, wanted string) (string, error) {
	system = Resource("systems", system)
	if strings.Contains(wanted, "~") {
		return system + "/series/" + ID(wanted), nil
	}
	list, err := c.Assessment().ListSeries(ctx, &pb.ListSeriesRequest{Parent: system})
	if err != nil {
		return "", err
	}
	var found, all []string
	for _, s := range list.GetSeries() {
		all = append(all, ID(s.GetName()))
		if wanted == "" || s.GetChecklist() == wanted {
			found = append(found, s.GetName())
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(all) == 0:
		return "", fmt.Errorf("%s has no series: no assignment selects it; make one by plumbline assign create", system)
	}
	return "", fmt.Errorf("name one series of %s by --series: %s", system, strings.Join(all, ", "))
}
