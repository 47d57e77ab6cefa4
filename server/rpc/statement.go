package rpc

import (
	"context"
	"slices"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/server/statements"
)

// Statement serves StatementService.
type Statement struct {
	pb.UnimplementedStatementServiceServer
	assessor *assessor.Assessor
	pages    *page.Codec
	clock    func() time.Time
}

// NewStatement serves an assessor's statements.
func NewStatement(a *assessor.Assessor, pages *page.Codec, clock func() time.Time) *Statement {
	return &Statement{assessor: a, pages: pages, clock: clock}
}

func actor(ctx context.Context) string { return auth.FromContext(ctx).Actor }

// CreateClaim implements StatementService.
func (s *Statement) CreateClaim(ctx context.Context, req *pb.CreateClaimRequest) (*pb.Claim, error) {
	return s.assessor.Statements.CreateClaim(ctx, lastSegment(req.Parent), req.ClaimId, req.Claim, actor(ctx))
}

// RevokeClaim implements StatementService.
func (s *Statement) RevokeClaim(ctx context.Context, req *pb.RevokeClaimRequest) (*pb.Claim, error) {
	return s.assessor.Statements.RevokeClaim(ctx, segment(req.Name, 1), segment(req.Name, 3), actor(ctx))
}

// ListClaims implements StatementService.
func (s *Statement) ListClaims(ctx context.Context, req *pb.ListClaimsRequest) (*pb.ListClaimsResponse, error) {
	rows, next, err := listed(ctx, s, req, s.assessor.Statements.Claims)
	return &pb.ListClaimsResponse{Claims: rows, NextPageToken: next}, err
}

// CreateWaiver implements StatementService.
func (s *Statement) CreateWaiver(ctx context.Context, req *pb.CreateWaiverRequest) (*pb.Waiver, error) {
	return s.assessor.Statements.CreateWaiver(ctx, lastSegment(req.Parent), req.WaiverId, req.Waiver, actor(ctx))
}

// ApproveWaiver implements StatementService.
func (s *Statement) ApproveWaiver(ctx context.Context, req *pb.ApproveWaiverRequest) (*pb.Waiver, error) {
	return s.assessor.Statements.ApproveWaiver(ctx, segment(req.Name, 1), segment(req.Name, 3), actor(ctx))
}

// RevokeWaiver implements StatementService.
func (s *Statement) RevokeWaiver(ctx context.Context, req *pb.RevokeWaiverRequest) (*pb.Waiver, error) {
	return s.assessor.Statements.RevokeWaiver(ctx, segment(req.Name, 1), segment(req.Name, 3), actor(ctx))
}

// GetWaiver implements StatementService.
func (s *Statement) GetWaiver(ctx context.Context, req *pb.GetWaiverRequest) (*pb.Waiver, error) {
	return warned(ctx, s, req.Name, s.assessor.Statements.Waiver)
}

// ListWaivers implements StatementService.
func (s *Statement) ListWaivers(ctx context.Context, req *pb.ListWaiversRequest) (*pb.ListWaiversResponse, error) {
	rows, next, err := listed(ctx, s, req, s.assessor.Statements.Waivers)
	return &pb.ListWaiversResponse{Waivers: rows, NextPageToken: next}, err
}

// CreateAttestation implements StatementService.
func (s *Statement) CreateAttestation(ctx context.Context, req *pb.CreateAttestationRequest) (*pb.Attestation, error) {
	return s.assessor.Statements.CreateAttestation(ctx, lastSegment(req.Parent), req.AttestationId, req.Attestation, actor(ctx))
}

// RenewAttestation implements StatementService.
func (s *Statement) RenewAttestation(ctx context.Context, req *pb.RenewAttestationRequest) (*pb.Attestation, error) {
	return s.assessor.Statements.RenewAttestation(ctx, segment(req.Name, 1), req, actor(ctx))
}

// RevokeAttestation implements StatementService.
func (s *Statement) RevokeAttestation(ctx context.Context, req *pb.RevokeAttestationRequest) (*pb.Attestation, error) {
	return s.assessor.Statements.RevokeAttestation(ctx, segment(req.Name, 1), segment(req.Name, 3), actor(ctx))
}

// GetAttestation implements StatementService.
func (s *Statement) GetAttestation(ctx context.Context, req *pb.GetAttestationRequest) (*pb.Attestation, error) {
	return warned(ctx, s, req.Name, s.assessor.Statements.Attestation)
}

// ListAttestations implements StatementService.
func (s *Statement) ListAttestations(ctx context.Context, req *pb.ListAttestationsRequest) (*pb.ListAttestationsResponse, error) {
	rows, next, err := listed(ctx, s, req, s.assessor.Statements.Attestations)
	return &pb.ListAttestationsResponse{Attestations: rows, NextPageToken: next}, err
}

// FileAnswers implements StatementService.
func (s *Statement) FileAnswers(ctx context.Context, req *pb.FileAnswersRequest) (*pb.FileAnswersResponse, error) {
	return s.assessor.Statements.FileAnswers(ctx, req, lastSegment(req.Parent), actor(ctx))
}

// childrenRequest asks for a page of what a system has.
type childrenRequest interface {
	page.Request
	GetParent() string
}

// warned is one statement, which says what looks wrong with it.
func warned[T statements.Statement](ctx context.Context, s *Statement, name string, get func(ctx context.Context, system, id string) (T, error)) (T, error) {
	out, err := get(ctx, segment(name, 1), segment(name, 3))
	if err != nil {
		return nil, err
	}
	return out, statements.Warn(ctx, s.assessor.Statements, segment(name, 1), out)
}

// listed is a page of what a system has, by id.
func listed[T statements.Statement](ctx context.Context, s *Statement, req childrenRequest, all func(context.Context, string) ([]T, error)) ([]T, string, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, "", err
	}
	rows, err := all(ctx, lastSegment(req.GetParent()))
	if err != nil {
		return nil, "", err
	}
	rows = slices.DeleteFunc(rows, func(x T) bool { return lastSegment(x.GetName()) <= string(cur.After) })
	rows, next := cut(s.pages, cur, rows, func(x T) string { return lastSegment(x.GetName()) })
	return rows, next, statements.Warn(ctx, s.assessor.Statements, lastSegment(req.GetParent()), rows...)
}
