package live

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// Publish publishes a checklist through the API. The version must be one that
// was not there: what is published again is not stored again.
func (s *Service) Publish(ctx context.Context, req *pb.PublishChecklistRequest) (Took, *pb.ChecklistVersion, error) {
	s.tick()
	var v *pb.ChecklistVersion
	took, err := timed(func() (err error) {
		v, err = s.guidance.PublishChecklist(ctx, req)
		return err
	})
	if err == nil && v.PublishTime.AsTime().Before(s.now()) {
		err = fmt.Errorf("%s was there since %v", v.Name, v.PublishTime.AsTime())
	}
	return took, v, err
}

// Parts are what of publishing took how long.
type Parts struct {
	Parse    time.Duration // the text becomes a message
	Lint     time.Duration // its faults are looked for, which compiles it
	Compile  time.Duration // compiling alone
	Examples time.Duration
	Store    time.Duration // the commit, and then everything stored is read again and compiled into what holds when
	Commit   time.Duration // a commit alone of a record of that size
}

// Parts publishes a checklist's text by the steps that the API takes, one after
// the other, in this goroutine. What a call takes longer is the way through
// gRPC: encoding, checking and decoding request and answer.
func (s *Service) Parts(ctx context.Context, text string) (p Parts, err error) {
	s.tick()
	var f *guidance.File
	var k *assess.Checklist
	var found []guidance.Diagnostic
	step := func(into *time.Duration, do func() error) {
		if err == nil {
			var took Took
			took, err = timed(do)
			*into = took.Wall
		}
	}
	step(&p.Parse, func() error { f, found = guidance.Parse("request", []byte(text)); return wrong(found) })
	step(&p.Compile, func() error { k, _ = assess.Compile(f.Checklist); return nil })
	step(&p.Lint, func() error { k, found = guidance.LoadMessage(f.Checklist); return wrong(found) })
	step(&p.Examples, func() error {
		if r := guidance.Test(k); r.Failed > 0 {
			return fmt.Errorf("%d examples came out otherwise", r.Failed)
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	rec := s.record(k)
	step(&p.Commit, func() error {
		_, err := s.ledger.Commit(ctx, s.now().UnixMicro(), func(b *ledger.Batch) error {
			b.PutObject(beside, k.Version(), rec)
			b.Audit([]byte("bench PublishChecklist " + k.ID() + " created"))
			return b.Err()
		})
		return err
	})
	step(&p.Store, func() error { _, err := s.assessor.Publish(ctx, k, "bench", false); return err })
	return p, err
}

// beside is a kind of object that the service does not have.
const beside byte = 'Z'

// record is what publishing stores, but for an envelope of some bytes.
func (s *Service) record(k *assess.Checklist) []byte {
	src := k.Source()
	return envelope.Encode(&pb.ChecklistVersion{
		Name: "checklists/" + k.ID() + "/versions/" + k.Version(), Checklist: src, Digest: k.Digest().String(), Title: src.Title,
		RuleCount: int32(k.RuleCount()), State: "published", PublishTime: envelope.Timestamp(s.now().UnixMicro()),
	})
}

func wrong(found []guidance.Diagnostic) error {
	for _, d := range found {
		if d.Severity == guidance.Error {
			return fmt.Errorf("%v", d)
		}
	}
	return nil
}

// Message is a checklist's text as the message that the API takes instead.
func Message(text string) (*pb.Checklist, error) {
	f, found := guidance.Parse("text", []byte(text))
	if err := wrong(found); err != nil {
		return nil, err
	}
	return proto.CloneOf(f.Checklist), nil
}
