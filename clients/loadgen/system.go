package loadgen

import (
	"fmt"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// system is what is drawn of a system once.
type system struct {
	number  int
	hosts   int // at the fleet's instant
	joins   int // hosts that come within the year
	service string
	product string
	region  string
	unit    string // business unit
	tier    string
	windows float64 // share of its hosts
	scanned bool
	reviews cycle // of its logs
	rescans cycle // when agents look at its hosts
}

var services = []struct{ name, product string }{
	{"payments", "payments"}, {"portal", "portal"}, {"orders", "orders"}, {"billing", "billing"}, {"search", "search"},
	{"intranet", "sharepoint"}, {"mail", "mail-suite"}, {"stock", "stock"}, {"identity", "directory"}, {"reports", "warehouse"},
}

func (f *Fleet) system(number int) *system {
	d := drawFor(f.cfg.Seed, ofSystem, uint64(number))
	kind := services[d.below(len(services))]
	s := &system{
		number: number, hosts: f.Size(number), service: kind.name, product: kind.product,
		region: pick(d, "eu-north", "eu-west", "us-east", "ap-south"),
		unit:   pick(d, "retail", "finance", "logistics", "corporate", "research"),
		tier:   pick(d, "gold", "silver", "silver", "bronze", "bronze", "bronze"),
	}
	s.windows = pick(d, 0.05, 0.2, 0.5, 0.95)
	s.scanned = d.likely(f.cfg.Scanned)
	s.reviews = f.from(d.span(0, 7*day), pick(d, 6*day, 6*day, 7*day, 30*day))
	s.rescans = f.from(d.span(0, 7*day), 7*day)
	s.joins = int(float64(float64(s.hosts)*shareJoins) + d.unit()) // rounded between, on every machine
	return s
}

// Places are shared by all systems of a region.
const placesOfRegion = 4

func (s *system) place(n int) string { return fmt.Sprintf("dc-%s-%d", s.region, 1+n%placesOfRegion) }

// inventory is what the database says of a system at an instant.
func (f *Fleet) inventory(s *system, at time.Time) *pb.Inventory {
	d := drawFor(f.cfg.Seed, ofSystem, uint64(s.number), 1)
	reviewed, _ := s.reviews.last(at)
	sys := &pb.System{
		Id: f.SystemID(s.number), DisplayName: ptr(fmt.Sprintf("%s %d (%s)", s.service, s.number, s.unit)), Product: &s.product,
		Version: ptr(fmt.Sprintf("%d.%d", d.between(9, 14), d.below(6))), Environment: ptr("production"), Owner: ptr(s.unit + " operations"),
		DeployedTime: stamp(f.cfg.At.Add(-d.span(30*day, 2000*day)).Truncate(day)),
		Labels:       map[string]string{"business_unit": s.unit, "region": s.region, "tier": s.tier},
		Facts:        map[string]*pb.FactValue{"logs_analyzed": boolFact(s.tier == "gold"), "logs_examined": timeFact(reviewed.Truncate(day))},
		Zones: []*pb.Zone{
			{Id: "internet", Kind: ptr("external"), Trust: ptr("untrusted")},
			{Id: "perimeter", Kind: ptr("perimeter"), Trust: ptr("limited"), Networks: []string{fmt.Sprintf("198.51.%d.0/24", s.number%256)}, Insulated: ptr(true)},
			{Id: "internal", Kind: ptr("internal"), Trust: ptr("trusted"), Insulated: ptr(true)},
			{Id: "data", Kind: ptr("internal"), Trust: ptr("trusted"), Insulated: ptr(d.likely(0.9))},
		},
		Populations: []*pb.Population{{Id: "users", Kind: ptr(pick(d, "employees", "customers")), Zone: ptr("perimeter"), Size: ptr(int64(d.between(20, 20_000)))}},
		Domains:     []*pb.Domain{{Id: "corp.example", Kind: ptr("active-directory")}},
		Accounts:    f.systemAccounts(s, d),
	}
	sys.Boundaries = []*pb.Boundary{f.boundary(d, "edge", "internet", "perimeter", 443), f.boundary(d, "inner", "perimeter", "internal", 8443)}
	inv := &pb.Inventory{System: sys}
	for i := range f.numbers(s, at) {
		inv.Hosts = append(inv.Hosts, f.host(s, i, at))
	}
	for n := range min(placesOfRegion, len(inv.Hosts)) {
		inv.Facilities = append(inv.Facilities, s.facility(n))
	}
	if len(inv.Hosts) == 0 {
		inv.ReportedEmpty = []string{"hosts"}
	}
	sys.Channels = f.channels(s, inv.Hosts)
	if len(sys.Channels) == 0 {
		sys.ReportedEmpty = append(sys.ReportedEmpty, "channels")
	}
	return inv
}

func (s *system) facility(n int) *pb.Facility {
	return &pb.Facility{
		Id: s.place(n), DisplayName: ptr(fmt.Sprintf("Data center %s %d", s.region, 1+n)), Kind: ptr("data-center"), AccessControls: []string{"badge", "guard"}[:1+n%2],
		AccessLimited: ptr(true), VisitorsLogged: ptr(n != 2), Surveillance: ptr(true), PowerBackedUp: ptr(true), MediaControlled: ptr(n != 3),
	}
}

func (f *Fleet) boundary(d *draw, id, outer, inner string, port int32) *pb.Boundary {
	return &pb.Boundary{
		Id: id, Kind: ptr("firewall"), OuterZone: &outer, InnerZone: &inner, DefaultAction: ptr("block"), IcmpAllowed: ptr(d.likely(0.1)),
		Flows: []*pb.Flow{{Id: "web", Direction: ptr("inward"), Protocol: ptr("tcp"), Port: &port, Needed: ptr(true)}},
	}
}

func (f *Fleet) systemAccounts(s *system, d *draw) []*pb.Account {
	return []*pb.Account{
		{Id: `CORP\svc-` + s.service, Kind: ptr("service"), Privileged: ptr(false), Enabled: ptr(true), Authentication: []string{"kerberos"},
			AccessRestricted: ptr(d.likely(0.9)), Facts: map[string]*pb.FactValue{"interactive_logon": boolFact(d.likely(0.1))}},
		{Id: `CORP\adm-` + s.unit, Kind: ptr("domain"), Privileged: ptr(true), Enabled: ptr(true), Authentication: []string{"password"},
			MultiFactor: ptr(d.likely(0.85)), AccessRestricted: ptr(true), Owner: ptr(s.unit + " operations"),
			Facts: map[string]*pb.FactValue{"shared": boolFact(d.likely(0.15)), "password_expires": boolFact(d.likely(0.2))}},
	}
}

// channels are the flows between a system's tiers. Large systems name only what
// their first hosts do: the rest does the same.
func (f *Fleet) channels(s *system, hosts []*pb.Host) (out []*pb.Channel) {
	var web, application, database []*pb.Host
	for _, h := range hosts {
		switch h.Labels["role"] {
		case "web":
			web = append(web, h)
		case "application":
			application = append(application, h)
		case "database":
			database = append(database, h)
		}
	}
	add := func(id, purpose, protocol string, port int32, from, to *pb.Party) {
		d := drawFor(f.cfg.Seed, ofChannel, uint64(s.number), uint64(len(out)))
		c := &pb.Channel{
			Id: id, From: from, To: to, Initiator: ptr("from"), Purpose: &purpose, Protocol: &protocol, Port: &port, Protection: []string{"tls"},
			ProtectionForced: ptr(d.likely(0.95)), Authentication: ptr(pick(d, "mutual-certificate", "mutual-certificate", "kerberos", "password")),
			Sensitivity: ptr(pick(d, "internal", "sensitive")), ClientAuthority: ptr(authority), ServerAuthority: ptr(authority),
			ClientTrusts: []string{authority}, ServerTrusts: []string{authority},
		}
		if d.likely(f.cfg.Faults.ClearChannel) {
			c.Protection, c.ProtectionForced = []string{"none"}, nil
		}
		out = append(out, c)
	}
	const most = 8
	for i, h := range web[:min(most, len(web))] {
		add(fmt.Sprintf("users-%d", i), "user-access", "https", 443, &pb.Party{Population: ptr("users")}, &pb.Party{Host: &h.Id})
		if len(application) > 0 {
			add(fmt.Sprintf("front-%d", i), "orders", "https", 8443, &pb.Party{Host: &h.Id}, &pb.Party{Host: &application[i%len(application)].Id})
		}
	}
	for i, h := range application[:min(most, len(application))] {
		if len(database) > 0 {
			add(fmt.Sprintf("store-%d", i), "database", "postgresql", 5432, &pb.Party{Host: &h.Id}, &pb.Party{Host: &database[i%len(database)].Id})
		}
	}
	return out
}

const authority = "Corp Issuing CA 2"

func boolFact(v bool) *pb.FactValue {
	return &pb.FactValue{Value: &pb.FactValue_BoolValue{BoolValue: v}}
}
func intFact(v int) *pb.FactValue {
	return &pb.FactValue{Value: &pb.FactValue_IntValue{IntValue: int64(v)}}
}
func timeFact(t time.Time) *pb.FactValue {
	return &pb.FactValue{Value: &pb.FactValue_TimeValue{TimeValue: stamp(t)}}
}
func listFact(v ...string) *pb.FactValue {
	return &pb.FactValue{Value: &pb.FactValue_StringList{StringList: &pb.StringList{Values: v}}}
}
