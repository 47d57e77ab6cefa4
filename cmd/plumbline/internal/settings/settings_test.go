package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func flags() (*pflag.FlagSet, *string, *time.Duration, *[]string) {
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	server := fs.String("server", "default", "")
	wait := fs.Duration("drain-time", time.Second, "")
	origins := fs.StringSlice("cors-origin", nil, "")
	return fs, server, wait, origins
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "plumbline.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestOrder(t *testing.T) {
	file := "server: file\ndrain-time: 3s\ncors-origin: [https://a, https://b]\n"
	for name, c := range map[string]struct {
		args       []string
		env        map[string]string
		file       string
		server     string
		wait       time.Duration
		origins    string
		wasChanged bool
	}{
		"defaults":    {nil, nil, "", "default", time.Second, "", false},
		"file":        {nil, nil, file, "file", 3 * time.Second, "https://a https://b", true},
		"environment": {nil, map[string]string{"PLUMBLINE_SERVER": "env", "PLUMBLINE_CORS_ORIGIN": "https://c,https://d"}, file, "env", 3 * time.Second, "https://c https://d", true},
		"flags":       {[]string{"--server=flag", "--drain-time=5s"}, map[string]string{"PLUMBLINE_SERVER": "env"}, file, "flag", 5 * time.Second, "https://a https://b", true},
		"empty":       {[]string{"--server="}, map[string]string{"PLUMBLINE_SERVER": "env"}, file, "", 3 * time.Second, "https://a https://b", true},
	} {
		fs, server, wait, origins := flags()
		if err := fs.Parse(c.args); err != nil {
			t.Fatal(err)
		}
		f := &File{}
		if c.file != "" {
			var err error
			if f, err = Read(write(t, c.file)); err != nil {
				t.Fatal(err)
			}
		}
		env := func(k string) (string, bool) { v, ok := c.env[k]; return v, ok }
		if err := Apply(fs, env, f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := strings.Join(*origins, " "); *server != c.server || *wait != c.wait || got != c.origins || fs.Changed("server") != c.wasChanged {
			t.Errorf("%s: server %q, wait %v, origins %q, changed %v", name, *server, *wait, got, fs.Changed("server"))
		}
	}
}

func TestRefusals(t *testing.T) {
	for words, text := range map[string]string{
		"line 2: drain-time: invalid argument": "server: a\ndrain-time: soon\n",
		"takes one value, not a list":          "server: [a, b]\n",
		"takes a value, not a mapping":         "server: {a: b}\n",
		"no command has a flag \"sever\"":      "sever: a\n",
		"there twice":                          "server: a\nserver: b\n",
		"write a mapping":                      "- a\n",
		"could not find expected":              "server: {a\n",
	} {
		fs, _, _, _ := flags()
		f, err := Read(write(t, text))
		if err == nil {
			err = f.Check(func(n string) bool { return fs.Lookup(n) != nil })
		}
		if err == nil {
			err = Apply(fs, func(string) (string, bool) { return "", false }, f)
		}
		if err == nil || !strings.Contains(err.Error(), words) && words != "could not find expected" {
			t.Errorf("%q: %v, want %q", text, err, words)
		}
	}
	fs, _, _, _ := flags()
	err := Apply(fs, func(k string) (string, bool) { return "soon", k == "PLUMBLINE_DRAIN_TIME" }, &File{})
	if err == nil || !strings.Contains(err.Error(), "environment variable PLUMBLINE_DRAIN_TIME") {
		t.Error(err)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that is not there was read")
	}
}
