package servertest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/servertest"
	"github.com/plumbline/plumbline/server/verify"
)

// checklist is a small checklist as a guidance file.
const checklist = `
id: test
version: 1.0.0
title: A checklist for tests
description: Two rules.
profiles:
- {id: all, title: All}
groups:
- id: hosts
  title: Hosts
  rules:
  - id: static
    title: Addresses are static
    area: network
    severity: medium
    scope: host
    multiple: true
    check: host.addresses.all(a, a.static)
    message: "{host.id} has an address that is leased"
    rationale: Names and policies refer to addresses.
    remediation: Configure the address.
  - id: same-zone
    title: Channels start on hosts of a known zone
    area: network
    severity: low
    scope: channel
    multiple: true
    check: inventory.host(channel.from.host).zone != ''
    message: "{channel.id} starts in no zone"
    rationale: A zone is what a boundary guards.
    remediation: Give the host's zone.
`

// client is a service with its stubs.
type client struct {
	*servertest.Service
	t          *testing.T
	inventory  pb.InventoryServiceClient
	guidance   pb.GuidanceServiceClient
	assessment pb.AssessmentServiceClient
	admin      pb.AdminServiceClient
	harmed     bool // the store is not to be verified: the test has damaged it
}

// connect calls a service. At the end of the test what the service has recorded
// is computed anew from its inputs: whatever a test does to a service, it must
// leave nothing behind that verify finds fault with.
func connect(t *testing.T, s *servertest.Service) *client {
	c := clientOf(t, s)
	t.Cleanup(func() {
		if !c.harmed && !t.Failed() {
			c.verifies()
		}
	})
	return c
}

// verifies verifies what the service has recorded, unless it has stopped.
func (c *client) verifies() *verify.Report {
	c.t.Helper()
	if c.Stopped() {
		return nil
	}
	got, err := verify.Run(context.WithoutCancel(c.t.Context()), c.Assessor, verify.Options{Clock: time.Now})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, d := range got.First[:min(len(got.First), 10)] {
		c.t.Errorf("verify: %s %s %s effective %s: %s", d.Kind, d.System, d.Series, time.UnixMicro(d.Effective).UTC(), d.Detail)
	}
	return got
}

func clientOf(t *testing.T, s *servertest.Service) *client {
	return &client{
		Service: s, t: t, inventory: pb.NewInventoryServiceClient(s.Conn), guidance: pb.NewGuidanceServiceClient(s.Conn),
		assessment: pb.NewAssessmentServiceClient(s.Conn), admin: pb.NewAdminServiceClient(s.Conn),
	}
}

// start starts a service with the test checklist assigned to all systems.
func start(t *testing.T, o servertest.Options) *client {
	t.Helper()
	c := connect(t, servertest.Start(t, o))
	c.publish()
	return c
}

func (c *client) publish() {
	c.t.Helper()
	ctx := c.t.Context()
	if _, err := c.guidance.PublishChecklist(ctx, &pb.PublishChecklistRequest{Yaml: checklist}); err != nil {
		c.t.Fatal(err, status.Convert(err).Details())
	}
	if _, err := c.guidance.CreateAssignment(ctx, &pb.CreateAssignmentRequest{
		AssignmentId: "all", Assignment: &pb.Assignment{Selector: &pb.Selector{}, Checklist: "test"},
	}); err != nil {
		c.t.Fatal(err)
	}
}

func host(id string, static bool) *pb.Host {
	return &pb.Host{Id: id, Addresses: []*pb.Address{{Ip: "10.0.0.1", Static: proto.Bool(static)}}}
}

func view(system string, hosts ...*pb.Host) *pb.SubmitInventoryRequest {
	return &pb.SubmitInventoryRequest{
		System: "systems/" + system, Source: "cmdb",
		Inventory: &pb.Inventory{System: &pb.System{Id: system, ReportedEmpty: []string{"channels"}}, Hosts: hosts},
	}
}

func (c *client) submit(req *pb.SubmitInventoryRequest) *pb.Receipt {
	c.t.Helper()
	r, err := c.inventory.SubmitInventory(c.t.Context(), req)
	if err != nil {
		c.t.Fatal(err, status.Convert(err).Details())
	}
	return r
}

// state is the state of a rule for a subject of system s.
func (c *client) state(rule, subject string, asOf, knownAt time.Time) string {
	c.t.Helper()
	req := &pb.ExplainResultRequest{Name: "systems/s/series/test~all~default", Rule: rule, Subject: subject}
	if !asOf.IsZero() {
		req.AsOf = timestamppb.New(asOf)
	}
	if !knownAt.IsZero() {
		req.KnownAt = timestamppb.New(knownAt)
	}
	x, err := c.assessment.ExplainResult(c.t.Context(), req)
	if err != nil {
		return status.Code(err).String()
	}
	return x.Finding.State
}

// refusal checks an error's code and that it names a field and a reason.
func refusal(t *testing.T, err error, code codes.Code, field string) {
	t.Helper()
	st := status.Convert(err)
	if st.Code() != code {
		t.Errorf("got %v, want %v", err, code)
		return
	}
	info, named := false, field == ""
	for _, d := range st.Details() {
		switch x := d.(type) {
		case *errdetails.ErrorInfo:
			info = x.Domain != "" && x.Reason != ""
		case *errdetails.BadRequest:
			for _, v := range x.FieldViolations {
				named = named || strings.HasPrefix(v.Field, field) && v.Description != ""
			}
		}
	}
	if !info || !named {
		t.Errorf("%v: details %v lack ErrorInfo or a violation of %s", err, st.Details(), field)
	}
}

// rest makes a REST call and decodes the answer.
func (c *client) rest(method, path, body string) (int, map[string]any) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(c.t.Context()), method, c.REST+path, bytes.NewBufferString(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		c.t.Fatalf("%s %s: %d, not JSON: %q", method, path, resp.StatusCode, raw)
	}
	return resp.StatusCode, out
}

func jsonHas(t *testing.T, answer map[string]any, text string) {
	t.Helper()
	if b, _ := json.Marshal(answer); !strings.Contains(string(b), text) {
		t.Errorf("the answer lacks %q: %s", text, b)
	}
}

func manyHosts(n int) []*pb.Host {
	out := make([]*pb.Host, n)
	for i := range out {
		out[i] = host(fmt.Sprintf("h%05d", i), true)
	}
	return out
}
