package rpc

import (
	"context"
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/change"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/store/ledger"
)

// slotBits are the low bits of an entry's sequence: its place in its commit,
// whose number has the bits above.
const slotBits = 16

// ListAuditEntries implements AdminService.
func (s *Admin) ListAuditEntries(ctx context.Context, req *pb.ListAuditEntriesRequest) (*pb.ListAuditEntriesResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	from, to, err := auditRange(req)
	if err != nil {
		return nil, err
	}
	before, err := auditBefore(cur)
	if err != nil {
		return nil, err
	}
	var rows []*pb.AuditEntry
	err = s.ledger.View(ctx, func(tx *ledger.Tx) error {
		rows = nil
		for e := range tx.AuditEntries(before, from, to) {
			row, err := auditMessage(tx, e)
			if err != nil {
				return err
			}
			if rows = append(rows, row); len(rows) > cur.Size {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows, next := page.Cut(s.pages, cur, rows, func(e *pb.AuditEntry) []byte {
		return binary.BigEndian.AppendUint64(nil, uint64(e.Sequence))
	})
	return &pb.ListAuditEntriesResponse{AuditEntries: rows, NextPageToken: next}, nil
}

// auditRange reads from and to as microseconds; half-open.
func auditRange(req *pb.ListAuditEntriesRequest) (from, to int64, err error) {
	from, to = ledger.MinInstant, ledger.MaxInstant
	var violations []fault.Violation
	for _, x := range []struct {
		field string
		t     *timestamppb.Timestamp
		to    *int64
	}{{"from", req.From, &from}, {"to", req.To, &to}} {
		if x.t == nil {
			continue
		}
		if err := x.t.CheckValid(); err != nil {
			violations = append(violations, fault.Violation{Field: x.field, Description: "is no valid time: " + err.Error()})
			continue
		}
		*x.to = x.t.AsTime().UnixMicro()
	}
	if len(violations) == 0 && from >= to {
		violations = append(violations, fault.Violation{Field: "to", Description: "is not after from; the range is half-open and would be empty"})
	}
	if len(violations) > 0 {
		return 0, 0, fault.Invalid(violations...)
	}
	return from, to, nil
}

// auditBefore is the entry that the page before ended with. Whatever a token
// holds, it can only choose where in the log to go on.
func auditBefore(cur page.Cursor) (ledger.Addr, error) {
	switch len(cur.After) {
	case 0:
		return ledger.Addr{}, nil
	case 8:
		n := binary.BigEndian.Uint64(cur.After)
		return ledger.Addr{Seq: ledger.Seq(n>>slotBits) & ledger.Latest, Slot: uint16(n)}, nil
	}
	return ledger.Addr{}, fault.InvalidField("page_token", "is not one of this method; leave it out to start again")
}

func auditMessage(tx *ledger.Tx, e ledger.AuditEntry) (*pb.AuditEntry, error) {
	rec := &storev1.AuditRecord{}
	if err := proto.Unmarshal(e.Payload, rec); err != nil {
		return nil, fmt.Errorf("%w: the audit entry %v: %v", ledger.ErrCorrupt, e.Addr, err)
	}
	if err := change.SubmissionOf(tx, e, rec); err != nil {
		return nil, err
	}
	out := &pb.AuditEntry{
		Sequence:     int64(e.Addr.Seq)<<slotBits | int64(e.Addr.Slot),
		RecordedTime: instant(e.Recorded),
		Actor:        rec.Actor, Method: rec.Method, Resource: rec.Resource, Source: rec.Source,
		Outcome: rec.Outcome, RequestId: rec.RequestId,
	}
	if rec.Observed != 0 {
		out.ObservedTime = instant(rec.Observed)
	}
	return out, nil
}
