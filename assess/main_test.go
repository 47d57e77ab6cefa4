package assess_test

import (
	"flag"
	"os"
	"strconv"
	"testing"
)

// TestMain sets how often properties are tried, unless the command line does:
// evaluating is cheap, but not under the race detector.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		checks := 100
		if raceDetector {
			checks = 15
		}
		if err := flag.Set("rapid.checks", strconv.Itoa(checks)); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
