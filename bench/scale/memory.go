package main

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// anonymous is how many bytes of memory are the process's own; those of mapped
// files, which the kernel may take back at any time, are left out.
func anonymous() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0 // not on this system: the goal then is not printed
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// peakOf samples memory while a function runs.
func peakOf(f func() error) (peak int64, err error) {
	var sampling sync.WaitGroup
	done := make(chan struct{})
	sampling.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, anonymous())
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	err = f()
	close(done)
	sampling.Wait()
	return peak, err
}

// loadAverage is how busy the machine is, where it says so.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}
