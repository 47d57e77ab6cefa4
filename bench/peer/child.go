package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"

	"github.com/plumbline/plumbline/bench/measure"
)

// served is what a kind of server gives the child's side.
type served struct {
	grpc, http string
	size       func(context.Context) (size, free int64, err error) // nil where there is no store
	wait       func() error                                        // ends once the server has ended
}

// Serve is the child: it serves until the input ends, and then until what was
// taken is done.
func Serve(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var s *served
	var err error
	switch {
	case len(args) == 2 && args[0] == "plumbline":
		s, err = servePlumbline(ctx, args[1])
	case len(args) == 1 && args[0] == "opa":
		s, err = serveOPA(ctx)
	default:
		err = fmt.Errorf("no such server: %v", args)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "ready %s %s\n", s.grpc, s.http)
	c := child{served: s}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fmt.Fprintln(out, c.answer(ctx, lines.Text()))
	}
	c.endProfile()
	stop()
	return errors.Join(lines.Err(), s.wait())
}

type child struct {
	*served
	profile *os.File
}

func (c *child) answer(ctx context.Context, line string) string {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "cpu":
		return fmt.Sprintf("cpu %d", measure.CPUTime().Microseconds())
	case "size":
		if c.size == nil {
			return "size 0 0"
		}
		size, free, err := c.size(ctx)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("size %d %d", size, free)
	case "collect":
		runtime.GC()
		return "ok"
	case "profile":
		if err := c.startProfile(rest); err != nil {
			return err.Error()
		}
		return "ok"
	}
	return "what?"
}

func (c *child) startProfile(file string) (err error) {
	c.endProfile()
	if file == "-" {
		return nil
	}
	if c.profile, err = os.Create(file); err != nil {
		return err
	}
	return pprof.StartCPUProfile(c.profile)
}

func (c *child) endProfile() {
	if c.profile != nil {
		pprof.StopCPUProfile()
		_ = c.profile.Close() // a profile that is cut short says so when it is read
		c.profile = nil
	}
}
