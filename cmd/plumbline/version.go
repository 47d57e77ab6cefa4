package main

import (
	"context"
	"runtime/debug"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// What the build says of itself; `make build` sets them.
var version, commit, date = "", "", ""

// buildVersion is what this program is: as it was told when it was built, else
// as Go recorded it.
func buildVersion() *pb.Version {
	v := &pb.Version{Version: version, Commit: commit, BuildDate: date, EngineVersion: assess.EngineVersion}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if v.Version == "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && v.Commit == "":
			v.Commit = s.Value
		case s.Key == "vcs.time" && v.BuildDate == "":
			v.BuildDate = s.Value
		}
	}
	return v
}

func versionCommand(a *cli.App) *cobra.Command {
	var remote bool
	c := cli.Command(cli.Spec{
		Use: "version", Short: "Show the version of this program, or of the server",
		Example: "  plumbline version\n  plumbline version --remote",
		Do: func(ctx context.Context, args []string) error {
			v := buildVersion()
			if remote {
				return a.Online(func(ctx context.Context, c *clients.Client, _ []string) (err error) {
					if v, err = c.Admin().GetVersion(ctx, &pb.GetVersionRequest{}); err != nil {
						return err
					}
					return printVersion(a, v)
				})(ctx, args)
			}
			return printVersion(a, v)
		},
	})
	c.Flags().BoolVar(&remote, "remote", false, "ask the server")
	return c
}

func printVersion(a *cli.App, v *pb.Version) error {
	return a.Printer().Emit(v, func(o *render.View) {
		o.Fields([2]string{"version", v.GetVersion()}, [2]string{"commit", v.GetCommit()},
			[2]string{"built", v.GetBuildDate()}, [2]string{"engine", v.GetEngineVersion()})
	})
}
