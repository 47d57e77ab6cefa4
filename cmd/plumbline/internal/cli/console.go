package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Console writes notes for people to standard error while something runs: lines
// that stay, and on a terminal one line of progress that is written over. It is
// safe for concurrent use.
type Console struct {
	mu       sync.Mutex
	w        io.Writer
	live     bool
	now      func() time.Time
	last     time.Time
	progress string
}

// NewConsole makes a console on standard error.
func (a *App) NewConsole() *Console {
	_, live := terminalWidth(a.Err)
	return &Console{w: a.Err, live: live, now: a.Now}
}

// Line writes a line that stays.
func (c *Console) Line(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wipe()
	fmt.Fprintf(c.w, format+"\n", args...)
	c.draw()
}

// Status replaces the line of progress, not more often than people can read.
func (c *Console) Status(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if !c.live || now.Sub(c.last) < 200*time.Millisecond {
		return
	}
	c.wipe()
	c.last, c.progress = now, fmt.Sprintf(format, args...)
	c.draw()
}

// End takes the line of progress away.
func (c *Console) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wipe()
	c.progress = ""
}

func (c *Console) wipe() {
	if c.progress != "" {
		fmt.Fprint(c.w, "\r\x1b[K")
	}
}

func (c *Console) draw() { fmt.Fprint(c.w, c.progress) }
