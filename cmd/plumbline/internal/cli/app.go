package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/settings"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The exit codes.
const (
	ExitOK = iota
	ExitError
	ExitBelow
)

// App is one run of the program: its streams, its environment and the flags
// that all commands share. Commands are built over one App and run once.
type App struct {
	// In, Out and Err are the streams.
	In       io.Reader
	Out, Err io.Writer
	// Env looks a variable of the environment up.
	Env func(string) (string, bool)
	// Now is the clock.
	Now func() time.Time
	// Version is what this build calls itself.
	Version string
	// Output is the format, one of render.Formats.
	Output string

	config    string
	server    string
	token     string
	tokenFile string
	caFile    string
	certFile  string
	keyFile   string
	tls       bool
	timeout   time.Duration
}

// Lookup makes a function that looks variables up in what os.Environ gives.
func Lookup(environ []string) func(string) (string, bool) {
	m := make(map[string]string, len(environ))
	for _, e := range environ {
		if k, v, ok := strings.Cut(e, "="); ok {
			m[k] = v
		}
	}
	return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
}

// Flags adds the flags that all commands have.
func (a *App) Flags(f *pflag.FlagSet) {
	f.StringVar(&a.config, "config", "", "settings file: a YAML mapping of flag names to values")
	f.StringVarP(&a.Output, "output", "o", "table", "what to print: "+strings.Join(render.Formats, ", "))
	f.StringVar(&a.server, "server", DefaultServer, "the server's gRPC address, host:port")
	f.StringVar(&a.token, "token", "", "bearer token; better in PLUMBLINE_TOKEN or --token-file, which other users cannot see")
	f.StringVar(&a.tokenFile, "token-file", "", "file with the bearer token")
	f.StringVar(&a.caFile, "ca-file", "", "PEM file with the authorities of the server's certificate; the machine's where empty")
	f.StringVar(&a.certFile, "cert-file", "", "PEM file with the certificate to show, for servers that ask for one")
	f.StringVar(&a.keyFile, "key-file", "", "PEM file with that certificate's key")
	f.BoolVar(&a.tls, "tls", false, "use TLS for a server on this machine too; any other is always called with TLS")
	f.DurationVar(&a.timeout, "timeout", 30*time.Second, "how long one answer may take; streams are not limited")
}

// Prepare fills the flags of the command that is about to run.
func (a *App) Prepare(cmd *cobra.Command) error {
	flags := cmd.Flags()
	if !flags.Changed("config") {
		if v, ok := a.Env(settings.Variable("config")); ok {
			a.config = v
		}
	}
	file, err := settings.Read(a.config)
	if err != nil {
		return err
	}
	if err := file.Check(func(name string) bool { return hasFlag(cmd.Root(), name) }); err != nil {
		return err
	}
	if err := settings.Apply(flags, a.Env, file); err != nil {
		return err
	}
	return render.CheckFormat(a.Output)
}

// hasFlag says whether a command, or one below it, has a flag.
func hasFlag(c *cobra.Command, name string) bool {
	if c.Flags().Lookup(name) != nil || c.PersistentFlags().Lookup(name) != nil {
		return true
	}
	for _, sub := range c.Commands() {
		if hasFlag(sub, name) {
			return true
		}
	}
	return false
}

// Printer prints to standard output.
func (a *App) Printer() *render.Printer {
	p := &render.Printer{Out: a.Out, Format: a.Output, Now: a.Now()}
	if width, ok := terminalWidth(a.Out); ok {
		p.Width = width
		_, plain := a.Env("NO_COLOR")
		term, _ := a.Env("TERM")
		p.Color = !plain && term != "dumb"
	}
	return p
}

// Note writes a line for people beside the output.
func (a *App) Note(format string, args ...any) {
	fmt.Fprintf(a.Err, format+"\n", args...)
}

// Read reads a file of bounded size; "-" is standard input.
func (a *App) Read(name string, most int64) ([]byte, error) {
	in := a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return data, err
}
