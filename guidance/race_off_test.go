//go:build !race

package guidance

const raceDetector = false
