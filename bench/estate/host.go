package estate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Now is the instant at which the hosts are assessed.
var Now = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)

// Hosts draws n hosts, of which number i has the id "host-i".
func Hosts(seed uint64, n int) []*pb.Host {
	out := make([]*pb.Host, n)
	for i := range out {
		d := draw{Rand: rand.New(rand.NewPCG(seed, uint64(i))), number: i}
		out[i] = d.host()
	}
	return out
}

// ID is the id of host number i.
func ID(i int) string { return fmt.Sprintf("host-%06d", i) }

// draw draws one host.
type draw struct {
	*rand.Rand
	number  int
	windows bool
	role    string
	system  system
}

// system is an operating system that hosts run.
type system struct{ name, version, kernel string }

var (
	windowsSystems = []system{
		{"Windows Server 2019", "10.0.17763", ""}, {"Windows Server 2022", "10.0.20348", ""},
		{"Windows Server 2022", "10.0.20348", ""}, {"Windows Server 2012 R2", "6.3.9600", ""}, {"Windows Server 2012 R2", "6.3.9200", ""},
	}
	linuxSystems = []system{
		{"Debian GNU/Linux 12", "12.11", "6.1.0-37-amd64"}, {"Red Hat Enterprise Linux 9", "9.6", "5.14.0-570.el9.x86_64"},
		{"Red Hat Enterprise Linux 9", "9.6", "5.14.0-570.el9.x86_64"}, {"Red Hat Enterprise Linux 7", "7.9", "3.10.0-1160.el7.x86_64"},
	}
	zonesOfRole = map[string][]string{
		"web": {"perimeter", "internal"}, "database": {"data"}, "application": {"internal"}, "infrastructure": {"internal", "management"},
	}
)

// likely is true in so many of a hundred draws.
func (d *draw) likely(percent int) bool { return d.IntN(100) < percent }

func pick[T any](d *draw, from ...T) T { return from[d.IntN(len(from))] }

func ptr[T any](v T) *T { return &v }

// ago is an instant up to so many hours before Now, to the second.
func (d *draw) ago(hours int) *timestamppb.Timestamp {
	return timestamppb.New(Now.Add(-time.Duration(d.IntN(hours*3600)) * time.Second))
}

// mostly is nearly always the first value, which the rules ask for.
func mostly[T any](d *draw, good T, bad ...T) T {
	if d.likely(92) {
		return good
	}
	return pick(d, bad...)
}

func (d *draw) host() *pb.Host {
	d.windows, d.role = d.likely(50), pick(d, "web", "database", "application", "infrastructure")
	d.system = pick(d, linuxSystems...)
	if d.windows {
		d.system = pick(d, windowsSystems...)
	}
	id, segment := ID(d.number), fmt.Sprintf("lan-%02d", d.IntN(40))
	h := &pb.Host{
		Id: id, Fqdn: ptr(id + mostly(d, ".corp.example", ".corp.test")), Names: []string{id, fmt.Sprintf("%s%03d", d.role[:3], d.IntN(1000))},
		LanSegment: &segment, Zone: ptr(mostly(d, pick(d, zonesOfRole[d.role]...), "guest")),
		Facility: ptr(pick(d, "dc-north", "dc-south")), Rack: ptr(mostly(d, fmt.Sprintf("rack-%02d", d.IntN(60)), "floor")), FailureDomain: ptr(fmt.Sprintf("power-%d", d.IntN(8))),
		Domain: ptr(mostly(d, pick(d, "corp.example", "lab.example"), "old.example")), DomainRole: ptr(pick(d, "member", "member", "member", "controller")),
		SerialNumber: ptr(fmt.Sprintf("SN-%08X", d.Uint32())), AssetTag: ptr(fmt.Sprintf("A%07d", d.IntN(1e7))),
		Uuid:    ptr(fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", d.Uint32(), d.IntN(1<<16), d.IntN(1<<12), d.IntN(1<<12), d.Uint64()>>16)),
		Virtual: ptr(d.likely(70)), Criticality: ptr(pick(d, "low", "medium", "high", "critical")), RemoteLogging: ptr(d.likely(92)),
		Labels: map[string]string{"role": d.role, "tier": mostly(d, pick(d, "gold", "silver", "bronze"), "none"), "team": pick(d, "platform", "payments", "portal")},
		Settings: map[string]string{
			"lm_compatibility": mostly(d, "5", "3"), "restrict_anonymous": mostly(d, "1", "0"), "no_lm_hash": mostly(d, "1", "0"),
			"max_log_mb": pick(d, "32", "64", "128", "256", "256", "512"), "screen_lock_minutes": pick(d, "5", "10"),
		},
	}
	for i := range 2 {
		h.Addresses = append(h.Addresses, &pb.Address{
			Ip: fmt.Sprintf("10.%d.%d.%d", d.IntN(256), d.IntN(256), i), Static: ptr(d.likely(96)),
			Mac: ptr(fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", d.IntN(256), d.IntN(256), d.IntN(256), d.IntN(256))), LanSegment: ptr(mostly(d, segment, "lan-99")),
		})
	}
	d.operate(h)
	d.install(h)
	d.components(h)
	d.endpoints(h)
	return h
}

// operate draws how the operating system is set up.
func (d *draw) operate(h *pb.Host) {
	patched, family, level := d.ago(24*100), "linux", "cis-1"
	if d.windows {
		family, level = "windows", "legacy"
	}
	h.Os = &pb.OperatingSystem{
		Family: &family, Name: &d.system.name, Version: &d.system.version,
		PatchedTime: patched, NewestPatchTime: timestamppb.New(patched.AsTime().Add(time.Duration(mostly(d, -1, 9)) * 24 * time.Hour)),
		OpenAlerts: ptr(int32(pick(d, 0, 0, 0, 0, 1, 2))), MinimalInstallation: ptr(d.likely(85)), HardeningPolicy: ptr(mostly(d, "baseline-2025", level)),
	}
	if !d.windows {
		h.Os.Kernel = ptr(mostly(d, d.system.kernel, "6.12.0-rc4"))
	}
	h.Firewall = &pb.HostFirewall{Enabled: ptr(d.likely(95)), DefaultInbound: ptr(mostly(d, "block", "allow"))}
	h.Ipsec = &pb.IpsecPolicy{Enabled: ptr(d.likely(85)), DefaultAction: ptr(mostly(d, "require", "block", "request")), Rules: []*pb.IpsecRule{
		{Id: "management", Peers: []string{"10.0.0.1", "10.0.0.2"}, Protocol: ptr("any"), ReportedEmpty: []string{"ports"},
			Action: ptr("permit"), Authentication: ptr(mostly(d, "kerberos", "preshared-key")), Encrypted: ptr(false)},
		{Id: "servers", Peers: []string{"any"}, Protocol: ptr("tcp"), Ports: []int32{1433, 5432},
			Action: ptr(mostly(d, "require", "permit")), Authentication: ptr("certificate"), Encrypted: ptr(d.likely(95))},
	}}
	h.TimeSync = &pb.TimeSync{
		Enabled: ptr(d.likely(96)), Protocol: ptr("ntp"), SynchronizedTime: d.ago(25),
		Servers: []string{"ntp1.corp.example", mostly(d, "ntp2.corp.example", "pool.ntp.test")},
	}
	h.FileIntegrity = &pb.FileIntegrity{Enabled: ptr(d.likely(92)), Tool: ptr("aide"), CheckedTime: d.ago(52)}
}
