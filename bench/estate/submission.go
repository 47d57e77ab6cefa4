package estate

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Estate is a number of one-host systems. Hosts are variations of a few that
// were drawn, since a client that holds 50,000 of them would measure its own
// memory. It is safe for concurrent use.
type Estate struct {
	drawn []*pb.Host
}

// New makes an estate of drawn hosts.
func New(drawn []*pb.Host) *Estate { return &Estate{drawn: drawn} }

// Change says what of a host is another than what was submitted first.
type Change struct {
	// Release, where it is not 0, is the release of one package, which no rule
	// reads: the inventory changes and no result does.
	Release int
	// Flip turns remote logging round: the result of one rule changes.
	Flip bool
}

// FlipsEvery is how many submissions there are to one that changes a result:
// about 8 of 100 servers change a result from one day to the next.
const FlipsEvery = 12

// Next is the change of a system's n-th submission; n counts from 0. Each
// differs from the one before in one fact.
func Next(n int) Change {
	return Change{Release: n - n/FlipsEvery, Flip: n/FlipsEvery%2 == 1}
}

// Host is the host of system number i. It shares messages with others and must
// not be changed.
func (e *Estate) Host(i int, c Change) *pb.Host {
	b := e.drawn[i%len(e.drawn)]
	h := &pb.Host{
		Id: ID(i), Fqdn: b.Fqdn, Names: b.Names, Addresses: b.Addresses, LanSegment: b.LanSegment, Zone: b.Zone,
		Facility: b.Facility, Rack: b.Rack, FailureDomain: b.FailureDomain, Os: b.Os, Volumes: b.Volumes, Shares: b.Shares,
		Packages: b.Packages, Ports: b.Ports, Services: b.Services, Groups: b.Groups, Firewall: b.Firewall, Ipsec: b.Ipsec,
		TimeSync: b.TimeSync, FileIntegrity: b.FileIntegrity, Domain: b.Domain, DomainRole: b.DomainRole,
		Components: b.Components, Endpoints: b.Endpoints, SerialNumber: ptr(fmt.Sprintf("SN-%010d", i)), Uuid: b.Uuid,
		AssetTag: ptr(fmt.Sprintf("A%09d", i)), Virtual: b.Virtual, Criticality: b.Criticality, RemoteLogging: b.RemoteLogging,
		Settings: b.Settings, Labels: b.Labels, ReportedEmpty: b.ReportedEmpty,
	}
	if c.Flip {
		h.RemoteLogging = ptr(!b.GetRemoteLogging())
	}
	if c.Release != 0 {
		first := b.Packages[0]
		h.Packages = append([]*pb.Package{{Name: first.Name, Vendor: first.Vendor, Version: ptr(fmt.Sprintf("%s-%d", first.GetVersion(), c.Release))}}, b.Packages[1:]...)
	}
	return h
}

// Source is who reports the estate.
const Source = "cmdb"

// Submission is a whole view of system number i: the host, and the zone, the
// place and the domain that it names. at may be zero, for now.
func (e *Estate) Submission(i int, c Change, at time.Time) *pb.SubmitInventoryRequest {
	h := e.Host(i, c)
	id := fmt.Sprintf("system-%06d", i)
	req := &pb.SubmitInventoryRequest{
		System: "systems/" + id, Source: Source,
		Inventory: &pb.Inventory{
			System: &pb.System{
				Id: id, Product: ptr("portal"), Version: ptr("12.4"), Environment: ptr("production"), Owner: ptr("platform"),
				Labels:  map[string]string{"tier": "gold"},
				Zones:   []*pb.Zone{{Id: h.GetZone(), Kind: ptr("internal")}},
				Domains: []*pb.Domain{{Id: h.GetDomain(), Kind: ptr("active-directory")}},
			},
			Hosts:      []*pb.Host{h},
			Facilities: []*pb.Facility{{Id: h.GetFacility(), Kind: ptr("data-center"), AccessLimited: ptr(true)}},
		},
	}
	if !at.IsZero() {
		req.ObservedTime = timestamppb.New(at)
	}
	return req
}

// Item is Submission as a batch's or a stream's item.
func (e *Estate) Item(i int, c Change, at time.Time) *pb.SubmitItem {
	return &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: e.Submission(i, c, at)}}
}
