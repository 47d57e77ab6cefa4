package main

import (
	"fmt"
	"io"
	"strings"
)

// report prints tables as they come and keeps the goals for the end.
type report struct {
	out   io.Writer
	goals []goal
}

// goal is a bound and what was measured.
type goal struct {
	name  string
	value float64
	bound float64
	side  side
}

// side says on which side of the bound the value must be.
type side string

const (
	atMost  side = "<="
	atLeast side = ">="
)

// goal keeps a goal for the end. A value of 0 is one that was not measured,
// since another part was asked for.
func (r *report) goal(name string, value float64, s side, bound float64) {
	if value == 0 {
		return
	}
	r.goals = append(r.goals, goal{name, value, bound, s})
}

func (g goal) String() string {
	verdict := "missed"
	if g.side == atMost && g.value <= g.bound || g.side == atLeast && g.value >= g.bound {
		verdict = "ok"
	}
	return fmt.Sprintf("goal %s %.2f %s %v %s", g.name, g.value, g.side, g.bound, verdict)
}

func (r *report) section(format string, args ...any) {
	fmt.Fprintf(r.out, "\n%s\n", fmt.Sprintf(format, args...))
}

func (r *report) note(format string, args ...any) {
	fmt.Fprintf(r.out, "  %s\n", fmt.Sprintf(format, args...))
}

// row prints a line of a table: a name and figures.
func (r *report) row(name string, figures ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-40s", name)
	for _, f := range figures {
		fmt.Fprintf(&b, " %17s", f)
	}
	fmt.Fprintln(r.out, b.String())
}

// finish prints the goals, the last thing of a run.
func (r *report) finish() {
	fmt.Fprintln(r.out)
	for _, g := range r.goals {
		fmt.Fprintln(r.out, g)
	}
}

func micro(seconds float64) string  { return fmt.Sprintf("%.2f", seconds*1e6) }
func ratio(v float64) string        { return fmt.Sprintf("%.2f", v) }
func percent(share float64) string  { return fmt.Sprintf("%.0f %%", share*100) }
func rate(perSecond float64) string { return fmt.Sprintf("%.0f", perSecond) }
