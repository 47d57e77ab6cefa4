package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store/ledger"
)

// TestTokenLife makes a token over gRPC, uses it over REST, and revokes it.
func TestTokenLife(t *testing.T) {
	sh := startShell(t, func(s *settings) { s.config.AuthRequired = true })
	root := bearer(t.Context(), sh.token(t, "root", auth.RoleAdmin))
	made, err := sh.admin().CreateToken(root, &pb.CreateTokenRequest{TokenId: "cmdb", Role: "submit", Sources: []string{"cmdb-eu"}, Lifetime: durationpb.New(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(made.Secret, "plb_") || made.Token.Name != "tokens/cmdb" || made.Token.ExpireTime.AsTime().Sub(made.Token.CreateTime.AsTime()) != time.Hour {
		t.Errorf("%v", made.Token)
	}
	header := "Authorization: Bearer " + made.Secret
	if r := sh.rest(t, "GET", "/v1/version", "", header); r.StatusCode != http.StatusOK || !strings.Contains(r.body, `"engineVersion":"1"`) {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	ctx := metadata.AppendToOutgoingContext(root, "x-request-id", "the-revocation")
	if _, err := sh.admin().RevokeToken(ctx, &pb.RevokeTokenRequest{Name: "tokens/cmdb"}); err != nil {
		t.Fatal(err)
	}
	if r := sh.rest(t, "GET", "/v1/version", "", header); r.StatusCode != http.StatusUnauthorized || !strings.Contains(r.body, "revoked") {
		t.Errorf("after the revocation: %d %s", r.StatusCode, r.body)
	}
	list, err := sh.admin().ListTokens(root, &pb.ListTokensRequest{})
	if err != nil || len(list.Tokens) != 2 || list.Tokens[0].Name != "tokens/cmdb" || list.Tokens[0].RevokeTime == nil || list.Tokens[1].RevokeTime != nil {
		t.Errorf("%v, %v", list, err)
	}
	audit, err := sh.admin().ListAuditEntries(root, &pb.ListAuditEntriesRequest{})
	if err != nil || len(audit.AuditEntries) != 3 {
		t.Fatalf("%v, %v", audit, err)
	}
	e := audit.AuditEntries[0]
	if e.Actor != "root" || e.Method != "RevokeToken" || e.Resource != "tokens/cmdb" || e.Outcome != "revoked" || e.RequestId != "the-revocation" || e.RecordedTime == nil {
		t.Errorf("the newest entry = %v", e)
	}
	if e.Sequence <= audit.AuditEntries[1].Sequence {
		t.Error("sequences do not grow")
	}
	for _, line := range sh.log.lines("") {
		if strings.Contains(line, made.Secret) {
			t.Errorf("the log has the secret: %s", line)
		}
	}
}

func TestCreateTokenErrors(t *testing.T) {
	sh := startShell(t, nil)
	if _, err := sh.admin().CreateToken(t.Context(), &pb.CreateTokenRequest{TokenId: "a", Role: "read"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		req    *pb.CreateTokenRequest
		code   codes.Code
		reason string
	}{
		{"the same id", &pb.CreateTokenRequest{TokenId: "a", Role: "read"}, codes.AlreadyExists, fault.ReasonAlreadyExists},
		{"no id", &pb.CreateTokenRequest{Role: "read"}, codes.InvalidArgument, fault.ReasonInvalidField},
		{"an id with a slash", &pb.CreateTokenRequest{TokenId: "a/b", Role: "read"}, codes.InvalidArgument, fault.ReasonInvalidField},
		{"an unknown role", &pb.CreateTokenRequest{TokenId: "b", Role: "root"}, codes.InvalidArgument, fault.ReasonInvalidField},
		{"no lifetime at all", &pb.CreateTokenRequest{TokenId: "b", Role: "read", Lifetime: durationpb.New(0)}, codes.InvalidArgument, fault.ReasonInvalidField},
		{"a negative lifetime", &pb.CreateTokenRequest{TokenId: "b", Role: "read", Lifetime: durationpb.New(-1)}, codes.InvalidArgument, fault.ReasonInvalidField},
		{"a lifetime of centuries", &pb.CreateTokenRequest{TokenId: "b", Role: "read", Lifetime: &durationpb.Duration{Seconds: 1 << 40}}, codes.InvalidArgument, fault.ReasonInvalidField},
		{"a source that cannot be", &pb.CreateTokenRequest{TokenId: "b", Role: "submit", Sources: []string{"ok", "not ok"}}, codes.InvalidArgument, fault.ReasonInvalidField},
	} {
		_, err := sh.admin().CreateToken(t.Context(), c.req)
		if st := status.Convert(err); st.Code() != c.code || fault.Reason(st) != c.reason {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := sh.admin().RevokeToken(t.Context(), &pb.RevokeTokenRequest{Name: "tokens/none"}); status.Code(err) != codes.NotFound {
		t.Errorf("revoking none: %v", err)
	}
	r := sh.rest(t, "DELETE", "/v1/tokens/a", "")
	if r.StatusCode != http.StatusOK || r.body != "{}\n" {
		t.Errorf("DELETE: %d %q", r.StatusCode, r.body)
	}
}

func TestDefaultLifetime(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	sh := startShell(t, func(s *settings) { s.config.Clock = func() time.Time { return at } })
	made, err := sh.admin().CreateToken(t.Context(), &pb.CreateTokenRequest{TokenId: "a", Role: "read"})
	if err != nil || !made.Token.ExpireTime.AsTime().Equal(at.AddDate(0, 0, 90)) || !made.Token.CreateTime.AsTime().Equal(at) {
		t.Errorf("%v, %v", made, err)
	}
}

func TestPagesOfTokens(t *testing.T) {
	sh := startShell(t, nil)
	for i := range 7 {
		if _, err := sh.admin().CreateToken(t.Context(), &pb.CreateTokenRequest{TokenId: fmt.Sprint("t", i), Role: "read"}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	req := &pb.ListTokensRequest{PageSize: 3}
	for {
		resp, err := sh.admin().ListTokens(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, tok := range resp.Tokens {
			got = append(got, strings.TrimPrefix(tok.Name, "tokens/"))
		}
		if req.PageToken = resp.NextPageToken; req.PageToken == "" {
			break
		}
		if len(resp.Tokens) != 3 {
			t.Errorf("a page of %d", len(resp.Tokens))
		}
	}
	if strings.Join(got, " ") != "t0 t1 t2 t3 t4 t5 t6" {
		t.Errorf("%v", got)
	}
	first := sh.rest(t, "GET", "/v1/tokens?pageSize=2", "")
	_, token, _ := strings.Cut(first.body, `"nextPageToken":"`)
	token, _, _ = strings.Cut(token, `"`)
	r := sh.rest(t, "GET", "/v1/auditEntries?pageToken="+token, "")
	if r.StatusCode != http.StatusBadRequest || fault.Reason(r.status(t)) != fault.ReasonPageToken || !strings.Contains(r.body, "another query") {
		t.Errorf("a token of another method: %d %s", r.StatusCode, r.body)
	}
}

func TestPagesOfAuditEntries(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	sh := startShell(t, func(s *settings) { s.config.Clock = func() time.Time { return at } })
	for i := range 5 {
		at = at.Add(time.Hour)
		if _, err := sh.admin().CreateToken(t.Context(), &pb.CreateTokenRequest{TokenId: fmt.Sprint("t", i), Role: "read"}); err != nil {
			t.Fatal(err)
		}
	}
	day := func(hours int) *timestamppb.Timestamp {
		return timestamppb.New(time.Date(2026, 3, 1, hours, 0, 0, 0, time.UTC))
	}
	for _, c := range []struct {
		name     string
		from, to *timestamppb.Timestamp
		want     string
	}{
		{"all", nil, nil, "t4 t3 t2 t1 t0"}, {"from", day(3), nil, "t4 t3 t2"}, {"to is not in it", nil, day(3), "t1 t0"},
		{"both", day(2), day(4), "t2 t1"}, {"nothing", day(10), nil, ""},
	} {
		var got []string
		req := &pb.ListAuditEntriesRequest{From: c.from, To: c.to, PageSize: 2}
		for {
			resp, err := sh.admin().ListAuditEntries(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range resp.AuditEntries {
				got = append(got, strings.TrimPrefix(e.Resource, "tokens/"))
			}
			if req.PageToken = resp.NextPageToken; req.PageToken == "" {
				break
			}
			// What is written while somebody turns pages does not shift them.
			sh.token(t, fmt.Sprint("x", len(got), c.name[:2]), auth.RoleRead)
		}
		all := strings.Join(got, " ")
		for strings.HasPrefix(all, "x") { // made by earlier cases, newest first
			_, all, _ = strings.Cut(all, " ")
		}
		if all != c.want && !strings.HasSuffix(all, c.want) {
			t.Errorf("%s: %s, want %s", c.name, all, c.want)
		}
	}
	for name, req := range map[string]*pb.ListAuditEntriesRequest{
		"backwards": {From: day(3), To: day(2)}, "empty": {From: day(3), To: day(3)}, "no time": {From: &timestamppb.Timestamp{Nanos: -1}},
	} {
		if _, err := sh.admin().ListAuditEntries(t.Context(), req); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A record that cannot be read is told to the log, and to the caller only that
// it is so.
func TestCorruptAuditEntry(t *testing.T) {
	sh := startShell(t, nil)
	_, err := sh.ledger.Commit(t.Context(), 1, func(b *ledger.Batch) error {
		b.Audit([]byte{0xff})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = sh.admin().ListAuditEntries(t.Context(), &pb.ListAuditEntriesRequest{})
	if st := status.Convert(err); st.Code() != codes.DataLoss || !strings.Contains(st.Message(), "db check") {
		t.Errorf("%v", err)
	}
	if len(sh.log.lines(`"level":"ERROR"`, "audit entry")) != 1 {
		t.Error("the log does not say which")
	}
}
