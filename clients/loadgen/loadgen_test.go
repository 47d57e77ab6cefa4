package loadgen_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/clients/loadgen"
)

func fleet(t *testing.T, c loadgen.Config) *loadgen.Fleet {
	t.Helper()
	f, err := loadgen.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSameSeedSameBytes holds what a seed means: figures of different machines
// and years are of the same fleet only while this digest stands.
func TestSameSeedSameBytes(t *testing.T) {
	const (
		ofFleet = "d090431d82815b7903bdf7ae90988cb54101643e3887cd249119a65f76930e06"
		ofYear  = "df1ac59dc57cc6840350be75e19439784bb2a7ba58051e33757007ac5881344c"
	)
	f := fleet(t, loadgen.Config{Seed: 1, Hosts: 300, Scanned: 0.3})
	var file bytes.Buffer
	n, err := loadgen.WriteLines(&file, f.Items())
	if err != nil || n < 10 {
		t.Fatalf("%d items: %v", n, err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(file.Bytes())); got != ofFleet {
		t.Errorf("the fleet of seed 1 has the digest %s, not %s", got, ofFleet)
	}
	sum := sha256.New()
	for e := range f.Year(loadgen.YearConfig{Days: 30, Sample: 5}) {
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(e.Item)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(sum, e.At.UnixMicro())
		sum.Write(b)
	}
	if got := fmt.Sprintf("%x", sum.Sum(nil)); got != ofYear {
		t.Errorf("the year of seed 1 has the digest %s, not %s", got, ofYear)
	}
	var other bytes.Buffer
	if _, err := loadgen.WriteLines(&other, fleet(t, loadgen.Config{Seed: 2, Hosts: 300, Scanned: 0.3}).Items()); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(other.Bytes(), file.Bytes()) {
		t.Error("another seed makes the same fleet")
	}
}

// TestSizes: all hosts are there, each with an id of its own, in systems most of
// which are small and some large.
func TestSizes(t *testing.T) {
	f := fleet(t, loadgen.Config{Seed: 3, Hosts: 20_000})
	ids, single, largest := map[string]bool{}, 0, 0
	for i := range f.Systems() {
		hosts := f.Submission(i, f.At()).Inventory.Hosts
		if len(hosts) != f.Size(i) {
			t.Fatalf("system %d has %d hosts and says %d", i, len(hosts), f.Size(i))
		}
		for _, h := range hosts {
			if ids[h.Id] {
				t.Fatalf("host %s is there twice", h.Id)
			}
			ids[h.Id] = true
		}
		largest = max(largest, len(hosts))
		if len(hosts) == 1 {
			single++
		}
	}
	if len(ids) != 20_000 || largest < 300 || largest > 500 {
		t.Errorf("%d hosts, at most %d in a system", len(ids), largest)
	}
	if share := float64(single) / float64(f.Systems()); share < 0.3 || share > 0.5 {
		t.Errorf("%.2f of the systems have one host", share)
	}
}

// TestFaultRates: faults are there at the rates that were asked for, and only then.
func TestFaultRates(t *testing.T) {
	count := func(faults loadgen.Faults) (hosts, endpoints, expired, weak, old int) {
		f := fleet(t, loadgen.Config{Seed: 5, Hosts: 4000, Faults: &faults})
		for item := range f.Items() {
			for _, h := range item.GetSubmit().GetInventory().GetHosts() {
				hosts++
				if f.At().Sub(h.Os.PatchedTime.AsTime()) > 50*24*time.Hour {
					old++
				}
				for _, e := range h.Endpoints {
					endpoints++
					if !e.Tls.Certificate.NotAfter.AsTime().After(f.At()) {
						expired++
					}
					if e.Tls.Versions[0] == "TLSv1.0" {
						weak++
					}
				}
			}
		}
		return
	}
	if hosts, endpoints, expired, weak, old := count(loadgen.Faults{}); expired+weak+old != 0 {
		t.Errorf("without faults %d of %d certificates have expired, %d listeners are weak, %d of %d hosts are old", expired, endpoints, weak, old, hosts)
	}
	rates := loadgen.Faults{ExpiredCertificate: 0.1, WeakTLS: 0.2, OldPatch: 0.3}
	hosts, endpoints, expired, weak, old := count(rates)
	for _, c := range []struct {
		what      string
		got, of   int
		rate, tol float64
	}{{"expired", expired, endpoints, 0.1, 0.02}, {"weak", weak, endpoints, 0.2, 0.03}, {"old", old, hosts, 0.3, 0.03}} {
		if got := float64(c.got) / float64(c.of); got < c.rate-c.tol || got > c.rate+c.tol {
			t.Errorf("%s: %.3f where %.2f was asked for", c.what, got, c.rate)
		}
	}
}

// TestYear: what was promised of a year happens in it, in the order of time.
func TestYear(t *testing.T) {
	f := fleet(t, loadgen.Config{Seed: 7, Hosts: 150, LargestSystem: 12, Scanned: 0.5})
	var last time.Time
	type seen struct {
		content []byte
		at      time.Time
		hosts   int
	}
	before := map[string]seen{}
	confirmations, changes, late, scans, grown, shrunk, silences := 0, 0, 0, 0, 0, 0, 0
	for e := range f.Year(loadgen.YearConfig{}) {
		if e.At.Before(last) {
			t.Fatalf("%v comes after %v", e.At, last)
		}
		last = e.At
		if e.Item.GetUpsert() != nil {
			scans++
			continue
		}
		s := e.Item.GetSubmit()
		observed := s.ObservedTime.AsTime()
		if e.Late {
			if late++; !observed.Before(e.At) {
				t.Errorf("a late report of %v arrives at %v", observed, e.At)
			}
			continue
		}
		if !observed.Equal(e.At) {
			t.Errorf("a report of %v arrives at %v", observed, e.At)
		}
		content, err := proto.MarshalOptions{Deterministic: true}.Marshal(s.Inventory)
		if err != nil {
			t.Fatal(err)
		}
		now := seen{content, e.At, len(s.Inventory.Hosts)}
		if was, ok := before[s.System]; ok {
			if bytes.Equal(was.content, content) {
				confirmations++
			} else {
				changes++
			}
			if now.hosts > was.hosts {
				grown++
			}
			if now.hosts < was.hosts {
				shrunk++
			}
			if e.At.Sub(was.at) > 10*24*time.Hour {
				silences++
			}
		}
		before[s.System] = now
	}
	if confirmations < changes || changes == 0 || late == 0 || scans == 0 || grown == 0 || shrunk == 0 || silences == 0 {
		t.Errorf("%d confirmations, %d changes, %d late, %d scans, %d grew, %d shrank, %d silences", confirmations, changes, late, scans, grown, shrunk, silences)
	}
}

// TestConfig: what makes no sense is said.
func TestConfig(t *testing.T) {
	for _, c := range []struct {
		config loadgen.Config
		want   string
	}{
		{loadgen.Config{Hosts: -1}, "1 to"},
		{loadgen.Config{LargestSystem: 20_000}, "1 to 1000"},
		{loadgen.Config{Skew: -2}, "skew"},
		{loadgen.Config{Scanned: 1.5}, "scanned"},
		{loadgen.Config{Faults: &loadgen.Faults{WeakTLS: 2}}, "weak-tls"},
		{loadgen.Config{At: time.Unix(0, 0)}, "1970"},
		{loadgen.Config{Prefix: strings.Repeat("x", 33)}, "prefix"},
	} {
		if _, err := loadgen.New(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, and the error should name %q", c.config, err, c.want)
		}
	}
}

func BenchmarkHosts(b *testing.B) {
	f, err := loadgen.New(loadgen.Config{Seed: 1, Hosts: 20_000})
	if err != nil {
		b.Fatal(err)
	}
	hosts, size := 0, 0
	for b.Loop() {
		for i := range f.Systems() {
			s := f.Submission(i, f.At())
			hosts += len(s.Inventory.Hosts)
			for _, h := range s.Inventory.Hosts[:1] {
				size += proto.Size(h)
			}
			if hosts > 5000 {
				break
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(hosts), "ns/host")
}
