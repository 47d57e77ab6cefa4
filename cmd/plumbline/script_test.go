package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// In scripts, and in processes that tests start, this binary is plumbline.
	testscript.Main(m, map[string]func(){"plumbline": main})
}

// TestScripts runs the program as a whole, by the scripts in testdata/script.
func TestScripts(t *testing.T) {
	if raceDetector {
		t.Skip("each line is a process of its own; server/servertest runs the service under the race detector")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			e.Setenv("NO_COLOR", "1")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "serve": serveInScript, "unserve": unserve,
		},
	})
}

// exits runs a program and asks for an exit code: exits 2 plumbline assess …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg {
		ts.Fatalf("usage: exits CODE program arguments")
	}
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// process is a server that a test started.
type process struct {
	cmd        *exec.Cmd
	grpc, http string
	ended      chan error
}

var serving = regexp.MustCompile(`msg=serving grpc=(\S+) http=(\S+)`)

// startServer starts plumbline serve in a process of its own and waits until it
// says where it listens.
func startServer(program, dir string, args ...string) (*process, error) {
	p := &process{ended: make(chan error, 1)}
	p.cmd = exec.Command(program, append([]string{"serve"}, args...)...)
	p.cmd.Dir = dir
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	found, all := make(chan []string, 1), make(chan string, 1)
	go func() {
		text := ""
		lines := bufio.NewReader(stderr)
		for {
			line, err := lines.ReadString('\n')
			if len(text) < 1<<16 {
				text += line
			}
			if m := serving.FindStringSubmatch(line); m != nil {
				found <- m
			}
			if err != nil {
				break
			}
		}
		_, _ = io.Copy(io.Discard, lines)
		all <- text
		p.ended <- p.cmd.Wait()
	}()
	select {
	case m := <-found:
		p.grpc, p.http = m[1], m[2]
		return p, nil
	case text := <-all:
		return nil, errors.New("serve ended: " + text)
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		return nil, errors.New("serve does not say where it listens")
	}
}

// stop ends the server as an operator does, and wants a clean end.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-p.ended:
		return err
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		return errors.New("serve did not end within 30 s of SIGTERM")
	}
}

// serveInScript starts a server on free ports: serve --store FILE …
// PLUMBLINE_SERVER and HTTP are set to its addresses.
func serveInScript(ts *testscript.TestScript, neg bool, args []string) {
	program, err := exec.LookPath("plumbline")
	ts.Check(err)
	p, err := startServer(program, ts.MkAbs("."), append([]string{"--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"}, args...)...)
	if neg {
		if err == nil {
			_ = p.stop()
			ts.Fatalf("serve started")
		}
		ts.Logf("%v", err)
		return
	}
	ts.Check(err)
	ts.Setenv("PLUMBLINE_SERVER", p.grpc)
	ts.Setenv("HTTP", p.http)
	stop := sync.OnceValue(p.stop)
	servers.Store(ts.Name(), stop)
	ts.Defer(func() {
		if err := stop(); err != nil {
			ts.Logf("%v", err)
		}
	})
}

// servers stop the server of a script, by the script's name; scripts run beside
// each other.
var servers sync.Map

// unserve stops the script's server; it must end cleanly.
func unserve(ts *testscript.TestScript, neg bool, _ []string) {
	if neg {
		ts.Fatalf("unserve cannot be negated")
	}
	stop, ok := servers.Load(ts.Name())
	if !ok {
		ts.Fatalf("no server was started")
	}
	ts.Check(stop.(func() error)())
}

// program is this test binary under the name by which it is plumbline.
func program(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("plumbline")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// environment is the environment without the user's own settings.
func environment(extra ...string) []string {
	var out []string
	for _, e := range os.Environ() {
		if len(e) < 10 || e[:10] != "PLUMBLINE_" {
			out = append(out, e)
		}
	}
	return append(out, extra...)
}
