package diff_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain sets how often properties are tried, unless the command line does:
// each try compiles a whole checklist.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		if err := flag.Set("rapid.checks", "20"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
