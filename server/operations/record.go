package operations

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/rpc/code"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// kindOperation is the kind of all objects of this package. Its value and the
// names are part of the format:
//
//	"calendar"                    → CalendarRecord
//	"r" + 2^40-1 - number         → OperationRecord, the newest first
//	"u" + number                  → empty: it has not ended
//	"e" + ended + " " + number    → empty: it has
//	"l" + number + " " + id       → OperationSystems, which end with the id
const kindOperation byte = 'O'

const (
	calendarName   = "calendar"
	recordPrefix   = "r"
	unfinishPrefix = "u"
	endedPrefix    = "e"
	listPrefix     = "l"
	lastNumber     = 1<<40 - 1 // a ledger's commits have no greater ones
)

func recordKey(number uint64) string {
	return fmt.Sprintf("%s%010x", recordPrefix, lastNumber-number&lastNumber)
}

func unfinishedKey(number uint64) string { return fmt.Sprintf("%s%010x", unfinishPrefix, number) }

func endedKey(r *storev1.OperationRecord) string {
	return fmt.Sprintf("%s%016x %010x", endedPrefix, uint64(max(r.Ended, 0)), r.Number)
}

// numberOf is the number at the end of a key.
func numberOf(key string) (uint64, error) {
	n, err := strconv.ParseUint(key[max(len(key)-10, 0):], 16, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: the key %q of an operation", ledger.ErrCorrupt, key)
	}
	return n, nil
}

// Name is the name of the operation with a number.
func Name(number uint64) string { return "operations/" + strconv.FormatUint(number, 10) }

// parseName reads an operation's name.
func parseName(name string) (uint64, error) {
	digits, ok := strings.CutPrefix(name, "operations/")
	n, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || n > lastNumber || Name(n) != name {
		return 0, fault.InvalidField("name", "must be like operations/42; list what is there with ListOperations")
	}
	return n, nil
}

// load reads a run; nil where there is none.
func load(tx *ledger.Tx, number uint64) (*storev1.OperationRecord, error) {
	return envelope.Object[storev1.OperationRecord](tx, kindOperation, recordKey(number))
}

// put stores a run.
func put(b *ledger.Batch, r *storev1.OperationRecord) {
	b.PutObject(kindOperation, recordKey(r.Number), envelope.Encode(r))
}

// insert stores a new run.
func insert(b *ledger.Batch, r *storev1.OperationRecord) {
	r.Schema, r.Number = envelope.Schema, uint64(b.Commit().Seq)
	put(b, r)
	b.PutObject(kindOperation, unfinishedKey(r.Number), nil)
}

// end ends a run in a state.
func end(b *ledger.Batch, r *storev1.OperationRecord, state string, now int64) {
	unlist(b, r)
	r.State, r.Ended, r.Done = state, max(now, 1), nil
	put(b, r)
	b.DeleteObject(kindOperation, unfinishedKey(r.Number))
	b.PutObject(kindOperation, endedKey(r), nil)
}

// remove forgets a run that has ended.
func remove(b *ledger.Batch, r *storev1.OperationRecord) {
	b.DeleteObject(kindOperation, recordKey(r.Number))
	b.DeleteObject(kindOperation, endedKey(r))
}

// unfinished are the runs that have not ended, the oldest first.
func unfinished(tx *ledger.Tx) (out []*storev1.OperationRecord, err error) {
	for key := range tx.ObjectsIn(kindOperation, unfinishPrefix, "") {
		n, err := numberOf(key)
		if err != nil {
			return nil, err
		}
		r, err := load(tx, n)
		if err != nil {
			return nil, err
		}
		if r == nil {
			return nil, fmt.Errorf("%w: %s has no record", ledger.ErrCorrupt, Name(n))
		}
		out = append(out, r)
	}
	return out, nil
}

// query is what a run is for.
func query(r *storev1.OperationRecord) assessor.Query {
	return assessor.Query{Selector: r.Request.GetSelector(), Checklist: r.Request.GetChecklist(), Full: r.Request.GetFull()}
}

// bodyHash tells requests under one request id apart.
func bodyHash(req *pb.ReassessSystemsRequest) [16]byte {
	clone := proto.Clone(req).(*pb.ReassessSystemsRequest)
	clone.RequestId = ""
	slices.Sort(clone.GetSelector().GetSystems())
	return hashOf("", clone)
}

func hashOf(kind string, m proto.Message) [16]byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		b = nil // invalid UTF-8 alone gets here, which was refused before
	}
	sum := sha256.Sum256(append([]byte(kind), b...))
	return [16]byte(sum[:16])
}

// States of a run.
const (
	stateWaiting    = "waiting"
	stateRunning    = "running"
	stateCancelling = "cancelling"
	stateCancelled  = "cancelled"
	stateSucceeded  = "succeeded"
	stateFailed     = "failed"
)

// operation is a run, or a verification, as the API shows it.
func (k *Keeper) operation(r *storev1.OperationRecord) (*longrunningpb.Operation, error) {
	state := r.State
	switch {
	case r.State != "":
	case r.Cancel:
		state = stateCancelling
	case k.isCurrent(r.Number):
		state = stateRunning
	default:
		state = stateWaiting
	}
	var meta, answer proto.Message
	if r.Verify != nil {
		meta, answer = k.verifying(r, state), r.Report
	} else {
		meta, answer = k.reassessing(r, state), &pb.ReassessSystemsResponse{
			SystemsAssessed: r.Assessed, SystemsChanged: r.Changed, SystemsFailed: r.Failed, Errors: r.Errors,
		}
	}
	out := &longrunningpb.Operation{Name: Name(r.Number), Done: r.State != ""}
	switch r.State {
	case stateSucceeded:
		packed, err := anypb.New(answer)
		if err != nil {
			return nil, err
		}
		out.Result = &longrunningpb.Operation_Response{Response: packed}
	case stateCancelled:
		text := "the run was cancelled; what it had done stays"
		if r.Verify != nil {
			text = "the verification was cancelled"
		}
		out.Result = failure(code.Code_CANCELLED, text)
	case stateFailed:
		out.Result = failure(code.Code_INTERNAL, r.Failure)
	}
	var err error
	out.Metadata, err = anypb.New(meta)
	return out, err
}

// reassessing is a run as the API shows it, apart from its result.
func (k *Keeper) reassessing(r *storev1.OperationRecord, state string) *pb.ReassessSystemsMetadata {
	meta := &pb.ReassessSystemsMetadata{
		CreateTime: envelope.Timestamp(r.Created), EndTime: envelope.Timestamp(r.Ended), Request: r.Request, Actor: r.Actor,
		State: state, SystemsDone: r.LookedAt + int32(len(r.Done)), SystemsAssessed: r.Assessed,
		SystemsChanged: r.Changed, SystemsFailed: r.Failed, ScheduledRun: r.Schedule, Problem: k.problemOf(r.Number),
	}
	meta.SystemsTotal = max(r.Total, meta.SystemsDone)
	return meta
}

func failure(c code.Code, text string) *longrunningpb.Operation_Error {
	return &longrunningpb.Operation_Error{Error: &rpcstatus.Status{Code: int32(c), Message: text}}
}
