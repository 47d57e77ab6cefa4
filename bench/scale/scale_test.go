package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/plumbline/plumbline/clients/loadgen"
)

// TestMeasured runs everything over a small fleet. It fails where a submission is
// rejected, where the rules by hand and the engine differ, and where a goal is
// not measured.
func TestMeasured(t *testing.T) {
	fleet, err := loadgen.New(loadgen.Config{Seed: 1, Hosts: 1000, LargestSystem: 60, Scanned: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	var g goals
	file := t.TempDir() + "/scale.db"
	s := settings{hosts: fleet.Hosts(), quick: true, rounds: 1, year: 3}
	if err := withService(t.Context(), file, true, fleet.At(), func(v *service) error { return measured(t.Context(), s, v, fleet, &g) }); err != nil {
		t.Fatal(err)
	}
	if err := restarted(t.Context(), file, fleet, &g); err != nil {
		t.Fatal(err)
	}
	if err := year(t.Context(), s, t.TempDir()+"/year.db", &g); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"reassess-vs-floor", "reassess-cpu-s", "reassess-idle-ms", "reassess-due-share", "read-growth", "read-p99-ms", "start-s", "year-bytes-a-system",
	} {
		if !slices.ContainsFunc(g, func(line string) bool { return strings.Contains(line, " "+name+" ") }) {
			t.Errorf("%s was not measured", name)
		}
	}
}
