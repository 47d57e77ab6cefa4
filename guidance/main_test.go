package guidance

import (
	"flag"
	"os"
	"strconv"
	"testing"
)

// TestMain sets how often properties are tried, unless the command line does
// (-rapid.checks=1000): there is a property for every rule that ships.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given && raceDetector {
		if err := flag.Set("rapid.checks", strconv.Itoa(10)); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
