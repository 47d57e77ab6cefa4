//go:build race

package assess_test

// raceDetector tells whether the race detector is on, which makes all slower.
const raceDetector = true
