package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// Process is a server in a process of its own. It is not safe for concurrent
// use.
type Process struct {
	// GRPC and HTTP are where the child listens; GRPC is "-" where it does not.
	GRPC, HTTP string

	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

// Argument is the first argument of a child; its kind is the second.
const Argument = "peer"

// Start starts a child of a kind ("plumbline" or "opa") and waits until it
// serves. Stop ends it.
func Start(ctx context.Context, kind string, args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &Process{cmd: exec.CommandContext(ctx, self, append([]string{Argument, kind}, args...)...)}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.lines = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := p.line()
	if err == nil {
		_, err = fmt.Sscanf(line, "ready %s %s", &p.GRPC, &p.HTTP)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the %s server does not start: %w", kind, err), p.Stop())
	}
	return p, nil
}

func (p *Process) line() (string, error) {
	if !p.lines.Scan() {
		return "", errors.Join(p.lines.Err(), errors.New("it has ended"))
	}
	return p.lines.Text(), nil
}

func (p *Process) ask(format string, args ...any) (string, error) {
	if _, err := fmt.Fprintf(p.in, format+"\n", args...); err != nil {
		return "", err
	}
	return p.line()
}

// CPU is how long the child has been on a processor since it began.
func (p *Process) CPU() (time.Duration, error) {
	line, err := p.ask("cpu")
	if err != nil {
		return 0, err
	}
	var micros int64
	_, err = fmt.Sscanf(line, "cpu %d", &micros)
	return time.Duration(micros) * time.Microsecond, err
}

// Size is how many bytes the child's store occupies, and how many of them hold
// nothing.
func (p *Process) Size() (size, free int64, err error) {
	line, err := p.ask("size")
	if err != nil {
		return 0, 0, err
	}
	_, err = fmt.Sscanf(line, "size %d %d", &size, &free)
	return size, free, err
}

// Collect has the child collect its garbage, so that a round does not pay for
// the one before.
func (p *Process) Collect() error {
	_, err := p.ask("collect")
	return err
}

// Profile has the child write a CPU profile from now on, to a file; "-" ends
// it.
func (p *Process) Profile(file string) error {
	line, err := p.ask("profile %s", file)
	if err == nil && line != "ok" {
		err = errors.New(line)
	}
	return err
}

// Stop ends the child and waits for it.
func (p *Process) Stop() error { return errors.Join(p.in.Close(), p.cmd.Wait()) }
