package statements

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/assess/subject"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// filing is one answer, checked.
type filing struct {
	id          string // that the statement gets, or for a claim with which its id begins
	claim       *pb.Claim
	attestation *pb.Attestation
}

// FileAnswers files the answers to a questionnaire in one commit, all or none.
// An answer to a fact that an earlier questionnaire asked takes the place of
// the earlier answer.
func (k *Keeper) FileAnswers(ctx context.Context, req *pb.FileAnswersRequest, system, actor string) (*pb.FileAnswersResponse, error) {
	inv, err := k.cfg.Inventory(ctx, system)
	if err != nil {
		return nil, err
	}
	if _, _, err := k.answered(req.ChecklistVersion, ""); err != nil {
		return nil, err
	}
	there := subject.NewIndex(inv)
	filings, err := k.checkAnswers(req, system, there)
	if err != nil || req.ValidateOnly {
		return warned(k, there, response(filings)), err
	}
	audits := make([]*storev1.AuditRecord, len(filings))
	for i := range filings {
		audits[i] = &storev1.AuditRecord{Actor: actor, Method: "FileAnswers", Outcome: "created"}
	}
	kind := AttestationKind
	if !slices.ContainsFunc(filings, func(f *filing) bool { return f.claim == nil }) {
		kind = ClaimKind
	}
	var out *pb.FileAnswersResponse
	err = k.cfg.OnSystem(ctx, system, kind, audits, func(b *ledger.Batch, at int64) (int64, error) {
		out = &pb.FileAnswersResponse{}
		from := at
		for i, f := range filings {
			name, begin, err := k.file(b, system, f, at, out)
			if err != nil {
				return 0, err
			}
			from = min(from, begin)
			audits[i].Resource = name
		}
		return from, nil
	})
	return warned(k, there, out), err
}

// warned has the claims of an answer say what looks wrong with them. What is
// attested is there.
func warned(k *Keeper, there *subject.Index, out *pb.FileAnswersResponse) *pb.FileAnswersResponse {
	for _, c := range out.GetClaims() {
		warn(k, there, c)
	}
	return out
}

func response(filings []*filing) *pb.FileAnswersResponse {
	out := &pb.FileAnswersResponse{}
	for _, f := range filings {
		if f.claim != nil {
			out.Claims = append(out.Claims, f.claim)
		} else {
			out.Attestations = append(out.Attestations, f.attestation)
		}
	}
	return out
}

// file records one answer and returns its name, and from when states may differ.
func (k *Keeper) file(b *ledger.Batch, system string, f *filing, at int64, out *pb.FileAnswersResponse) (string, int64, error) {
	if f.claim != nil {
		id, err := freeClaimID(b, system, f.id)
		if err != nil {
			return "", 0, err
		}
		c, begin := k.putClaim(b, system, id, f.claim, at)
		out.Claims = append(out.Claims, k.claimNow(c, at))
		return c.Name, begin, nil
	}
	id, rec, err := openAttestation(b, system, f)
	if err != nil {
		return "", 0, err
	}
	f.attestation.Name = resourceName(system, attestations, id)
	begin := k.putAttestation(b, system, id, rec, f.attestation, at)
	out.Attestations = append(out.Attestations, k.attestationNow(rec))
	return f.attestation.Name, begin, nil
}

// openAttestation is the attestation that an answer renews or replaces: the one
// that earlier answers to the question made, or one that somebody filed of the
// same fact. A new one where there is none that was not revoked.
func openAttestation(b *ledger.Batch, system string, f *filing) (string, *storev1.AttestationRecord, error) {
	set, err := Load(b.Tx, system)
	if err != nil {
		return "", nil, err
	}
	for _, rec := range set.attestations {
		t := rec.Versions[len(rec.Versions)-1].Attestation
		if rec.Revoked == 0 && t.Subject == f.attestation.Subject && factKey(t.Subject, t.Fact) == factKey(t.Subject, f.attestation.Fact) {
			return t.Name[strings.LastIndexByte(t.Name, '/')+1:], rec, nil
		}
	}
	id := f.id
	for n := 2; ; n++ {
		rec, err := object[storev1.AttestationRecord](b, system, attestations, id)
		switch {
		case err != nil:
			return "", nil, err
		case rec == nil:
			return id, &storev1.AttestationRecord{Schema: envelope.Schema}, nil
		}
		id = fmt.Sprintf("%s-%d", f.id, n)
	}
}

// factKey is a fact in the one way of writing it that all ways have in common.
func factKey(subject, fact string) string {
	if name, ok := attest.DeclaredName(subject, fact); ok {
		return "facts/" + name
	}
	return fact
}

// checkAnswers checks all answers and says all that is wrong with them.
func (k *Keeper) checkAnswers(req *pb.FileAnswersRequest, system string, there *subject.Index) ([]*filing, error) {
	var out []*filing
	var bad []fault.Violation
	seen := map[string]int{}
	for i, a := range req.Answers {
		field := fmt.Sprintf("answers[%d]", i)
		f := filingOf(system, a, req)
		if first, twice := seen[f.id]; twice {
			bad = append(bad, fault.Violation{Field: field, Description: fmt.Sprintf("answers what answers[%d] answers already", first)})
			continue
		}
		seen[f.id] = i
		var err error
		switch {
		case (a.Fact == "") == (a.Claim == ""):
			err = fault.InvalidField(field, "must have either a fact or a claim")
		case f.until() == nil:
			err = fault.InvalidField(field+".expire_time", "is missing; say until when it counts, here or once for the request")
		case f.claim != nil:
			err = k.checkClaim(f.claim, field)
		case a.Value == nil:
			err = fault.InvalidField(field+".value", "is missing")
		default:
			err = k.checkAttestation(f.attestation, there, field)
		}
		if err == nil && f.who() == "" {
			err = fault.InvalidField(field+".attestor", "is missing; say who answers, here or once for the request")
		}
		if x, ok := err.(*fault.Error); ok {
			bad = append(bad, x.Violations...)
		} else if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	if len(bad) > 0 {
		return nil, fault.Invalid(bad[:min(len(bad), 100)]...)
	}
	return out, nil
}

func (f *filing) who() string {
	if f.claim != nil {
		return f.claim.Claimant
	}
	return f.attestation.Attestor
}

func (f *filing) until() *timestamppb.Timestamp {
	if f.claim != nil {
		return f.claim.ExpireTime
	}
	return f.attestation.ExpireTime
}

// filingOf is what an answer files. Its id follows from what it answers, so
// that the same question is answered under the same id again.
func filingOf(system string, a *pb.Answer, req *pb.FileAnswersRequest) *filing {
	who, until := a.Attestor, a.ExpireTime
	if who == "" {
		who = req.Attestor
	}
	if until == nil {
		until = req.ExpireTime
	}
	sum := sha256.Sum256([]byte(a.Subject + "\x00" + factKey(a.Subject, a.Fact) + "\x00" + a.Claim))
	id := "answer-" + hex.EncodeToString(sum[:8])
	if a.Claim != "" {
		return &filing{id: id, claim: &pb.Claim{
			Name: resourceName(system, claims, id), Claim: a.Claim, Subject: a.Subject, Claimant: who,
			ExpireTime: until, Evidence: a.Evidence, ChecklistVersion: req.ChecklistVersion,
		}}
	}
	return &filing{id: id, attestation: &pb.Attestation{
		Name: resourceName(system, attestations, id), Subject: a.Subject, Fact: a.Fact, Value: a.Value,
		Attestor: who, ExpireTime: until, Evidence: a.Evidence, ChecklistVersion: req.ChecklistVersion,
	}}
}
