//go:build race

package guidance

// raceDetector tells whether the race detector is on, which makes all slower.
const raceDetector = true
