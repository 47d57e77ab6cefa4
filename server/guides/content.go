package guides

import (
	"cmp"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// Kinds of objects in the ledger. Their values are part of the format.
const (
	kindChecklist  byte = 'k' // "{checklist} {version}" → ChecklistRecord
	kindAssignment byte = 'a' // "{assignment} {effective}" → ConfigRecord
	kindPolicy     byte = 'p' // "{effective}" → ConfigRecord
	kindTailoring  byte = 'v' // "{tailoring} {version}" → TailoringRecord
	kindLabels     byte = 'f' // "{effective}" → ConfigRecord
)

// Latest stands for the newest version that can be used.
const Latest = "latest"

// content is all that is stored. It is immutable.
type content struct {
	checklists  map[string][]*storev1.ChecklistRecord // by id, by version ascending
	decoded     map[string]*storev1.ChecklistRecord   // the same, by the names of their objects
	tailorings  map[string][]*storev1.TailoringRecord // by id, by version ascending
	assignments []*storev1.ConfigRecord               // by id, then by effective instant
	policies    []*storev1.ConfigRecord               // by effective instant
	labels      []*storev1.ConfigRecord               // by effective instant
}

// load reads what is stored. Checklists are long and hardly ever rewritten:
// those that were read before are kept, but for the rewritten ones.
func load(tx *ledger.Tx, before *content, rewritten map[string]bool) (*content, error) {
	c := &content{
		checklists: map[string][]*storev1.ChecklistRecord{}, decoded: map[string]*storev1.ChecklistRecord{},
		tailorings: map[string][]*storev1.TailoringRecord{},
	}
	for key, b := range tx.Objects(kindChecklist, "") {
		var rec *storev1.ChecklistRecord
		if before != nil && !rewritten[key] {
			rec = before.decoded[key]
		}
		if rec == nil {
			var err error
			if rec, err = envelope.Decode[storev1.ChecklistRecord](b); err != nil {
				return nil, err
			}
		}
		id := rec.Version.Checklist.Id
		c.decoded[key], c.checklists[id] = rec, append(c.checklists[id], rec)
	}
	for _, versions := range c.checklists {
		slices.SortFunc(versions, func(a, b *storev1.ChecklistRecord) int {
			return compareVersions(a.Version.Checklist.Version, b.Version.Checklist.Version)
		})
	}
	if err := envelope.Each(tx, kindTailoring, func(_ string, rec *storev1.TailoringRecord) error {
		id := rec.Version.Tailoring.Id
		c.tailorings[id] = append(c.tailorings[id], rec)
		return nil
	}); err != nil {
		return nil, err
	}
	if err := envelope.Each(tx, kindAssignment, func(_ string, rec *storev1.ConfigRecord) error {
		c.assignments = append(c.assignments, rec)
		return nil
	}); err != nil {
		return nil, err
	}
	if err := envelope.Each(tx, kindLabels, func(_ string, rec *storev1.ConfigRecord) error {
		c.labels = append(c.labels, rec)
		return nil
	}); err != nil {
		return nil, err
	}
	err := envelope.Each(tx, kindPolicy, func(_ string, rec *storev1.ConfigRecord) error {
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
func (c *content) instants() []int64 {
	var out []int64
	add := func(instants ...int64) {
		for _, t := range instants {
			if t != 0 {
				out = append(out, t)
			}
		}
	}
	for _, versions := range c.checklists {
		for _, v := range versions {
			add(v.Published, v.Withdrawn)
		}
	}
	for _, versions := range c.tailorings {
		for _, v := range versions {
			add(v.Published)
		}
	}
	for _, a := range c.assignments {
		add(a.Effective, a.Ended)
	}
	for _, p := range c.policies {
		add(p.Effective)
	}
	for _, l := range c.labels {
		add(l.Effective)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// history builds the guides. An instant at which nothing changes that systems
// are assessed under, such as the publishing of a checklist that nobody is
// assigned to, has none of its own: it would have every system evaluated again.
func (c *content) history(l *library, log *slog.Logger) (*History, error) {
	out := &History{}
	for _, t := range append([]int64{ledger.MinInstant}, c.instants()...) {
		g := &Guide{From: t, Epoch: uint64(len(out.list)), problems: map[string]string{}}
		if err := c.resolve(g, l, log); err != nil {
			return nil, err
		}
		if n := len(out.list); n == 0 || !g.same(out.list[n-1]) {
			out.list = append(out.list, g)
		}
	}
	return out, nil
}

func (c *content) resolve(g *Guide, l *library, log *slog.Logger) error {
	g.PolicySource = &pb.Policy{Name: "policy"}
	for _, p := range c.policies {
		if p.Effective <= g.From {
			g.PolicySource = p.Policy
		}
	}
	if l := c.labelsAt(g.From); l != nil {
		g.Labels = labelsOf(l)
	}
	var err error
	if g.Policy, err = merge.Compile(g.PolicySource); err != nil {
		return err
	}
	g.PolicyDigest, g.Shortest = digest.OfPolicy(g.PolicySource), shortestFreshness(g.PolicySource)
	for _, a := range c.assignments {
		if !holds(a, g.From) {
			continue
		}
		id := strings.TrimPrefix(a.Assignment.Name, "assignments/")
		plan, problem := c.plan(a.Assignment, g.From, l)
		if problem != "" {
			g.problems[id] = problem
		}
		if plan == nil {
			if problem != "" {
				log.Error("an assignment is left out", "assignment", a.Assignment.Name, "problem", problem)
			}
			continue
		}
		g.Assignments = append(g.Assignments, &Assignment{Source: a.Assignment, ID: id, Series: SeriesID(plan), Plan: plan})
	}
	return nil
}

// holds tells whether a record is in force at an instant.
func holds(r *storev1.ConfigRecord, t int64) bool {
	return r.Effective <= t && (r.Ended == 0 || t < r.Ended)
}

// plan is what an assignment stands for at an instant. One that follows the
// latest version stays on the one before where the newest does not fit it,
// because it lacks the profile or a rule that the tailoring names: the problem
// says so. The plan is nil where there is none yet, or none that fits.
func (c *content) plan(a *pb.Assignment, t int64, l *library) (*assess.Plan, string) {
	tailoring, ok := c.tailoring(a.Tailoring, t)
	if !ok {
		return nil, a.Tailoring + " is not published"
	}
	problem := ""
	candidates := c.candidates(a.Checklist, a.Version, t)
	if len(candidates) == 0 {
		problem = "every version of " + a.Checklist + " is withdrawn; publish another"
	}
	for _, rec := range candidates {
		k, err := l.checklist(rec)
		if err == nil {
			var p *assess.Plan
			if p, err = l.plan(k, a.Profile, tailoring.GetTailoring()); err == nil {
				return p, problem
			}
		}
		if problem == "" {
			problem = err.Error()
		}
	}
	return nil, problem
}

// candidates are the versions that a name may stand for at an instant, the
// preferred one first: for the latest, releases before pre-releases.
func (c *content) candidates(id, version string, t int64) (out []*storev1.ChecklistRecord) {
	var pre []*storev1.ChecklistRecord
	for _, v := range slices.Backward(c.checklists[id]) {
		own := v.Version.Checklist.Version
		switch {
		case v.Published > t:
		case version == own:
			return []*storev1.ChecklistRecord{v}
		case version != "" && version != Latest, v.Withdrawn != 0 && v.Withdrawn <= t:
		case isPrerelease(own):
			pre = append(pre, v)
		default:
			out = append(out, v)
		}
	}
	return append(out, pre...)
}

// version is the version that a name stands for at an instant, or nil.
func (c *content) version(id, version string, t int64) *storev1.ChecklistRecord {
	if all := c.candidates(id, version, t); len(all) > 0 {
		return all[0]
	}
	return nil
}

// tailoring is the version that a reference stands for at an instant; nil for
// an empty reference, false where there is none.
func (c *content) tailoring(ref string, t int64) (*pb.TailoringVersion, bool) {
	if ref == "" {
		return nil, true
	}
	id, version, _ := strings.Cut(strings.TrimPrefix(ref, "tailorings/"), "/versions/")
	var found *pb.TailoringVersion
	for _, v := range c.tailorings[id] {
		if v.Published <= t && (version == "" || version == Latest || version == tailoringNumber(v.Version)) {
			found = v.Version
		}
	}
	return found, found != nil
}

// tailoringNumber is the number of a tailoring's version, as text.
func tailoringNumber(v *pb.TailoringVersion) string {
	return v.Name[strings.LastIndexByte(v.Name, '/')+1:]
}

func tailoringKey(id string, version int) string {
	return id + " " + strings.Repeat("0", max(0, 9-len(strconv.Itoa(version)))) + strconv.Itoa(version)
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

// SeriesID is the id of the series that a plan makes.
func SeriesID(p *assess.Plan) string {
	return p.Checklist().ID() + "~" + p.Profile() + "~" + p.Tailoring()
}

// SplitSeries is a series' checklist, profile and tailoring.
func SplitSeries(id string) (checklist, profile, tailoring string) {
	p := strings.SplitN(id, "~", 3)
	for len(p) < 3 {
		p = append(p, "")
	}
	return p[0], p[1], p[2]
}

// Selects tells whether a system falls under a selector. A condition on what
// is not known does not hold.
func Selects(s *pb.Selector, system string, sys *pb.System) bool {
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

func ChecklistOf(series string) string {
	id, _, _ := strings.Cut(series, "~")
	return id
}
