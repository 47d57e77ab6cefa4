//go:build race

package digest

// raceDetector says whether the race detector is on, under which pools forget
// at random and allocations mean nothing.
const raceDetector = true
