package server_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/fault"
)

func authOn(s *settings) { s.config.AuthRequired, s.config.Reflection = true, true }

// registered walks every method of every service that the server has.
func registered(t *testing.T, sh *shell, secret string) []string {
	t.Helper()
	stream, err := reflectionpb.NewServerReflectionClient(sh.conn).ServerReflectionInfo(bearer(t.Context(), secret))
	if err != nil {
		t.Fatal(err)
	}
	ask := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(ask); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range answer.GetListServicesResponse().Service {
		out = append(out, methodsOf(t, s.Name)...)
	}
	return out
}

func methodsOf(t *testing.T, service string) []string {
	t.Helper()
	var out []string
	for _, desc := range []grpc.ServiceDesc{
		pb.InventoryService_ServiceDesc, pb.GuidanceService_ServiceDesc, pb.AssessmentService_ServiceDesc, pb.StatementService_ServiceDesc, pb.HistoryService_ServiceDesc, pb.ReassessmentService_ServiceDesc, pb.EventService_ServiceDesc, pb.AdminService_ServiceDesc,
		longrunningpb.Operations_ServiceDesc, healthpb.Health_ServiceDesc, reflectionpb.ServerReflection_ServiceDesc,
	} {
		if desc.ServiceName != service {
			continue
		}
		for _, m := range desc.Methods {
			out = append(out, "/"+service+"/"+m.MethodName)
		}
		for _, s := range desc.Streams {
			out = append(out, "/"+service+"/"+s.StreamName)
		}
	}
	if service == "grpc.reflection.v1alpha.ServerReflection" {
		out = append(out, "/"+service+"/ServerReflectionInfo")
	}
	if len(out) == 0 {
		t.Fatalf("the test does not know the service %s", service)
	}
	return out
}

// TestEveryMethodIsInTheTable walks every registered method, and the table for
// methods that are no longer there.
func TestEveryMethodIsInTheTable(t *testing.T) {
	sh := startShell(t, authOn)
	methods := registered(t, sh, sh.token(t, "r", auth.RoleRead))
	if len(methods) < 40 {
		t.Fatalf("only %d methods were found", len(methods))
	}
	for _, m := range methods {
		if auth.PermissionOf(m) == auth.Denied {
			t.Errorf("%s has no permission in the table", m)
		}
	}
	for _, m := range auth.Methods() {
		if strings.Count(m, "/") == 2 && !slices.Contains(methods, m) {
			t.Errorf("%s stands in the table, but is no method", m)
		}
	}
}

// TestPermissionsAreEnforced calls every method without a token and with each
// role. A call that is admitted ends in some other error or in success; what
// matters is which ones are not.
func TestPermissionsAreEnforced(t *testing.T) {
	sh := startShell(t, authOn)
	roles := []auth.Role{"", auth.RoleRead, auth.RoleSubmit, auth.RoleAdmin}
	secrets := map[auth.Role]string{}
	for _, r := range roles[1:] {
		secrets[r] = sh.token(t, string(r)+"-token", r)
	}
	for _, method := range registered(t, sh, secrets[auth.RoleRead]) {
		for _, role := range roles {
			ctx, cancel := context.WithCancel(t.Context())
			if role != "" {
				ctx = bearer(ctx, secrets[role])
			}
			err := callAny(ctx, sh.conn, method)
			cancel()
			need := auth.PermissionOf(method)
			want := codes.OK
			switch {
			case need == auth.Public || role.Grants(need):
			case role == "":
				want = codes.Unauthenticated
			default:
				want = codes.PermissionDenied
			}
			refused := status.Code(err) == codes.Unauthenticated || status.Code(err) == codes.PermissionDenied
			if refused != (want != codes.OK) || refused && status.Code(err) != want {
				t.Errorf("%s with role %q: %v, want %s", method, role, err, want)
			}
		}
	}
}

// callAny calls a method with an empty message, as a stream, which serves for
// unary methods too.
func callAny(ctx context.Context, conn *grpc.ClientConn, method string) error {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(&emptypb.Empty{}); err != nil {
		return stream.RecvMsg(&emptypb.Empty{})
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	return stream.RecvMsg(&emptypb.Empty{})
}

func TestUnknownMethods(t *testing.T) {
	sh := startShell(t, authOn)
	for _, method := range []string{"/plumbline.v1.InventoryService/Nothing", "/no.Service/Nothing"} {
		if err := callAny(bearer(t.Context(), sh.token(t, fmt.Sprint("a", len(method)), auth.RoleAdmin)), sh.conn, method); status.Code(err) != codes.Unimplemented {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestReflectionIsSwitchable(t *testing.T) {
	sh := startShell(t, nil)
	if err := callAny(t.Context(), sh.conn, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"); status.Code(err) != codes.Unimplemented {
		t.Errorf("reflection is there without being asked for: %v", err)
	}
}

func TestWithoutAuthenticationEverybodyIsLocal(t *testing.T) {
	sh := startShell(t, func(s *settings) {
		s.inventory.getSystem = func(ctx context.Context, r *pb.GetSystemRequest) (*pb.SystemRecord, error) {
			who := auth.FromContext(ctx)
			return &pb.SystemRecord{Name: who.Actor + " " + string(who.Role)}, nil
		}
	})
	got, err := sh.inventory().GetSystem(t.Context(), &pb.GetSystemRequest{Name: "systems/a"})
	if err != nil || got.Name != "local admin" {
		t.Errorf("identity = %v, %v", got, err)
	}
}

func TestIdentityReachesTheHandler(t *testing.T) {
	sh := startShell(t, func(s *settings) {
		authOn(s)
		s.inventory.submit = func(ctx context.Context, r *pb.SubmitInventoryRequest) (*pb.Receipt, error) {
			if err := auth.CheckSource(ctx, r.Source); err != nil {
				return nil, err
			}
			return &pb.Receipt{System: auth.FromContext(ctx).Actor}, nil
		}
	})
	secret := sh.token(t, "cmdb-token", auth.RoleSubmit, "cmdb")
	req := &pb.SubmitInventoryRequest{System: "systems/a", Source: "cmdb", Inventory: &pb.Inventory{}}
	got, err := sh.inventory().SubmitInventory(bearer(t.Context(), secret), req)
	if err != nil || got.System != "cmdb-token" {
		t.Errorf("%v, %v", got, err)
	}
	req.Source = "scanner"
	_, err = sh.inventory().SubmitInventory(bearer(t.Context(), secret), req)
	if st := status.Convert(err); st.Code() != codes.PermissionDenied || fault.Reason(st) != fault.ReasonSource {
		t.Errorf("another source: %v", err)
	}
	// The same over REST.
	r := sh.rest(t, "POST", "/v1/systems/a:submit", `{"source":"cmdb","inventory":{}}`, "Authorization: Bearer "+secret)
	if r.StatusCode != http.StatusOK || !strings.Contains(r.body, `"system":"cmdb-token"`) {
		t.Errorf("REST: %d %s", r.StatusCode, r.body)
	}
}

func TestTokenErrorsOverREST(t *testing.T) {
	sh := startShell(t, authOn)
	r := sh.rest(t, "GET", "/v1/systems", "")
	if r.StatusCode != http.StatusUnauthorized || r.Header.Get("WWW-Authenticate") != `Bearer realm="plumbline"` || fault.Reason(r.status(t)) != fault.ReasonNoToken {
		t.Errorf("no token: %d %v %s", r.StatusCode, r.Header, r.body)
	}
	r = sh.rest(t, "GET", "/v1/systems", "", "Authorization: Bearer plb_wrong")
	if r.StatusCode != http.StatusUnauthorized || fault.Reason(r.status(t)) != fault.ReasonBadToken {
		t.Errorf("a wrong token: %d %s", r.StatusCode, r.body)
	}
	read := "Authorization: Bearer " + sh.token(t, "r", auth.RoleRead)
	r = sh.rest(t, "GET", "/v1/tokens", "", read)
	if r.StatusCode != http.StatusForbidden || fault.Reason(r.status(t)) != fault.ReasonRole {
		t.Errorf("another role: %d %s", r.StatusCode, r.body)
	}
	if r = sh.rest(t, "GET", "/v1/version", "", read); r.StatusCode != http.StatusOK {
		t.Errorf("with a token: %d %s", r.StatusCode, r.body)
	}
	if r = sh.rest(t, "GET", "/metrics", ""); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("/metrics without a token: %d", r.StatusCode)
	}
	if r = sh.rest(t, "GET", "/metrics", "", read); r.StatusCode != http.StatusOK {
		t.Errorf("/metrics with a token: %d", r.StatusCode)
	}
	for _, public := range []string{"/healthz", "/readyz", "/openapi.json"} {
		if r = sh.rest(t, "GET", public, ""); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", public, r.StatusCode)
		}
	}
}

func TestTwoTokensAreRefused(t *testing.T) {
	sh := startShell(t, authOn)
	secret := sh.token(t, "r", auth.RoleAdmin)
	ctx := metadata.AppendToOutgoingContext(bearer(t.Context(), secret), "authorization", "Bearer x")
	if _, err := sh.admin().GetVersion(ctx, &pb.GetVersionRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v", err)
	}
}
