package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for an orderly end; the second one, which is no
	// longer caught, is obeyed at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
	stop()
	os.Exit(code)
}

// run runs the program and gives its exit code. It reads and writes only what it
// is given, so that tests can call it.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer, environ []string) int {
	a := &cli.App{In: in, Out: out, Err: errOut, Env: cli.Lookup(environ), Now: time.Now, Version: buildVersion().GetVersion()}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	var below *cli.BelowError
	switch {
	case err == nil:
		return cli.ExitOK
	case errors.As(err, &below):
		fmt.Fprintln(errOut, "plumbline: "+below.Error())
		return cli.ExitBelow
	}
	a.Explain(err)
	return cli.ExitError
}
