package loadgen

import (
	"fmt"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// machine is what is drawn of a host once.
type machine struct {
	f       *Fleet
	s       *system
	number  int
	d       *draw // what is drawn next
	role    string
	windows bool
	os      release
	patches cycle
	drift   window // in which one of its settings is wrong
	drifts  int    // which
	shared  bool   // it has a role that should stand elsewhere
}

// release is an operating system as vendors name it.
type release struct{ name, version, kernel string }

var (
	windowsReleases = []release{
		{"Windows Server 2022", "10.0.20348", ""}, {"Windows Server 2022", "10.0.20348", ""}, {"Windows Server 2019", "10.0.17763", ""}, {"Windows Server 2025", "10.0.26100", ""},
	}
	linuxReleases = []release{
		{"Red Hat Enterprise Linux", "9.6", "5.14.0-570.el9.x86_64"}, {"Red Hat Enterprise Linux", "9.6", "5.14.0-570.el9.x86_64"},
		{"Red Hat Enterprise Linux", "8.10", "4.18.0-553.el8.x86_64"}, {"Ubuntu", "24.04", "6.8.0-60-generic"}, {"Debian GNU/Linux", "12", "6.1.0-37-amd64"},
	}
	oldReleases = [2][]release{
		{{"Red Hat Enterprise Linux", "7.9", "3.10.0-1160.el7.x86_64"}, {"CentOS Linux", "7", "3.10.0-1160.el7.x86_64"}, {"Ubuntu", "18.04", "4.15.0-213-generic"}},
		{{"Windows Server 2012 R2", "6.3.9600", ""}, {"Windows Server 2008 R2", "6.1.7601", ""}},
	}
)

// HostID is the id of a system's host.
func (m *machine) id() string {
	return fmt.Sprintf("%s%s%d-%03d", m.f.cfg.Prefix, m.role[:3], m.s.number, m.number)
}

func (f *Fleet) machine(s *system, number int) *machine {
	d := drawFor(f.cfg.Seed, ofHost, uint64(s.number), uint64(number))
	m := &machine{f: f, s: s, number: number, d: d, role: pick(d, "web", "web", "application", "application", "application", "database", "infrastructure")}
	if s.hosts == 1 {
		m.role = pick(d, "web", "application") // a system of one host serves somebody
	}
	m.windows = d.likely(s.windows)
	old := d.likely(f.cfg.Faults.OldRelease)
	switch {
	case old && m.windows:
		m.os = pick(d, oldReleases[1]...)
	case old:
		m.os = pick(d, oldReleases[0]...)
	case m.windows:
		m.os = pick(d, windowsReleases...)
	default:
		m.os = pick(d, linuxReleases...)
	}
	m.patches = f.patching(d)
	m.drift, m.drifts = f.drift(d, f.cfg.Faults.Drift, 40*day), d.below(4)
	m.shared = d.likely(f.cfg.Faults.SharedRole)
	return m
}

// Settings that drift.
const (
	driftLogging = iota
	driftFirewall
	driftPort
	driftIntegrity
)

func (m *machine) drifted(setting int, at time.Time) bool {
	return m.drifts == setting && m.drift.holds(at)
}

var zoneOfRole = map[string]string{"web": "perimeter", "database": "data", "application": "internal", "infrastructure": "internal"}

// host is what the database says of a host at an instant. The order of draws is
// part of what a seed means.
func (f *Fleet) host(s *system, number int, at time.Time) *pb.Host {
	m := f.machine(s, number)
	d, id := m.d, m.id()
	place := d.below(placesOfRegion)
	segment := fmt.Sprintf("vlan-%d", 100+d.below(40))
	h := &pb.Host{
		Id: id, Fqdn: ptr(id + ".corp.example"), Zone: ptr(zoneOfRole[m.role]), LanSegment: &segment,
		Facility: ptr(s.place(place % max(1, min(placesOfRegion, s.hosts)))), Rack: ptr(fmt.Sprintf("rack-%02d", d.below(60))), FailureDomain: ptr(fmt.Sprintf("power-%d", d.below(4))),
		Domain: ptr("corp.example"), DomainRole: ptr("member"),
		SerialNumber: ptr(fmt.Sprintf("SN%012X", d.next()>>16)), AssetTag: ptr(fmt.Sprintf("A%08d", d.below(1e8))),
		Virtual: ptr(d.likely(0.8)), Criticality: ptr(pick(d, "low", "medium", "medium", "high", "critical")),
		RemoteLogging: ptr(d.likely(0.93) && !m.drifted(driftLogging, at)),
		Labels:        map[string]string{"role": m.role, "tier": s.tier, "business_unit": s.unit},
	}
	net := d.next()
	h.Addresses = []*pb.Address{{
		Ip: fmt.Sprintf("10.%d.%d.%d", net&255, net>>8&255, 1+net>>16%254), Static: ptr(d.likely(0.95)),
		Mac: ptr(fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", net>>24&255, net>>32&255, net>>40&255, net>>48&255)), LanSegment: &segment,
	}}
	m.operate(h, at)
	m.install(h, at)
	m.roles(h, at)
	m.people(h, at)
	m.listen(h, at)
	m.forget(h)
	return h
}

// operate says how the operating system is set up.
func (m *machine) operate(h *pb.Host, at time.Time) {
	d := m.d
	patched, n := m.patches.last(at)
	newest, _ := released.last(patched.Add(time.Duration(d.below(40)) * 12 * time.Hour))
	family := "linux"
	if m.windows {
		family = "windows"
	}
	alerts := 0
	if age := at.Sub(patched); age > 40*day {
		alerts = min(9, 1+int(age/(40*day)))
	}
	h.Os = &pb.OperatingSystem{
		Family: &family, Name: ptr(m.os.name), Version: ptr(m.os.version), PatchedTime: stamp(patched.Truncate(time.Hour)), NewestPatchTime: stamp(newest),
		OpenAlerts: ptr(int32(alerts)), MinimalInstallation: ptr(d.likely(0.85)), HardeningPolicy: ptr(m.policy()),
	}
	if !m.windows {
		h.Os.Kernel = ptr(fmt.Sprintf("%s.%d", m.os.kernel, n+20))
	}
	wall := d.unit()
	open := m.f.cfg.Faults.OpenFirewall
	h.Firewall = &pb.HostFirewall{Enabled: ptr(wall >= open/2 && !m.drifted(driftFirewall, at)), DefaultInbound: ptr("block")}
	if wall >= open/2 && wall < open {
		h.Firewall.DefaultInbound = ptr("allow")
	}
	h.Ipsec = &pb.IpsecPolicy{Enabled: ptr(m.role == "database"), DefaultAction: ptr("permit")}
	if m.role == "database" {
		h.Ipsec.DefaultAction = ptr("require")
		h.Ipsec.Rules = []*pb.IpsecRule{{Id: "copies", Peers: []string{"any"}, Protocol: ptr("tcp"), Ports: []int32{5432},
			Action: ptr("require"), Authentication: ptr(pick(d, "certificate", "certificate", "kerberos", "preshared-key")), Encrypted: ptr(d.likely(0.95))}}
	} else {
		h.Ipsec.ReportedEmpty = []string{"rules"}
	}
	h.TimeSync = &pb.TimeSync{Enabled: ptr(d.likely(0.97)), Protocol: ptr("ntp"), Servers: []string{"ntp1.corp.example", "ntp2.corp.example"}}
	looked, _ := m.s.rescans.last(at)
	h.FileIntegrity = &pb.FileIntegrity{Enabled: ptr(d.likely(0.85) && !m.drifted(driftIntegrity, at)), Tool: ptr("aide"), CheckedTime: stamp(looked.Truncate(time.Hour))}
	m.declared(h, at)
}

func (m *machine) policy() string {
	if m.windows {
		return pick(m.d, "Microsoft Security Baseline Windows Server 2022", "Microsoft Security Baseline Windows Server 2022", "baseline-2025")
	}
	return pick(m.d, "CIS RHEL 9 Level 1 Server", "CIS Level 1 Server", "CIS Level 1 Server", "baseline-2025")
}

// declared are facts that the guidance for operating systems asks for.
func (m *machine) declared(h *pb.Host, at time.Time) {
	d := m.d
	checked, _ := m.f.from(d.span(0, 28*day), pick(d, 28*day, 28*day, 28*day, 90*day)).last(at)
	restored, _ := m.f.from(d.span(0, 380*day), d.span(380*day, 420*day)).last(at)
	events := []string{"logon", "logon-failure", "account-change", "privilege-use", "policy-change"}
	if d.likely(0.15) {
		events = events[:2]
	}
	h.Facts = map[string]*pb.FactValue{
		"audited_events": listFact(events...), "password_min_length": intFact(pick(d, 15, 15, 15, 16, 12, 8)), "malware_protection": boolFact(d.likely(0.9)),
		"secure_boot": boolFact(d.likely(0.8)), "baseline_checked": timeFact(checked.Truncate(time.Hour)), "baseline_failed_high": intFact(pick(d, 0, 0, 0, 0, 2)),
		"restore_tested": timeFact(restored.Truncate(day)),
	}
	if n := h.Os.GetOpenAlerts(); n > 0 {
		h.Facts["oldest_open_alert"] = timeFact(h.Os.PatchedTime.AsTime().Truncate(day))
	}
	if h.Ipsec.GetEnabled() {
		h.Facts["ipsec_ike_versions"] = listFact(pick(d, "ikev2", "ikev2", "ikev2", "ikev1"))
		h.Facts["ipsec_algorithms"] = listFact("aes-256-gcm", "prf-hmac-sha2-384", "ecp384")
	}
}

// forget drops facts as databases lack them.
func (m *machine) forget(h *pb.Host) {
	rate := m.f.cfg.Faults.MissingFact
	for _, drop := range []func(){
		func() { h.RemoteLogging = nil }, func() { h.Firewall.DefaultInbound = nil }, func() { h.Os.OpenAlerts = nil },
		func() { h.Os.HardeningPolicy = nil }, func() { h.FileIntegrity = nil }, func() { h.TimeSync.Enabled = nil },
		func() { h.Services = nil }, func() { h.Packages = nil }, func() { h.Criticality = nil }, func() { h.Rack = nil },
		func() { delete(h.Facts, "secure_boot") }, func() { delete(h.Facts, "restore_tested") }, func() { delete(h.Facts, "audited_events") },
		func() { h.Partial = append(h.Partial, "accounts") }, func() { h.Ipsec = nil },
	} {
		if m.d.likely(rate) {
			drop()
		}
	}
}
