package main

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plumbline/plumbline/clients/loadgen"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// readTimes are how long reads took, in milliseconds, sorted, by their names.
type readTimes map[string][]float64

// Sampled are systems that a dashboard shows: not the few very large ones, of
// which the findings alone fill pages.
const (
	sampledSystems = 200
	sampledHosts   = 20 // at most
)

// reads asks what a dashboard asks, of systems that are there from the
// beginning, one call after the other.
func (v *service) reads(ctx context.Context, fleet *loadgen.Fleet) (readTimes, error) {
	var names []string
	for i := 0; i < fewSystems(fleet) && len(names) < sampledSystems; i++ {
		if fleet.Size(i) <= sampledHosts {
			names = append(names, "systems/"+fleet.SystemID(i))
		}
	}
	inventory, assessment, history := pb.NewInventoryServiceClient(v.conn), pb.NewAssessmentServiceClient(v.conn), pb.NewHistoryServiceClient(v.conn)
	series, err := assessment.ListSeries(ctx, &pb.ListSeriesRequest{Parent: names[0]})
	if err != nil || len(series.Series) != 1 {
		return nil, fmt.Errorf("%s has %d series: %w", names[0], len(series.GetSeries()), err)
	}
	suffix := series.Series[0].Name[len(names[0]):]
	all := "fleet/" + strings.TrimPrefix(suffix, "/series/")
	calls := map[string]func(string) error{
		"GetSystem": func(s string) error {
			_, err := inventory.GetSystem(ctx, &pb.GetSystemRequest{Name: s})
			return err
		},
		"ListSystems": func(string) error {
			_, err := inventory.ListSystems(ctx, &pb.ListSystemsRequest{})
			return err
		},
		"GetAssessment": func(s string) error {
			_, err := assessment.GetAssessment(ctx, &pb.GetAssessmentRequest{Name: s + suffix})
			return err
		},
		"ListFindings": func(s string) error {
			_, err := assessment.ListFindings(ctx, &pb.ListFindingsRequest{Parent: s})
			return err
		},
		"ListBreakpoints": func(s string) error {
			_, err := assessment.ListBreakpoints(ctx, &pb.ListBreakpointsRequest{Parent: s + suffix})
			return err
		},
		"GetFleet": func(string) error {
			_, err := history.GetFleet(ctx, &pb.GetFleetRequest{Name: all})
			return err
		},
		"ListWorstSystems": func(string) error {
			_, err := history.ListWorstSystems(ctx, &pb.ListWorstSystemsRequest{Name: all})
			return err
		},
		"ListFailingRules": func(string) error {
			_, err := history.ListFailingRules(ctx, &pb.ListFailingRulesRequest{Name: all})
			return err
		},
	}
	out := readTimes{}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		times, err := timeCalls(names, calls[name])
		switch status.Code(err) {
		case codes.OK:
			out[name] = times
		case codes.Unimplemented:
			fmt.Printf("  %s is not measured: %v\n", name, status.Convert(err).Message())
		default:
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

func timeCalls(names []string, call func(string) error) ([]float64, error) {
	for _, s := range names[:min(20, len(names))] { // connections and caches
		if err := call(s); err != nil {
			return nil, err
		}
	}
	runtime.GC()
	var out []float64
	for range 3 {
		for _, s := range names {
			start := time.Now()
			if err := call(s); err != nil {
				return nil, err
			}
			out = append(out, time.Since(start).Seconds()*1e3)
		}
	}
	slices.Sort(out)
	return out, nil
}

// compareReads prints the reads with few and with many systems stored.
func compareReads(few, many readTimes, g *goals) {
	fmt.Printf("\nreads, in milliseconds by the clock: with a hundredth of the systems, and with all\n")
	fmt.Printf("  %-18s %10s %10s %10s %8s\n", "", "few", "many", "99 % many", "growth")
	growth, p99 := 0.0, 0.0
	for _, name := range slices.Sorted(maps.Keys(many)) {
		a, b := few[name], many[name]
		if len(a) == 0 {
			continue
		}
		grew, high := b[len(b)/2]/a[len(a)/2], b[len(b)*99/100]
		fmt.Printf("  %-18s %10.3f %10.3f %10.3f %8.2f\n", name, a[len(a)/2], b[len(b)/2], high, grew)
		growth, p99 = max(growth, grew), max(p99, high)
	}
	g.atMost("read-growth", growth, 2)
	g.atMost("read-p99-ms", p99, 5)
}
