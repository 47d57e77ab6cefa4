package rpc

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/intercept"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/server/retention"
	"github.com/plumbline/plumbline/store/ledger"
)

// Lifetimes of tokens.
const (
	defaultLifetime = 90 * 24 * time.Hour
	longestLifetime = 10 * 365 * 24 * time.Hour
)

// maxSources bounds the sources that one token names.
const maxSources = 1000

// Admin serves AdminService.
type Admin struct {
	pb.UnimplementedAdminServiceServer
	ledger *ledger.Ledger
	kept   *retention.Keeper
	tokens auth.Tokens
	authn  *auth.Authenticator
	pages  *page.Codec
	build  *pb.Version
	clock  func() time.Time
	random io.Reader
}

// AdminConfig is what an Admin needs; all of it is required.
type AdminConfig struct {
	// Ledger holds the audit entries.
	Ledger *ledger.Ledger
	// Retention keeps how much of history is kept.
	Retention *retention.Keeper
	// Tokens stores tokens, and Authenticator checks them: the one that the
	// Server has too, so that a revocation holds at once.
	Tokens        auth.Tokens
	Authenticator *auth.Authenticator
	// Pages makes page tokens.
	Pages *page.Codec
	// Build is what GetVersion tells; it is not changed afterwards.
	Build *pb.Version
	// Clock tells the time, and Random makes secrets: fit for keys, and safe
	// for concurrent use.
	Clock  func() time.Time
	Random io.Reader
}

// NewAdmin returns the service.
func NewAdmin(c AdminConfig) *Admin {
	return &Admin{
		ledger: c.Ledger, kept: c.Retention, tokens: c.Tokens, authn: c.Authenticator, pages: c.Pages,
		build: c.Build, clock: c.Clock, random: c.Random,
	}
}

// GetVersion implements AdminService.
func (s *Admin) GetVersion(context.Context, *pb.GetVersionRequest) (*pb.Version, error) {
	return proto.CloneOf(s.build), nil
}

// CreateToken implements AdminService.
func (s *Admin) CreateToken(ctx context.Context, req *pb.CreateTokenRequest) (*pb.CreateTokenResponse, error) {
	now := s.clock()
	t, err := tokenOf(req, now)
	if err != nil {
		return nil, err
	}
	secret, err := auth.NewSecret(s.random)
	if err != nil {
		return nil, fmt.Errorf("making a secret: %w", err)
	}
	hash, _ := auth.HashSecret(secret) // a new secret is well-formed
	t.SecretHash = hash[:]
	if err := s.tokens.Create(ctx, t, s.write(ctx, "CreateToken", now)); err != nil {
		return nil, err
	}
	return &pb.CreateTokenResponse{Token: tokenMessage(t), Secret: secret}, nil
}

// tokenOf reads a request; the rules in the .proto have been checked.
func tokenOf(req *pb.CreateTokenRequest, now time.Time) (*storev1.TokenRecord, error) {
	lifetime := defaultLifetime
	var violations []fault.Violation
	if req.Lifetime != nil {
		lifetime = req.Lifetime.AsDuration()
		if err := req.Lifetime.CheckValid(); err != nil || lifetime <= 0 || lifetime > longestLifetime {
			violations = append(violations, fault.Violation{Field: "lifetime", Description: fmt.Sprintf(
				"must be more than nothing and at most %d days; leave it out for %d days", days(longestLifetime), days(defaultLifetime))})
		}
	}
	violations = append(violations, checkSources(req.Sources)...)
	if len(violations) > 0 {
		return nil, fault.Invalid(violations...)
	}
	return &storev1.TokenRecord{
		Id: req.TokenId, Role: req.Role, Sources: req.Sources,
		Created: now.UnixMicro(), Expires: now.Add(lifetime).UnixMicro(),
	}, nil
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

// sourceForm is what a source's name may be, as the .proto says at submissions.
var sourceForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)

func checkSources(sources []string) []fault.Violation {
	if len(sources) > maxSources {
		return []fault.Violation{{Field: "sources", Description: fmt.Sprintf("has %d entries and may have %d", len(sources), maxSources)}}
	}
	var out []fault.Violation
	for i, name := range sources {
		if !sourceForm.MatchString(name) {
			out = append(out, fault.Violation{
				Field:       fmt.Sprintf("sources[%d]", i),
				Description: fmt.Sprintf("%q is not a source's name: 1 to 64 of letters, digits, '.', '_' and '-'", name),
			})
		}
	}
	return out
}

// ListTokens implements AdminService.
func (s *Admin) ListTokens(ctx context.Context, req *pb.ListTokensRequest) (*pb.ListTokensResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	rows, err := s.tokens.List(ctx, string(cur.After), cur.Size+1)
	if err != nil {
		return nil, err
	}
	rows, next := page.Cut(s.pages, cur, rows, func(t *storev1.TokenRecord) []byte { return []byte(t.Id) })
	out := &pb.ListTokensResponse{NextPageToken: next}
	for _, t := range rows {
		out.Tokens = append(out.Tokens, tokenMessage(t))
	}
	return out, nil
}

// RevokeToken implements AdminService.
func (s *Admin) RevokeToken(ctx context.Context, req *pb.RevokeTokenRequest) (*emptypb.Empty, error) {
	id := strings.TrimPrefix(req.Name, "tokens/")
	if _, err := s.authn.Revoke(ctx, id, s.write(ctx, "RevokeToken", s.clock())); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// write says who makes a change.
func (s *Admin) write(ctx context.Context, method string, now time.Time) auth.Write {
	return auth.Write{
		Actor: auth.FromContext(ctx).Actor, Method: method,
		RequestID: intercept.RequestID(ctx), At: now.UnixMicro(),
	}
}

func tokenMessage(t *storev1.TokenRecord) *pb.Token {
	out := &pb.Token{Name: "tokens/" + t.Id, Role: t.Role, Sources: t.Sources, CreateTime: instant(t.Created)}
	if t.Expires != 0 {
		out.ExpireTime = instant(t.Expires)
	}
	if t.Revoked != 0 {
		out.RevokeTime = instant(t.Revoked)
	}
	return out
}

func instant(micros int64) *timestamppb.Timestamp { return timestamppb.New(time.UnixMicro(micros)) }
