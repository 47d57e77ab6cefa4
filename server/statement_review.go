package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/plumbline/plumbline/assess"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/envelope"
)

// What a review takes for too broad and for about to expire, where the caller
// does not say.
const (
	defaultBroad    = 50
	defaultExpiring = 30 * 24 * time.Hour
)

// ReviewWaivers implements StatementService.
func (s *Statement) ReviewWaivers(ctx context.Context, req *pb.ReviewWaiversRequest) (*pb.ReviewWaiversResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	r := &review{assessor: s.assessor, broad: int(req.BroadOver), expiring: defaultExpiring, now: s.clock().UnixMicro()}
	if r.broad == 0 {
		r.broad = defaultBroad
	}
	if req.ExpiringWithin != nil {
		r.expiring = req.ExpiringWithin.AsDuration()
	}
	after, only := string(cur.After), lastSegment(req.Parent)
	if only == "-" {
		only = ""
	}
	if after == "" && only != "" {
		after = only + "/"
	}
	var out []*pb.WaiverReview
	for len(out) <= cur.Size {
		list, err := r.next(ctx, s, after, only)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			break
		}
		after = waiverKey(list[len(list)-1])
		rows, err := r.waivers(ctx, list)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	rows, next := cut(s.pages, cur, out, func(x *pb.WaiverReview) string { return waiverKey(x.Waiver) })
	return &pb.ReviewWaiversResponse{Reviews: rows, NextPageToken: next}, nil
}

// waiverKey is a waiver's name as the store orders it.
func waiverKey(w *pb.Waiver) string { return w.Name[len("systems/"):] }

// review looks at waivers.
type review struct {
	assessor *assessor.Assessor
	broad    int
	expiring time.Duration
	now      int64
}

// reviewBatch is how many waivers are read at once.
const reviewBatch = 100

// next reads the waivers behind a key that are not revoked, of one system or
// of all.
func (r *review) next(ctx context.Context, s *Statement, after, only string) (out []*pb.Waiver, err error) {
	err = s.assessor.Statements.All(ctx, after, func(system string, w *pb.Waiver) bool {
		if only != "" && system != only {
			return false
		}
		if w.State != "revoked" {
			out = append(out, w)
		}
		return len(out) < reviewBatch
	})
	return out, err
}

// waivers reviews waivers, which stand in the order of their systems, and
// leaves out those with which all is well.
func (r *review) waivers(ctx context.Context, list []*pb.Waiver) (out []*pb.WaiverReview, err error) {
	for len(list) > 0 {
		system := segment(list[0].Name, 1)
		n := slices.IndexFunc(list, func(w *pb.Waiver) bool { return segment(w.Name, 1) != system })
		if n < 0 {
			n = len(list)
		}
		reviews := make([]*pb.WaiverReview, n)
		use := make([]usage, n)
		err := r.assessor.LookAt(ctx, []string{system}, func(l *assessor.Look) error {
			clear(use)
			for _, as := range l.Assignments() {
				if !slices.ContainsFunc(list[:n], func(w *pb.Waiver) bool { return w.Checklist == as.Plan.Checklist().ID() }) {
					continue
				}
				ev := l.Evaluate(as.Plan)
				for i, w := range list[:n] {
					if w.Checklist == as.Plan.Checklist().ID() {
						use[i].add(ev.Review(w))
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for i, w := range list[:n] {
			reviews[i] = r.judge(w, use[i])
			if len(reviews[i].Findings) > 0 {
				out = append(out, reviews[i])
			}
		}
		list = list[n:]
	}
	return out, nil
}

// judge says what is wrong with a waiver.
func (r *review) judge(w *pb.Waiver, u usage) *pb.WaiverReview {
	out := &pb.WaiverReview{Waiver: w, Failures: int32(u.failures), Passes: int32(u.passes)}
	add := func(finding, remedy string, args ...any) {
		out.Findings, out.Remedies = append(out.Findings, finding), append(out.Remedies, fmt.Sprintf(remedy, args...))
	}
	left := time.Duration(envelope.Instant(w.ExpireTime)-r.now) * time.Microsecond
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
	if left <= r.expiring {
		add("expiring", "It ends within %s: mend what it accepts, or file another in time.", r.expiring)
	}
	switch {
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
	case u.failures > r.broad:
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
