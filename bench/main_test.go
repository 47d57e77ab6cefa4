package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/load"
	"github.com/plumbline/plumbline/bench/peer"
)

// TestMain is the program's main for the children, which are this program too.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == peer.Argument {
		if err := peer.Serve(context.Background(), os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// start starts a child that ends with the test.
func start(t *testing.T, kind string, args ...string) *peer.Process {
	t.Helper()
	// The test's context ends before its cleanup, which is to end the child in order.
	p, err := peer.Start(context.WithoutCancel(t.Context()), kind, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	})
	return p
}

// TestPlumbline: every client of the server that is measured gets what it
// checks for.
func TestPlumbline(t *testing.T) {
	const systems = 40
	ctx := t.Context()
	p := start(t, "plumbline", filepath.Join(t.TempDir(), "plumbline.db"))
	g, err := load.Dial(ctx, p.GRPC, 2)
	if err != nil {
		t.Fatal(err)
	}
	drawn := estate.Hosts(seed, 8)
	w := &load.Work{Estate: estate.New(drawn), Systems: systems}
	if d, err := g.Stream(ctx, w, 2, 0, 2*systems); err != nil || d.Count != 2*systems {
		t.Errorf("%d of %d submissions over streams: %v", d.Count, 2*systems, err)
	}
	const span = 50 * time.Millisecond
	if d, err := g.Unary(ctx, w, 4, span); err != nil || d.Count == 0 {
		t.Errorf("%d unary submissions: %v", d.Count, err)
	}
	if d, err := g.Assess(ctx, w, 2, span); err != nil || d.Count == 0 {
		t.Errorf("%d assessments: %v", d.Count, err)
	}
	posts, err := load.NewSubmissions(drawn)
	if err != nil {
		t.Fatal(err)
	}
	h := load.NewHTTP(2)
	if d, err := h.Submit(ctx, p.HTTP, posts, systems, span); err != nil || d.Count == 0 {
		t.Errorf("%d REST submissions: %v", d.Count, err)
	}
	h.Close()
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	cpu, err := p.CPU()
	size, free, sizeErr := p.Size()
	if err != nil || cpu <= 0 || sizeErr != nil || size <= free {
		t.Errorf("the server used %v (%v) and has %d bytes, %d of them free (%v)", cpu, err, size, free, sizeErr)
	}
}

// TestOPA: OPA's server decides.
func TestOPA(t *testing.T) {
	q, err := load.NewQuestions(estate.Hosts(seed, 4))
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "opa")
	h := load.NewHTTP(2)
	defer h.Close()
	if d, err := h.Decide(t.Context(), p.HTTP, q, 50*time.Millisecond); err != nil || d.Count == 0 {
		t.Errorf("%d decisions: %v", d.Count, err)
	}
}

// TestGoalLines are what scripts read.
func TestGoalLines(t *testing.T) {
	var out bytes.Buffer
	r := &report{out: &out}
	r.goal("a", 1.234, atMost, 1.8)
	r.goal("b", 1.9, atMost, 1.8)
	r.goal("c", 10, atLeast, 10)
	r.goal("d", 0, atLeast, 10)
	r.finish()
	want := "goal a 1.23 <= 1.8 ok\ngoal b 1.90 <= 1.8 missed\ngoal c 10.00 >= 10 ok"
	if got := strings.TrimSpace(out.String()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestNames: each part and goal can be asked for by its name, once.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range names() {
		if seen[n] {
			t.Errorf("%q stands twice", n)
		}
		seen[n] = true
	}
}
