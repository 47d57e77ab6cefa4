package loadgen

import (
	"fmt"
	"iter"
	"math"
	"sort"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Sources of a fleet's submissions.
const (
	SourceDatabase = "cmdb"
	SourceScanner  = "scanner"
)

// Fleet is a fleet. It is safe for concurrent use.
type Fleet struct {
	cfg     Config
	sizes   []float64 // cumulated probabilities of a system's sizes
	systems int
	last    int // hosts of the last system, which is cut to the total
}

// New makes a fleet.
func New(c Config) (*Fleet, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	f := &Fleet{cfg: c}
	total := 0.0
	for n := 1; n <= c.LargestSystem; n++ {
		total += math.Pow(float64(n), -c.Skew)
		f.sizes = append(f.sizes, total)
	}
	for hosts := 0; hosts < c.Hosts; f.systems++ {
		f.last = min(f.drawSize(f.systems), c.Hosts-hosts)
		hosts += f.last
	}
	return f, nil
}

// Kinds of things, which are the first names of their draws.
const (
	ofSize uint64 = iota
	ofSystem
	ofHost
	ofListener
	ofChannel
	ofYear
	ofSync
)

func (f *Fleet) drawSize(system int) int {
	v := drawFor(f.cfg.Seed, ofSize, uint64(system)).unit() * f.sizes[len(f.sizes)-1]
	return 1 + sort.SearchFloat64s(f.sizes, v)
}

// Hosts is how many hosts there are at the fleet's instant.
func (f *Fleet) Hosts() int { return f.cfg.Hosts }

// At is the instant at which the fleet stands.
func (f *Fleet) At() time.Time { return f.cfg.At }

// Systems is how many systems there are; they are numbered from 0.
func (f *Fleet) Systems() int { return f.systems }

// Size is how many hosts a system has at the fleet's instant.
func (f *Fleet) Size(system int) int {
	if system == f.systems-1 {
		return f.last
	}
	return f.drawSize(system)
}

// SystemID is the id of a system.
func (f *Fleet) SystemID(system int) string {
	return fmt.Sprintf("%s%s-%06d", f.cfg.Prefix, f.system(system).service, system)
}

// Submission is what the database says of a system at an instant.
func (f *Fleet) Submission(system int, at time.Time) *pb.SubmitInventoryRequest {
	s := f.system(system)
	return &pb.SubmitInventoryRequest{
		System: "systems/" + f.SystemID(system), Source: SourceDatabase, ObservedTime: stamp(at), Inventory: f.inventory(s, at),
	}
}

// Scan is what the scanner says of a system at an instant; nil where it does not
// look, or finds nothing.
func (f *Fleet) Scan(system int, at time.Time) *pb.UpsertHostsRequest {
	s := f.system(system)
	if !s.scanned {
		return nil
	}
	u := &pb.UpsertHostsRequest{System: "systems/" + f.SystemID(system), Source: SourceScanner, ObservedTime: stamp(at)}
	for i := range f.numbers(s, at) {
		if h := f.scan(s, i, at); h != nil {
			u.Hosts = append(u.Hosts, h)
		}
	}
	if len(u.Hosts) == 0 {
		return nil
	}
	return u
}

// Items are the submissions of the whole fleet at its instant, system by system.
// They belong to the caller. Request ids are not set.
func (f *Fleet) Items() iter.Seq[*pb.SubmitItem] {
	return func(yield func(*pb.SubmitItem) bool) {
		for i := range f.systems {
			if !yield(submitItem(f.Submission(i, f.cfg.At))) {
				return
			}
			if u := f.Scan(i, f.cfg.At); u != nil && !yield(upsertItem(u)) {
				return
			}
		}
	}
}

func submitItem(s *pb.SubmitInventoryRequest) *pb.SubmitItem {
	return &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: s}}
}

func upsertItem(u *pb.UpsertHostsRequest) *pb.SubmitItem {
	return &pb.SubmitItem{Item: &pb.SubmitItem_Upsert{Upsert: u}}
}

// numbers are the numbers of a system's hosts that are there at an instant. Some
// come and some go within the year after the fleet's instant.
func (f *Fleet) numbers(s *system, at time.Time) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range s.hosts {
			if !f.cfg.At.Before(at) || !f.leaves(s, i, at) {
				if !yield(i) {
					return
				}
			}
		}
		for i, n := s.hosts, 0; n < s.joins; i, n = i+1, n+1 {
			if !at.Before(f.joinsAt(s, i)) && !yield(i) {
				return
			}
		}
	}
}

// Shares of hosts that come and go within a year.
const (
	shareJoins  = 0.06
	shareLeaves = 0.05
)

func (f *Fleet) leaves(s *system, host int, at time.Time) bool {
	d := drawFor(f.cfg.Seed, ofYear, uint64(s.number), uint64(host))
	goes, when := d.likely(shareLeaves), d.span(10*day, 360*day)
	return goes && host > 0 && !at.Before(f.cfg.At.Add(when))
}

func (f *Fleet) joinsAt(s *system, host int) time.Time {
	return f.cfg.At.Add(drawFor(f.cfg.Seed, ofYear, uint64(s.number), uint64(host)).span(10*day, 360*day))
}
