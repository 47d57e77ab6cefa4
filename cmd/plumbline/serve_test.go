package main

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/server"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// notFlags are the settings of a server that nobody can write down.
var notFlags = map[string]bool{"LogOutput": true, "Logger": true, "Build": true, "Clock": true, "Random": true}

// kebab gives the flag's name of a field: TLSCert is tls-cert.
func kebab(field string) string {
	var b strings.Builder
	r := []rune(field)
	for i, c := range r {
		if i > 0 && unicode.IsUpper(c) && (unicode.IsLower(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1])) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// TestFlagsAgreeWithConfig holds the flags of serve and the settings of the
// server together: each setting has a flag, each flag sets its own setting and no
// other, and the defaults are the server's.
func TestFlagsAgreeWithConfig(t *testing.T) {
	fields := reflect.TypeFor[server.Config]()
	seen := map[string]bool{}
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if notFlags[name] {
			continue
		}
		var config server.Config
		flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
		serverFlags(flags, &config)
		flag := flags.Lookup(kebab(name))
		if flag == nil {
			t.Errorf("%s has no flag --%s", name, kebab(name))
			continue
		}
		seen[flag.Name] = true
		if fieldFlags.Replace(name) != "--"+flag.Name && mentioned(name) {
			t.Errorf("problems about %s do not name --%s", name, flag.Name)
		}
		before := config
		if err := flags.Set(flag.Name, sample(t, fields.Field(i).Type)); err != nil {
			t.Fatal(err)
		}
		for j := range fields.NumField() {
			changed := !reflect.DeepEqual(reflect.ValueOf(before).Field(j).Interface(), reflect.ValueOf(config).Field(j).Interface())
			if changed != (j == i) {
				t.Errorf("--%s: %s changed: %v", flag.Name, fields.Field(j).Name, changed)
			}
		}
	}
	var config server.Config
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	serverFlags(flags, &config)
	flags.VisitAll(func(f *pflag.Flag) {
		if !seen[f.Name] {
			t.Errorf("--%s sets nothing of the server", f.Name)
		}
	})
	want := server.Config{
		GRPCAddr: server.DefaultGRPCAddr, HTTPAddr: server.DefaultHTTPAddr, LogFormat: "text", LogLevel: "info",
		MaxMessageBytes: server.DefaultMaxMessageBytes, MaxConcurrentStreams: server.DefaultMaxConcurrentStreams,
		CallTimeout: server.DefaultCallTimeout, StreamIdleTimeout: server.DefaultStreamIdleTimeout, DrainTimeout: server.DefaultDrainTimeout, EventRetention: server.DefaultEventRetention, ExpiryNotice: server.DefaultExpiryNotice,
	}
	if !reflect.DeepEqual(config, want) {
		t.Errorf("defaults %+v, want %+v", config, want)
	}
	if cli.DefaultServer != server.DefaultGRPCAddr {
		t.Errorf("commands ask %s, and serve listens on %s", cli.DefaultServer, server.DefaultGRPCAddr)
	}
}

// mentioned says whether the server's check of its settings can complain about a
// field: it cannot about a switch, or a number of which all values are fine.
func mentioned(field string) bool {
	return field != "Reflection" && field != "MaxConcurrentStreams"
}

func sample(t *testing.T, typ reflect.Type) string {
	t.Helper()
	switch {
	case typ == reflect.TypeFor[time.Duration]():
		return "47s"
	case typ.Kind() == reflect.Bool:
		return "true"
	case typ.Kind() == reflect.String, typ.Kind() == reflect.Slice:
		return "something"
	case typ.Kind() == reflect.Int, typ.Kind() == reflect.Int64, typ.Kind() == reflect.Uint32:
		return "123456"
	}
	t.Fatalf("no sample for %v", typ)
	return ""
}

// TestServeNamesFlags shows that a refusal speaks of flags, not of fields.
func TestServeNamesFlags(t *testing.T) {
	err := flagWords(serve(t.Context(), server.Config{GRPCAddr: "0.0.0.0:1"}, storeConfig{name: "x.db"}, nil))
	if err == nil || !strings.Contains(err.Error(), "set --tls-cert and --tls-key") || strings.Contains(err.Error(), "TLSCert") {
		t.Error(err)
	}
	plain := errors.New("TLSCert")
	if flagWords(plain) != plain {
		t.Error("an error that is not about settings was changed")
	}
}

// TestEveryCommandHelps walks all commands.
func TestEveryCommandHelps(t *testing.T) {
	shared := map[string]bool{}
	var walk func(c *cobra.Command)
	root := newRoot(&cli.App{})
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { shared[f.Name] = true })
	commands := 0
	walk = func(c *cobra.Command) {
		commands++
		if c.Example == "" || c.Short == "" || c.Long == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: no help, or no example, or a full stop after its short help", c.CommandPath())
		}
		for line := range strings.Lines(c.Long) {
			if len(line) > 82 {
				t.Errorf("%s: %q is too long for a terminal", c.CommandPath(), line)
			}
		}
		if !strings.Contains(c.Example, c.CommandPath()) && !c.HasSubCommands() {
			t.Errorf("%s: the example shows something else: %s", c.CommandPath(), c.Example)
		}
		if c.RunE == nil && c != root {
			t.Errorf("%s does nothing", c.CommandPath())
		}
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || shared[f.Name] {
				t.Errorf("%s --%s has no help, or hides a shared flag", c.CommandPath(), f.Name)
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	if commands < 40 {
		t.Errorf("only %d commands", commands)
	}
}
