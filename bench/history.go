package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/plumbline/plumbline/bench/estate"
	"github.com/plumbline/plumbline/bench/space"
)

// fullCycle is how many versions of a host there are to one that is stored
// whole: over fewer the mean would depend on where one begins.
const fullCycle = 17

// history measures bytes on disk.
func history(ctx context.Context, s settings, r *report) (err error) {
	folder, err := os.MkdirTemp(s.dir, "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	systems := s.rounds(1000, 300)
	st, err := space.Open(ctx, folder, systems)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	before, err := st.Commits(ctx)
	if err != nil {
		return err
	}
	release, flip := 0, false
	now := func(int) estate.Change { return estate.Change{Release: release, Flip: flip} }
	// passes is the mean of a kind of pass over so many.
	passes := func(n int, outcome string, turn func()) (float64, error) {
		total := 0.0
		for range n {
			turn()
			bytes, err := st.Pass(ctx, outcome, now)
			if err != nil {
				return 0, err
			}
			total += bytes
		}
		return total / float64(n), nil
	}
	// What comes first splits the pages that inserting left full.
	if _, err := passes(3, "updated", func() { release++; flip = !flip }); err != nil {
		return err
	}
	version, err := passes(fullCycle, "updated", func() { release++ })
	if err != nil {
		return err
	}
	both, err := passes(fullCycle, "updated", func() { flip = !flip })
	if err != nil {
		return err
	}
	unchanged, err := passes(fullCycle, "unchanged", func() {})
	if err != nil {
		return err
	}
	commits, err := st.Commits(ctx)
	if err != nil {
		return err
	}
	aged, byTime, err := st.Age(ctx, 24*time.Hour)
	if err != nil {
		return err
	}
	r.section("bytes on disk: %d systems, %d passes of each kind, %.0f submissions a commit",
		systems, fullCycle, float64((3*fullCycle+3)*systems)/float64(commits-before))
	r.row("", "bytes")
	r.row("an unchanged submission", one(unchanged))
	r.row("one with another inventory", one(version))
	r.row("one with another inventory and result", one(both))
	r.row(fmt.Sprintf("a breakpoint by time (%d in 24 h)", aged), one(byTime))
	r.goal("history-unchanged-bytes", unchanged, atMost, 40)
	// A breakpoint, with the audit entry that is all an unchanged submission leaves.
	r.goal("history-changed-bytes", both-version+unchanged, atMost, 96)
	r.goal("inventory-version-bytes", version, atMost, 400)
	return nil
}

func one(v float64) string { return fmt.Sprintf("%.1f", v) }
