package rpc

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/plumbline/plumbline/assess/merge"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/assessor"
	"github.com/plumbline/plumbline/server/auth"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/server/past"
)

// Inventory serves InventoryService.
type Inventory struct {
	pb.UnimplementedInventoryServiceServer
	assessor *assessor.Assessor
	pages    *page.Codec
	clock    func() time.Time
}

// NewInventory serves an assessor's inventories.
func NewInventory(a *assessor.Assessor, pages *page.Codec, clock func() time.Time) *Inventory {
	return &Inventory{assessor: a, pages: pages, clock: clock}
}

// SubmitInventory implements InventoryService.
func (s *Inventory) SubmitInventory(ctx context.Context, req *pb.SubmitInventoryRequest) (*pb.Receipt, error) {
	return s.single(ctx, &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: req}}, req.Source)
}

// UpsertHosts implements InventoryService.
func (s *Inventory) UpsertHosts(ctx context.Context, req *pb.UpsertHostsRequest) (*pb.Receipt, error) {
	return s.single(ctx, &pb.SubmitItem{Item: &pb.SubmitItem_Upsert{Upsert: req}}, req.Source)
}

// single submits one item; what a batch tells in a receipt is the call's error.
func (s *Inventory) single(ctx context.Context, item *pb.SubmitItem, source string) (*pb.Receipt, error) {
	if err := auth.CheckSource(ctx, source); err != nil {
		return nil, err
	}
	receipts, err := s.assessor.Submit(ctx, []*pb.SubmitItem{item}, auth.FromContext(ctx).Actor)
	if err != nil {
		return nil, err
	}
	if e := receipts[0].Error; e != nil {
		return nil, status.ErrorProto(e)
	}
	return receipts[0], nil
}

// BatchSubmit implements InventoryService.
func (s *Inventory) BatchSubmit(ctx context.Context, req *pb.BatchSubmitRequest) (*pb.BatchSubmitResponse, error) {
	out := make([]*pb.Receipt, len(req.Items))
	var allowed []*pb.SubmitItem
	var at []int
	for i, item := range req.Items {
		if err := auth.CheckSource(ctx, sourceOf(item)); err != nil {
			out[i] = &pb.Receipt{Outcome: "rejected", Error: fault.Status(err, "").Proto(), Index: int32(i)}
			continue
		}
		allowed, at = append(allowed, item), append(at, i)
	}
	receipts, err := s.assessor.Submit(ctx, allowed, auth.FromContext(ctx).Actor)
	if err != nil {
		return nil, err
	}
	for n, r := range receipts {
		r.Index = int32(at[n])
		out[at[n]] = r
	}
	return &pb.BatchSubmitResponse{Receipts: out}, nil
}

func sourceOf(item *pb.SubmitItem) string {
	switch x := item.GetItem().(type) {
	case *pb.SubmitItem_Submit:
		return x.Submit.GetSource()
	case *pb.SubmitItem_Upsert:
		return x.Upsert.GetSource()
	}
	return ""
}

// GetSystem implements InventoryService.
func (s *Inventory) GetSystem(ctx context.Context, req *pb.GetSystemRequest) (*pb.SystemRecord, error) {
	return s.assessor.System(ctx, lastSegment(req.Name))
}

// ListSystems implements InventoryService.
func (s *Inventory) ListSystems(ctx context.Context, req *pb.ListSystemsRequest) (*pb.ListSystemsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	rows, err := s.assessor.Systems(ctx, string(cur.After), cur.Size+1, req.ShowRetired)
	if err != nil {
		return nil, err
	}
	rows, next := cut(s.pages, cur, rows, func(r *pb.SystemRecord) string { return lastSegment(r.Name) })
	return &pb.ListSystemsResponse{Systems: rows, NextPageToken: next}, nil
}

// RetireSystem implements InventoryService.
func (s *Inventory) RetireSystem(ctx context.Context, req *pb.RetireSystemRequest) (*pb.SystemRecord, error) {
	id := lastSegment(req.Name)
	if err := s.assessor.RetireSystem(ctx, id, req.Etag, auth.FromContext(ctx).Actor); err != nil {
		return nil, err
	}
	return s.assessor.System(ctx, id)
}

// GetHost implements InventoryService.
func (s *Inventory) GetHost(ctx context.Context, req *pb.GetHostRequest) (*pb.HostRecord, error) {
	return s.assessor.Host(ctx, lastSegment(req.Name))
}

// ListHosts implements InventoryService.
func (s *Inventory) ListHosts(ctx context.Context, req *pb.ListHostsRequest) (*pb.ListHostsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	var rows []*pb.HostRecord
	if req.Parent == "" {
		rows, err = s.assessor.Hosts(ctx, string(cur.After), cur.Size+1)
	} else {
		rows, err = s.assessor.HostsOf(ctx, lastSegment(req.Parent), string(cur.After), cur.Size+1)
	}
	if err != nil {
		return nil, err
	}
	rows, next := cut(s.pages, cur, rows, func(r *pb.HostRecord) string { return lastSegment(r.Name) })
	return &pb.ListHostsResponse{Hosts: rows, NextPageToken: next}, nil
}

// RetireHost implements InventoryService.
func (s *Inventory) RetireHost(ctx context.Context, req *pb.RetireHostRequest) (*pb.HostRecord, error) {
	id := lastSegment(req.Name)
	if err := s.assessor.RetireHost(ctx, id, req.Etag, auth.FromContext(ctx).Actor); err != nil {
		return nil, err
	}
	return s.assessor.Host(ctx, id)
}

// GetFacility implements InventoryService.
func (s *Inventory) GetFacility(ctx context.Context, req *pb.GetFacilityRequest) (*pb.FacilityRecord, error) {
	return s.assessor.Facility(ctx, lastSegment(req.Name))
}

// ListFacilities implements InventoryService.
func (s *Inventory) ListFacilities(ctx context.Context, req *pb.ListFacilitiesRequest) (*pb.ListFacilitiesResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	rows, err := s.assessor.Facilities(ctx, string(cur.After), cur.Size+1)
	if err != nil {
		return nil, err
	}
	rows, next := cut(s.pages, cur, rows, func(r *pb.FacilityRecord) string { return lastSegment(r.Name) })
	return &pb.ListFacilitiesResponse{Facilities: rows, NextPageToken: next}, nil
}

// GetInventory implements InventoryService.
func (s *Inventory) GetInventory(ctx context.Context, req *pb.GetInventoryRequest) (*pb.EffectiveInventory, error) {
	w, err := when(req.AsOf, req.KnownAt)
	if err != nil {
		return nil, err
	}
	m, err := s.assessor.Merged(ctx, segment(req.Name, 1), req.Source, w)
	if err != nil {
		return nil, err
	}
	out := effective(req, m)
	out.ThinnedBefore = s.assessor.Wall.MarkAt(req.AsOf, req.KnownAt)
	return out, nil
}

func effective(req *pb.GetInventoryRequest, m *merge.Merged) *pb.EffectiveInventory {
	out := &pb.EffectiveInventory{
		Name: req.Name, Inventory: m.Inventory, Digest: past.InventoryDigest(m).String(),
		ValidUntil: timestamp(m.ValidUntil), DisagreementCount: int32(len(m.Disagreements())),
	}
	if req.WithProvenance {
		out.Provenance = valueSources(m.Provenance())
	}
	out.Stale = valueSources(m.Stale())
	for _, n := range m.NotReported() {
		out.NotReported = append(out.NotReported, &pb.NotReported{
			Host: n.Host, Source: n.Source, ConfirmedTime: timestamp(n.Confirmed), StaleTime: timestamp(n.Stale),
		})
	}
	return out
}

func valueSources(list []merge.PathOrigin) []*pb.ValueSource {
	out := make([]*pb.ValueSource, len(list))
	for i, o := range list {
		out[i] = &pb.ValueSource{Path: o.Path, Source: o.Source, ConfirmedTime: timestamp(o.Confirmed)}
	}
	return out
}

// ListDisagreements implements InventoryService.
func (s *Inventory) ListDisagreements(ctx context.Context, req *pb.ListDisagreementsRequest) (*pb.ListDisagreementsResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	w, err := whenOfPage(req.AsOf, req.KnownAt, cur)
	if err != nil {
		return nil, err
	}
	m, err := s.assessor.Merged(ctx, lastSegment(req.Parent), "", w)
	if err != nil {
		return nil, err
	}
	var rows []*pb.Disagreement
	for _, d := range m.Disagreements() {
		if d.Path <= string(cur.After) {
			continue
		}
		row := &pb.Disagreement{Path: d.Path}
		for _, v := range d.Values {
			row.Values = append(row.Values, &pb.SourceValue{Source: v.Source, Value: v.Value, ConfirmedTime: timestamp(v.Confirmed)})
		}
		if rows = append(rows, row); len(rows) > cur.Size {
			break
		}
	}
	rows, next := cut(s.pages, cur, rows, func(r *pb.Disagreement) string { return r.Path })
	return &pb.ListDisagreementsResponse{Disagreements: rows, NextPageToken: next}, nil
}

// CreateHostLink implements InventoryService.
func (s *Inventory) CreateHostLink(ctx context.Context, req *pb.CreateHostLinkRequest) (*pb.HostLink, error) {
	if err := auth.CheckSource(ctx, req.HostLink.GetSource()); err != nil {
		return nil, err
	}
	return s.assessor.Link(ctx, req.HostLink, auth.FromContext(ctx).Actor)
}

// ListHostLinks implements InventoryService.
func (s *Inventory) ListHostLinks(ctx context.Context, req *pb.ListHostLinksRequest) (*pb.ListHostLinksResponse, error) {
	cur, err := s.pages.Parse(req, s.clock())
	if err != nil {
		return nil, err
	}
	rows, err := s.assessor.Links(ctx, string(cur.After), cur.Size+1)
	if err != nil {
		return nil, err
	}
	rows, next := cut(s.pages, cur, rows, func(r *pb.HostLink) string { return lastSegment(r.Name) })
	return &pb.ListHostLinksResponse{HostLinks: rows, NextPageToken: next}, nil
}

// DeleteHostLink implements InventoryService.
func (s *Inventory) DeleteHostLink(ctx context.Context, req *pb.DeleteHostLinkRequest) (*emptypb.Empty, error) {
	name := lastSegment(req.Name)
	source, _, _ := strings.Cut(name, "~")
	if err := auth.CheckSource(ctx, source); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, s.assessor.Unlink(ctx, name, auth.FromContext(ctx).Actor)
}

// GetPolicy implements InventoryService.
func (s *Inventory) GetPolicy(context.Context, *pb.GetPolicyRequest) (*pb.Policy, error) {
	return proto.Clone(s.assessor.Policy()).(*pb.Policy), nil
}

// UpdatePolicy implements InventoryService.
func (s *Inventory) UpdatePolicy(ctx context.Context, req *pb.UpdatePolicyRequest) (*pb.Policy, error) {
	return s.assessor.SetPolicy(ctx, req.Policy, auth.FromContext(ctx).Actor)
}
