package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/plumbline/plumbline/assess/score"
	"github.com/plumbline/plumbline/bench/byhand"
	"github.com/plumbline/plumbline/bench/rules"
	"github.com/plumbline/plumbline/clients/loadgen"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/store/ledger"
)

// The floor is the pipeline of a full re-evaluation with the rules by hand in
// the engine's place: systems are read and merged as the service does it, each
// host is asked the sixty rules, what comes out is compared with the stored
// state, what has changed is committed, and every system's head is written.
// What it leaves out is what belongs to evaluations that are kept and proven:
// finding subjects, digests, packing results with since when each has stood.

// beside is a kind of object that the service does not have.
const beside byte = 'Z'

// floorBatch is how many systems one View looks at and one commit writes.
const floorBatch = 256

// found is what came out for one system.
type found struct {
	id     string
	states []byte // one a host and rule, where they are others than the stored ones
}

// floor evaluates every system by hand and returns how many have changed.
func (v *service) floor(ctx context.Context, fleet *loadgen.Fleet) (changed int, err error) {
	batches := make(chan []found, 2)
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(batches)
		return v.lookAtAll(inner, fleet, fleet.Systems(), func(out []found) error {
			select {
			case batches <- out:
				return nil
			case <-inner.Done():
				return inner.Err()
			}
		})
	})
	g.Go(func() error {
		for b := range batches {
			n, err := v.write(inner, b)
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	return changed, g.Wait()
}

// lookAtAll looks at systems, several batches at once.
func (v *service) lookAtAll(ctx context.Context, fleet *loadgen.Fleet, systems int, done func([]found) error) error {
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(2)
	machines := sync.Pool{New: func() any { return new(hand) }}
	for from := 0; from < systems && inner.Err() == nil; from += floorBatch {
		g.Go(func() error {
			ids := make([]string, 0, floorBatch)
			for i := from; i < min(from+floorBatch, systems); i++ {
				ids = append(ids, fleet.SystemID(i))
			}
			h := machines.Get().(*hand)
			defer machines.Put(h)
			var out []found
			err := v.assessor.LookAt(inner, ids, func(l *past.Look) error {
				if l.System == ids[0] {
					out = out[:0] // the View begins anew
				}
				f, err := h.system(l)
				out = append(out, f)
				return err
			})
			if err != nil {
				return err
			}
			return done(out)
		})
	}
	return g.Wait()
}

// hand evaluates by hand.
type hand struct {
	machine byhand.Machine
	rows    []rules.Row
	states  []byte
}

func (h *hand) system(l *past.Look) (found, error) {
	f := found{id: l.System}
	assignments := l.Assignments()
	if len(assignments) != 1 {
		return f, fmt.Errorf("%s has %d assignments", l.System, len(assignments))
	}
	var counts [score.NumStates]int32
	h.states = h.states[:0]
	for _, host := range l.Merged.Inventory.Hosts {
		h.rows = h.machine.Run(host, l.At, h.rows[:0])
		for i := range h.rows {
			counts[h.rows[i].State]++
			h.states = append(h.states, byte(h.rows[i].State))
		}
	}
	stored, err := l.Stored(assignments[0].Series)
	if err != nil {
		return f, err
	}
	if stored == nil || !slices.Equal(counts[:], stored.Summary.Counts) {
		f.states = bytes.Clone(h.states)
	}
	return f, nil
}

// write commits what has changed, and every system's head.
func (v *service) write(ctx context.Context, batch []found) (changed int, err error) {
	_, err = v.ledger.Commit(ctx, v.clock.Load(), func(b *ledger.Batch) error {
		changed = 0
		for _, f := range batch {
			n, ok := b.Number('s', f.id)
			if !ok {
				return fmt.Errorf("%s is not stored", f.id)
			}
			head, err := b.Head('s', n)
			if err != nil {
				return err
			}
			b.PutHead('s', n, bytes.Clone(head))
			if f.states != nil {
				changed++
				b.PutObject(beside, f.id, f.states)
			}
		}
		return b.Err()
	})
	return changed, err
}

// agree holds the rules by hand to the stored states of some systems, right
// after the engine has evaluated them.
func (v *service) agree(ctx context.Context, fleet *loadgen.Fleet) error {
	var mu sync.Mutex
	differ, looked := []string{}, 0
	err := v.lookAtAll(ctx, fleet, min(2000, fleet.Systems()), func(out []found) error {
		mu.Lock()
		defer mu.Unlock()
		for _, f := range out {
			looked++
			if f.states != nil {
				differ = append(differ, f.id)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case looked == 0:
		return errors.New("no system was compared")
	case len(differ) > 0:
		return fmt.Errorf("of %d systems %d come out otherwise by hand: %v", looked, len(differ), differ[:min(5, len(differ))])
	}
	return nil
}
