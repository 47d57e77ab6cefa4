// Package review says which waivers want a second look: unused, too broad,
// about to expire, or covering what passes anyway. It evaluates each system
// under the versions in force, or to come where a waiver is about such, and
// stores nothing.
package review

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/subject"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/statements"
)

// Estate is what a review reads: an assessor.
type Estate interface {
	LookAt(ctx context.Context, systems []string, f func(*past.Look) error) error
}

// Options say what a review takes for too broad and for about to expire.
type Options struct {
	Estate   Estate
	Broad    int           // failures that one waiver may cover
	Expiring time.Duration // until its end
	Now      int64         // microseconds since 1970 UTC
}

// systemOf is the id of the system that a waiver is of.
func systemOf(w *pb.Waiver) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(w.Name, "systems/"), "/")
	return id
}

// Waivers reviews waivers, which stand in the order of their systems, and
// leaves out those with which all is well.
func (o Options) Waivers(ctx context.Context, list []*pb.Waiver) (out []*pb.WaiverReview, err error) {
	for len(list) > 0 {
		system := systemOf(list[0])
		n := slices.IndexFunc(list, func(w *pb.Waiver) bool { return systemOf(w) != system })
		if n < 0 {
			n = len(list)
		}
		reviews := make([]*pb.WaiverReview, n)
		found := make([]finding, n)
		err := o.Estate.LookAt(ctx, []string{system}, func(l *past.Look) error {
			look(l, list[:n], found)
			return nil
		})
		if err != nil {
			return nil, err
		}
		for i, w := range list[:n] {
			reviews[i] = o.judge(w, found[i])
			if len(reviews[i].Findings) > 0 {
				out = append(out, reviews[i])
			}
		}
		list = list[n:]
	}
	return out, nil
}

// finding is what is found out about a waiver.
type finding struct {
	usage
	missing []string // which of its subjects are not there
	early   bool     // it is about a version that is neither in force nor to come
}

// look finds out about the waivers of a system. One that is about a version to
// come is held against that.
func look(l *past.Look, list []*pb.Waiver, found []finding) {
	clear(found)
	there := subject.NewIndex(l.Merged.Inventory)
	now, coming := l.Assignments(), l.Coming()
	evals := map[*assess.Plan]*assess.Evaluation{}
	for i, w := range list {
		found[i].missing = statements.AbsentSubjects(there, w)
		plans := plansOf(now, w.Checklist, "")
		if w.ChecklistVersion != "" && len(plansOf(now, w.Checklist, w.ChecklistVersion)) == 0 {
			if ahead := plansOf(coming, w.Checklist, w.ChecklistVersion); len(ahead) > 0 {
				plans = ahead
			} else {
				found[i].early = true
			}
		}
		for _, p := range plans {
			if evals[p] == nil {
				evals[p] = l.Evaluate(p)
			}
			found[i].add(evals[p].Review(w))
		}
	}
}

// plansOf are the plans of a checklist, or of one version of it.
func plansOf(list []*guides.Assignment, checklist, version string) (out []*assess.Plan) {
	for _, as := range list {
		c := as.Plan.Checklist()
		if c.ID() == checklist && (version == "" || version == guides.VersionName(c.ID(), c.Version())) && !slices.Contains(out, as.Plan) {
			out = append(out, as.Plan)
		}
	}
	return out
}

// judge says what is wrong with a waiver.
func (o Options) judge(w *pb.Waiver, u finding) *pb.WaiverReview {
	out := &pb.WaiverReview{Waiver: w, Failures: int32(u.failures), Passes: int32(u.passes)}
	add := func(finding, remedy string, args ...any) {
		out.Findings, out.Remedies = append(out.Findings, finding), append(out.Remedies, fmt.Sprintf(remedy, args...))
	}
	left := time.Duration(envelope.Instant(w.ExpireTime)-o.Now) * time.Microsecond
	switch w.State {
	case "draft":
		add("draft", "It accepts nothing until it is approved: approve or revoke it.")
		return out
	case "expired":
		if u.failures > 0 {
			add("expired", "It expired, and %d results still fail that it accepted: mend them, or file another.", u.failures)
		}
		return out
	}
	if missing := u.missing; len(missing) > 0 {
		w.Warnings = missing
		add("absent", "%s: name another, or wait until it is reported.", strings.ToUpper(missing[0][:1])+missing[0][1:])
	}
	if left <= o.Expiring {
		add("expiring", "It ends within %s: mend what it accepts, or file another in time.", o.Expiring)
	}
	switch {
	case u.early && u.failures+u.passes+u.others == 0:
		add("early", "It is about %s, which is neither in force nor to come: activate that, or revoke it.", w.ChecklistVersion)
	case u.outdated > 0 && u.failures+u.passes+u.others == 0:
		add("outdated", "What it accepts is asked otherwise by the version in force: read the rule again, and file another or revoke it.")
	case u.failures+u.passes+u.others == 0:
		add("unused", "It covers nothing that is assessed: revoke it.")
	case u.failures == 0 && u.passes > 0:
		add("passing", "All %d results that it covers pass: revoke it.", u.passes)
	case u.outdated > 0:
		add("outdated", "%d of its rules are asked otherwise by the version in force, and are no longer covered: file another for them.", u.outdated)
	}
	switch {
	case w.Area != "" && len(w.Subjects) == 0 && len(w.HostLabels) == 0:
		add("broad", "It accepts a whole area for every subject: name rules, or subjects.")
	case u.failures > o.Broad:
		add("broad", "It accepts %d failures: name the subjects that it is meant for.", u.failures)
	}
	return out
}

// usage is what a waiver does under all checklist versions in force together.
type usage struct{ failures, passes, others, outdated int }

func (u *usage) add(w assess.WaiverUse) {
	u.failures += w.Failures
	u.passes += w.Passes
	u.others += w.Others
	u.outdated += w.Outdated
}
