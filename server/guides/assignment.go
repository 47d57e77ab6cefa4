package guides

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

func assignmentName(id string) string { return "assignments/" + id }

func assignmentKey(id string, at int64) string { return fmt.Sprintf("%s %020d", id, at) }

// Assign stores an assignment, in force now or from its start. It is a
// breakpoint of the series it makes.
func (k *Keeper) Assign(ctx context.Context, id string, src *pb.Assignment, actor string) (*pb.Assignment, error) {
	as := proto.Clone(src).(*pb.Assignment)
	as.Name, as.Pending, as.CurrentVersion, as.Problem = assignmentName(id), nil, "", ""
	if as.Version == "" {
		as.Version = Latest
	}
	profile := as.Profile
	audit := &storev1.AuditRecord{Actor: actor, Method: "CreateAssignment", Resource: as.Name, Outcome: "created"}
	err := k.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		if len(k.records(id, at)) > 0 {
			return fault.AlreadyExists(as.Name, "activate another version with ActivateAssignment, or delete it first")
		}
		as.Profile = profile
		p, err := k.check(as, "assignment.") // under the lock, so that no version is withdrawn meanwhile
		if err != nil {
			return err
		}
		as.Profile = p.Profile()
		from, err := start(src.StartTime != nil, envelope.Instant(src.StartTime), at, "assignment.start_time")
		if err != nil {
			return err
		}
		as.CreateTime, as.StartTime = envelope.Timestamp(at), envelope.Timestamp(from)
		putAssignment(b, id, &storev1.ConfigRecord{Schema: envelope.Schema, Assignment: as, Effective: from})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return k.Assignment(id)
}

// start is the instant from which something is to hold: the commit's, or a
// later one.
func start(given bool, asked, at int64, field string) (int64, error) {
	if !given {
		return at, nil
	}
	if asked < at-graceForNow {
		return 0, fault.InvalidField(field, "lies in the past; guidance is not dated back: leave it out for now")
	}
	return max(asked, at), nil
}

// graceForNow is how far back a start may lie and still mean now: a client's
// clock differs, and the request took a while.
const graceForNow = 60 * 1e6

func putAssignment(b *ledger.Batch, id string, rec *storev1.ConfigRecord) {
	b.PutObject(kindAssignment, assignmentKey(id, rec.Effective), envelope.Encode(rec))
}

// check resolves what an assignment names; field is the path in which it stands
// in the request.
func (k *Keeper) check(as *pb.Assignment, field string) (*assess.Plan, error) {
	c, _, err := k.Usable(VersionName(as.Checklist, as.Version))
	if err != nil {
		return nil, err
	}
	t, err := k.Tailoring(as.Tailoring)
	if err != nil {
		return nil, err
	}
	p, err := k.library.plan(c, as.Profile, t.GetTailoring())
	if err != nil {
		return nil, PlanFault(field, err)
	}
	return p, nil
}

// PlanFault is the refusal of a profile or a tailoring that does not fit a
// checklist. The engine's error begins with the field that is wrong, which
// stands below a path of the request.
func PlanFault(below string, err error) error {
	field, text, ok := strings.Cut(err.Error(), ": ")
	if !ok {
		field, text = "", err.Error()
	}
	return fault.InvalidField(strings.TrimSuffix(below+field, "."), "%s", text)
}

// records are an assignment's records that hold at an instant or later, by
// when they begin.
func (k *Keeper) records(id string, at int64) (out []*storev1.ConfigRecord) {
	for _, r := range k.content.Load().assignments {
		if r.Assignment.Name == assignmentName(id) && (r.Ended == 0 || r.Ended > at) {
			out = append(out, r)
		}
	}
	return out
}

// Activate has an assignment follow another version or tailoring from an
// instant on; what was pending is replaced. It is a breakpoint of the series,
// or, with another tailoring's id, ends one series and begins another.
func (k *Keeper) Activate(ctx context.Context, req *pb.ActivateAssignmentRequest, actor string) (*pb.Assignment, error) {
	id := strings.TrimPrefix(req.Name, "assignments/")
	audit := &storev1.AuditRecord{Actor: actor, Method: "ActivateAssignment", Resource: req.Name, Outcome: "activated"}
	if req.CancelPending {
		audit.Outcome = "cancelled"
	}
	err := k.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		live := k.records(id, at)
		if len(live) == 0 {
			return fault.NotFound(req.Name, "list what is there with ListAssignments")
		}
		now := proto.Clone(live[0]).(*storev1.ConfigRecord)
		for _, r := range live[1:] { // what was pending
			b.DeleteObject(kindAssignment, assignmentKey(id, r.Effective))
		}
		now.Ended = 0
		if req.CancelPending {
			if len(live) == 1 {
				return fault.FailedPrecondition("", "nothing is pending for %s", req.Name)
			}
			putAssignment(b, id, now)
			return nil
		}
		return k.activate(b, id, now, req, at)
	})
	if err != nil {
		return nil, err
	}
	return k.Assignment(id)
}

func (k *Keeper) activate(b *ledger.Batch, id string, now *storev1.ConfigRecord, req *pb.ActivateAssignmentRequest, at int64) error {
	next := proto.Clone(now.Assignment).(*pb.Assignment)
	if req.Version != "" {
		next.Version = req.Version
	}
	if req.Tailoring != nil {
		next.Tailoring = *req.Tailoring
	}
	if _, err := k.check(next, ""); err != nil {
		return err
	}
	from, err := start(req.StartTime != nil, envelope.Instant(req.StartTime), at, "start_time")
	if err != nil {
		return err
	}
	next.StartTime = envelope.Timestamp(from)
	if from <= now.Effective { // it has not begun itself
		b.DeleteObject(kindAssignment, assignmentKey(id, now.Effective))
	} else {
		now.Ended = from
		putAssignment(b, id, now)
	}
	putAssignment(b, id, &storev1.ConfigRecord{Schema: envelope.Schema, Assignment: next, Effective: from})
	return nil
}

// Unassign ends an assignment, and takes back what was pending; the history of
// its series stays.
func (k *Keeper) Unassign(ctx context.Context, id, actor string) error {
	audit := &storev1.AuditRecord{Actor: actor, Method: "DeleteAssignment", Resource: assignmentName(id), Outcome: "deleted"}
	return k.write(ctx, audit, func(b *ledger.Batch, at int64) error {
		live := k.records(id, at)
		if len(live) == 0 {
			return fault.NotFound(assignmentName(id), "list what is there with ListAssignments")
		}
		for _, r := range live {
			if r.Effective > at {
				b.DeleteObject(kindAssignment, assignmentKey(id, r.Effective))
				continue
			}
			ended := proto.Clone(r).(*storev1.ConfigRecord)
			ended.Ended = at
			putAssignment(b, id, ended)
		}
		return nil
	})
}

// Assignments are those in force or to come, in the order of their ids.
func (k *Keeper) Assignments() (out []*pb.Assignment) {
	now := k.now()
	g := k.History().At(now)
	for _, r := range k.content.Load().assignments {
		switch {
		case r.Ended != 0 && r.Ended <= now:
		case len(out) > 0 && out[len(out)-1].Name == r.Assignment.Name:
			out[len(out)-1].Pending = &pb.Activation{
				Version: r.Assignment.Version, Tailoring: r.Assignment.Tailoring, StartTime: envelope.Timestamp(r.Effective),
			}
		default:
			a := proto.Clone(r.Assignment).(*pb.Assignment)
			a.Problem = g.problems[strings.TrimPrefix(a.Name, "assignments/")]
			for _, x := range g.Assignments {
				if x.Source.Name == a.Name {
					a.CurrentVersion = x.Plan.Checklist().Version()
				}
			}
			out = append(out, a)
		}
	}
	return out
}

// Assignment is one assignment; NOT_FOUND where there is none.
func (k *Keeper) Assignment(id string) (*pb.Assignment, error) {
	for _, a := range k.Assignments() {
		if a.Name == assignmentName(id) {
			return a, nil
		}
	}
	return nil, fault.NotFound(assignmentName(id), "list what is there with ListAssignments")
}
