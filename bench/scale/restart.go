package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/plumbline/plumbline/clients/loadgen"
)

// restarted starts again over the file, and watches the memory of a service
// that reads and evaluates everything.
func restarted(ctx context.Context, file string, fleet *loadgen.Fleet, g *goals) error {
	debug.FreeOSMemory()
	before := anonymous()
	start := time.Now()
	return withService(ctx, file, false, fleet.At().Add(2*24*time.Hour), func(v *service) error {
		seconds := time.Since(start).Seconds()
		started := anonymous()
		fmt.Printf("\nstart: %.3f s to SERVING\n", seconds)
		peak, err := peakOf(func() error {
			if _, err := v.reads(ctx, fleet); err != nil {
				return err
			}
			return v.full(ctx)
		})
		if err != nil {
			return err
		}
		fmt.Printf("memory of its own: %d MiB before, %d when started, %d at most while everything is evaluated\n", before>>20, started>>20, peak>>20)
		g.atMost("start-s", seconds, 2)
		if peak > 0 {
			g.atMost("resident-mb", float64(peak)/1e6, 300)
		}
		return nil
	})
}
