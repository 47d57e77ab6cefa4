package assessor

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/store/ledger"
)

// Kinds of objects in the ledger. Their values are part of the format.
const (
	kindChecklist  byte = 'k' // "{checklist} {version}" → ChecklistRecord
	kindAssignment byte = 'a' // "{assignment} {created}" → ConfigRecord
	kindPolicy     byte = 'p' // "{effective}" → ConfigRecord
	kindLink       byte = 'l' // "{source}~{id}" → LinkRecord
	kindClaim      byte = 'c' // "{system}/{claim}" → ClaimRecord
	kindPart       byte = 's' // "{system}/{source}/{snapshot}/{n}" → SnapshotPart
)

// guide is what holds for all systems from one instant to the next: policy,
// assignments, and the versions that "latest" stands for. It is immutable.
type guide struct {
	from        int64
	epoch       uint64
	policy      *merge.Policy
	policySrc   *pb.Policy
	policyHash  digest.Digest
	shortest    int64 // the least freshness of any source and fact, in microseconds
	assignments []*assignment
}

type assignment struct {
	src    *pb.Assignment
	id     string
	series string
	plan   *assess.Plan
}

// guides is the history of guides, by instant. It is immutable.
type guides struct {
	list []*guide // ascending by from; the first holds since ever
}

// at is the guide that holds at an instant.
func (g *guides) at(t int64) *guide {
	i, _ := slices.BinarySearchFunc(g.list, t, func(x *guide, t int64) int {
		if x.from <= t {
			return -1
		}
		return 1
	})
	return g.list[max(i-1, 0)]
}

// next is the least instant after t at which another guide comes into force.
func (g *guides) next(t int64) int64 {
	for _, x := range g.list {
		if x.from > t {
			return x.from
		}
	}
	return assess.Forever
}

// newest is the guide that holds last.
func (g *guides) newest() *guide { return g.list[len(g.list)-1] }

// library compiles checklists and plans once; both are immutable.
type library struct {
	mu       sync.Mutex
	compiled map[string]*assess.Checklist // "{checklist} {version}"
	plans    map[planKey]*assess.Plan
	log      *slog.Logger
}

type planKey struct {
	checklist digest.Digest
	profile   string
	tailoring digest.Digest
}

func newLibrary(log *slog.Logger) *library {
	return &library{log: log, compiled: map[string]*assess.Checklist{}, plans: map[planKey]*assess.Plan{}}
}

func versionKey(id, version string) string { return id + " " + version }

// checklist compiles a stored version, or finds it compiled.
func (l *library) checklist(rec *storev1.ChecklistRecord) (*assess.Checklist, error) {
	c := rec.Version.Checklist
	l.mu.Lock()
	defer l.mu.Unlock()
	if k, ok := l.compiled[versionKey(c.Id, c.Version)]; ok {
		return k, nil
	}
	k, problems := assess.Compile(c)
	if k == nil {
		return nil, fmt.Errorf("stored checklist %s@%s does not compile under this engine: %v", c.Id, c.Version, problems[0])
	}
	l.compiled[versionKey(c.Id, c.Version)] = k
	return k, nil
}

func (l *library) plan(c *assess.Checklist, profile string, t *pb.Tailoring) (*assess.Plan, error) {
	key := planKey{checklist: c.Digest(), profile: profile}
	if t != nil {
		key.tailoring = digest.Of(t)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.plans[key]; ok {
		return p, nil
	}
	p, err := c.Plan(profile, t)
	if err == nil {
		l.plans[key] = p
	}
	return p, err
}

// configuration is all that is stored about guidance and policy.
type configuration struct {
	checklists  map[string][]*storev1.ChecklistRecord // by id, by version ascending
	assignments []*storev1.ConfigRecord
	policies    []*storev1.ConfigRecord // by effective instant
}

func loadConfiguration(tx *ledger.Tx) (*configuration, error) {
	c := &configuration{checklists: map[string][]*storev1.ChecklistRecord{}}
	if err := eachObject(tx, kindChecklist, func(_ string, rec *storev1.ChecklistRecord) error {
		id := rec.Version.Checklist.Id
		c.checklists[id] = append(c.checklists[id], rec)
		return nil
	}); err != nil {
		return nil, err
	}
	for _, versions := range c.checklists {
		slices.SortFunc(versions, func(a, b *storev1.ChecklistRecord) int {
			return compareVersions(a.Version.Checklist.Version, b.Version.Checklist.Version)
		})
	}
	if err := eachObject(tx, kindAssignment, func(_ string, rec *storev1.ConfigRecord) error {
		c.assignments = append(c.assignments, rec)
		return nil
	}); err != nil {
		return nil, err
	}
	err := eachObject(tx, kindPolicy, func(_ string, rec *storev1.ConfigRecord) error {
		c.policies = append(c.policies, rec)
		return nil
	})
	slices.SortFunc(c.policies, func(a, b *storev1.ConfigRecord) int { return cmp.Compare(a.Effective, b.Effective) })
	return c, err
}

// compareVersions orders semantic versions; both were checked when published.
func compareVersions(a, b string) int {
	va, errA := semver.StrictNewVersion(a)
	vb, errB := semver.StrictNewVersion(b)
	if errA != nil || errB != nil {
		return strings.Compare(a, b)
	}
	return va.Compare(vb)
}

// instants are those at which what holds changes, ascending.
func (c *configuration) instants() []int64 {
	var out []int64
	for _, versions := range c.checklists {
		for _, v := range versions {
			out = append(out, v.Published)
		}
	}
	for _, a := range c.assignments {
		out = append(out, a.Effective)
		if a.Ended != 0 {
			out = append(out, a.Ended)
		}
	}
	for _, p := range c.policies {
		out = append(out, p.Effective)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// guides builds the history of what holds.
func (c *configuration) guides(l *library) (*guides, error) {
	first := &guide{from: ledger.MinInstant}
	if err := c.resolve(first, l); err != nil {
		return nil, err
	}
	out := &guides{list: []*guide{first}}
	for i, t := range c.instants() {
		g := &guide{from: t, epoch: uint64(i + 1)}
		if err := c.resolve(g, l); err != nil {
			return nil, err
		}
		out.list = append(out.list, g)
	}
	return out, nil
}

func (c *configuration) resolve(g *guide, l *library) error {
	g.policySrc = &pb.Policy{Name: "policy"}
	for _, p := range c.policies {
		if p.Effective <= g.from {
			g.policySrc = p.Policy
		}
	}
	var err error
	if g.policy, err = merge.Compile(g.policySrc); err != nil {
		return err
	}
	g.policyHash, g.shortest = digest.OfPolicy(g.policySrc), shortestFreshness(g.policySrc)
	for _, a := range c.assignments {
		if a.Effective > g.from || a.Ended != 0 && a.Ended <= g.from {
			continue
		}
		rec := c.version(a.Assignment.Checklist, a.Assignment.Version, g.from)
		if rec == nil {
			continue // nothing of it was published yet
		}
		k, err := l.checklist(rec)
		if err != nil {
			l.log.Error("an assignment is left out", "assignment", a.Assignment.Name, "error", err)
			continue
		}
		plan, err := l.plan(k, a.Assignment.Profile, a.Assignment.Tailoring)
		if err != nil {
			// A newer version may have dropped the profile; the series then ends
			// here rather than taking all others down.
			continue
		}
		g.assignments = append(g.assignments, &assignment{
			src: a.Assignment, id: strings.TrimPrefix(a.Assignment.Name, "assignments/"),
			series: seriesID(plan), plan: plan,
		})
	}
	return nil
}

func shortestFreshness(p *pb.Policy) int64 {
	shortest := merge.DefaultFreshness.Microseconds()
	if d := p.DefaultFreshness; d != nil {
		shortest = d.AsDuration().Microseconds()
	}
	for _, f := range p.Freshness {
		shortest = min(shortest, f.Duration.AsDuration().Microseconds())
	}
	return shortest
}

func isPrerelease(version string) bool { return strings.Contains(version, "-") }

// version is the published version that a name stands for at an instant; the
// latest is a release where there is one.
func (c *configuration) version(id, version string, t int64) *storev1.ChecklistRecord {
	var found *storev1.ChecklistRecord
	for _, v := range c.checklists[id] {
		own := v.Version.Checklist.Version
		switch {
		case v.Published > t:
		case version == own:
			return v
		case version != "" && version != "latest":
		case found == nil || !isPrerelease(own) || isPrerelease(found.Version.Checklist.Version):
			found = v
		}
	}
	return found
}

func seriesID(p *assess.Plan) string {
	return p.Checklist().ID() + "~" + p.Profile() + "~" + p.Tailoring()
}

// tailoring is the one under which an assignment made a series at an instant;
// nil for none.
func (c *configuration) tailoring(series string, t int64) *pb.Tailoring {
	p := splitSeries(series)
	for _, a := range c.assignments {
		in := a.Effective <= t && (a.Ended == 0 || t < a.Ended)
		if x := a.Assignment.Tailoring; in && x != nil && a.Assignment.Checklist == p[0] && a.Assignment.Profile == p[1] && x.Id == p[2] {
			return x
		}
	}
	return nil
}

// selects tells whether a system falls under a selector. A condition on what
// is not known does not hold.
func selects(s *pb.Selector, system string, sys *pb.System) bool {
	if len(s.GetSystems()) > 0 && !slices.Contains(s.Systems, system) {
		return false
	}
	if s.GetProduct() != "" && sys.GetProduct() != s.Product || s.GetEnvironment() != "" && sys.GetEnvironment() != s.Environment {
		return false
	}
	for k, v := range s.GetLabels() {
		if got, ok := sys.GetLabels()[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// reload reads what holds from the store. It is called after every change of
// it, and at the start.
func (a *Assessor) reload(ctx context.Context) error {
	return a.ledger.View(ctx, func(tx *ledger.Tx) error {
		c, err := loadConfiguration(tx)
		if err != nil {
			return err
		}
		g, err := c.guides(a.library)
		if err != nil {
			return err
		}
		a.config.Store(c)
		a.guides.Store(g)
		return nil
	})
}
