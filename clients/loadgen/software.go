package loadgen

import (
	"fmt"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var linuxPackages = []string{
	"openssl", "curl", "bash", "systemd", "sudo", "rsync", "vim", "zlib", "python3", "chrony", "rsyslog", "openssh-server", "ca-certificates", "logrotate",
}

var windowsPackages = []string{"Windows Defender", "OpenSSH", "PowerShell 7", "Visual C++ Runtime", "Backup Agent", "Inventory Agent", "Log Forwarder"}

// install says what is installed and mounted.
func (m *machine) install(h *pb.Host, at time.Time) {
	d := m.d
	_, patches := m.patches.last(at)
	names := linuxPackages
	if m.windows {
		names = windowsPackages
	}
	start := d.below(len(names))
	for i := range 6 {
		// A package in three gets a new release with the host's patches.
		release := d.below(9)
		if i%3 == 0 {
			release += max(0, patches+30)
		}
		h.Packages = append(h.Packages, &pb.Package{Name: names[(start+i)%len(names)], Version: ptr(fmt.Sprintf("%d.%d-%d", 1+d.below(9), d.below(30), release)), Vendor: ptr("distribution")})
	}
	h.Packages = append(h.Packages, &pb.Package{Name: "endpoint-agent", Version: ptr(pick(d, "4.7", "4.7", "4.7", "4.1")), Vendor: ptr("watchers")})
	if d.likely(0.07) {
		h.Packages = append(h.Packages, &pb.Package{Name: pick(d, "telnet", "nmap", "gcc", "tftp-server"), Version: ptr("0.17"), Vendor: ptr("distribution")})
	}
	m.mount(h)
	h.ReportedEmpty = append(h.ReportedEmpty, "shares")
	h.Groups = []*pb.LocalGroup{{Name: "Administrators", Members: []string{`CORP\server-admins`, `CORP\backup`}}}
	if d.likely(0.06) {
		h.Groups[0].Members = append(h.Groups[0].Members, `CORP\interns`, "Everyone")
	}
	h.Settings = map[string]string{"max_log_mb": pick(d, "32", "128", "256")}
	if m.windows {
		h.Settings["lm_compatibility"], h.Settings["restrict_anonymous"], h.Settings["no_lm_hash"] = pick(d, "5", "5", "5", "5", "3"), "1", "1"
		h.Settings["fDenyTSConnections"], h.Settings["UserAuthentication"], h.Settings["SecurityLayer"], h.Settings["MinEncryptionLevel"] = "0", pick(d, "1", "1", "1", "0"), "2", "3"
		return
	}
	h.Settings["sshd.permitrootlogin"] = pick(d, "no", "no", "no", "no", "prohibit-password", "yes")
	h.Settings["sshd.ciphers"] = pick(d, "aes256-gcm@openssh.com,aes256-ctr", "aes256-gcm@openssh.com,aes256-ctr", "aes256-ctr,aes256-cbc")
	h.Settings["sshd.macs"], h.Settings["sshd.kexalgorithms"] = "hmac-sha2-512-etm@openssh.com", "curve25519-sha256"
}

func (m *machine) mount(h *pb.Host) {
	d := m.d
	add := func(id, kind string, encrypted bool, gib int, options ...string) {
		h.Volumes = append(h.Volumes, &pb.Volume{Id: id, FileSystem: &kind, Encrypted: &encrypted, SizeBytes: ptr(int64(gib) << 30), Options: options})
	}
	encrypted := d.likely(0.9)
	if m.windows {
		add("C:", "ntfs", encrypted, 80, "rw")
		add("D:", "ntfs", encrypted, d.between(50, 800), "rw", "noexec")
		return
	}
	add("/", "xfs", encrypted, 40, "rw")
	add("/srv", "xfs", encrypted, d.between(50, 800), "rw", "nodev", "noexec")
	if d.likely(0.8) {
		add("/var", "xfs", encrypted, 20, "rw", "nodev")
		add("/var/tmp", "xfs", encrypted, 5, "rw", "nodev", "nosuid", "noexec")
		add("/home", "xfs", encrypted, 10, "rw", "nodev", "nosuid")
		add("/tmp", "tmpfs", false, 4, "rw", "nodev", "nosuid", "noexec")
		add("/dev/shm", "tmpfs", false, 4, "rw", "nodev", "nosuid", "noexec")
	}
}

// role is what a host of a role has: a component and its service, and ports.
type role struct {
	component, product, service string
	ports                       []int32
}

var roles = map[string]role{
	"web":            {"web-server", "nginx", "nginx.service", []int32{443}},
	"application":    {"application-server", "portal", "portal.service", []int32{8443}},
	"database":       {"database-server", "postgresql", "postgresql.service", []int32{5432}},
	"infrastructure": {"log-server", "rsyslog", "rsyslog.service", []int32{6514}},
}

// roles installs components, their services and ports.
func (m *machine) roles(h *pb.Host, at time.Time) {
	d := m.d
	own := []string{m.role}
	if m.shared {
		own = append(own, pick(d, "web", "application", "database"))
		if own[1] == m.role {
			own[1] = "infrastructure"
		}
	}
	process := "sshd"
	admin := []int32{22}
	if m.windows {
		process, admin = "svchost", []int32{135, 445, 3389}
	}
	port := func(n int32, transport, process string) {
		h.Ports = append(h.Ports, &pb.ListeningPort{Id: fmt.Sprintf("%s/%d", transport, n), Port: &n, Transport: &transport, Process: &process})
	}
	for _, n := range admin {
		port(n, "tcp", process)
	}
	port(123, "udp", "chronyd")
	service := func(name, account, belongs string, running bool) {
		h.Services = append(h.Services, &pb.Service{Name: name, Account: &account, BelongsTo: &belongs, Running: &running, Needed: &running,
			Start: ptr(map[bool]string{true: "automatic", false: "disabled"}[running]), Vendor: ptr("distribution")})
	}
	service("audit", "root", "operating-system", d.likely(0.95))
	service("ssh", "root", "operating-system", true)
	for i, name := range own {
		r := roles[name]
		account := pick(d, "svc-"+m.s.service, "svc-"+m.s.service, "svc-"+m.s.service, "root")
		c := &pb.Component{Id: r.product, Role: ptr(r.component), Product: ptr(r.product), Version: ptr(fmt.Sprintf("%d.%d", 12+i, d.below(6))),
			DeployedTime: stamp(m.f.cfg.At.Add(-d.span(10*day, 900*day)).Truncate(day)), Account: &account}
		if name == "database" {
			c.Sql = &pb.SqlInstance{AuthenticationMode: ptr(pick(d, "windows", "windows", "windows", "mixed")), ForceEncryption: ptr(d.likely(0.92)),
				Databases: []*pb.Database{{Name: m.s.service, Application: ptr(m.s.product), Purpose: ptr("content")}}}
		}
		h.Components = append(h.Components, c)
		service(r.service, account, "product", true)
		for _, n := range r.ports {
			port(n, "tcp", r.product)
		}
	}
	extra, which := d.likely(m.f.cfg.Faults.OpenPort), pick[int32](d, 21, 23, 31337, 9999)
	if extra || m.drifted(driftPort, at) {
		port(which, "tcp", "unknown-process")
	}
}

// people says who may log on.
func (m *machine) people(h *pb.Host, at time.Time) {
	d := m.d
	weak := d.likely(m.f.cfg.Faults.WeakAccount)
	changed, _ := m.f.from(d.span(0, 60*day), 60*day).last(at)
	if m.windows {
		h.Accounts = []*pb.Account{
			{Id: "Administrator", Kind: ptr("local"), Privileged: ptr(true), Enabled: ptr(true), Authentication: []string{"password"}, AccessRestricted: ptr(!weak), MultiFactor: ptr(false),
				CredentialChangedTime: stamp(changed.Truncate(day)), Facts: map[string]*pb.FactValue{"password_managed": boolFact(!weak), "password_expires": boolFact(false), "shared": boolFact(weak)}},
			{Id: "Guest", Kind: ptr("local"), Privileged: ptr(false), Enabled: ptr(false)},
		}
		return
	}
	h.Accounts = []*pb.Account{
		{Id: "root", Kind: ptr("local"), Privileged: ptr(true), Enabled: ptr(weak), Authentication: []string{"key"}, AccessRestricted: ptr(!weak), CredentialChangedTime: stamp(changed.Truncate(day))},
		{Id: "svc-" + m.s.service, Kind: ptr("service"), Privileged: ptr(false), Enabled: ptr(true), Authentication: []string{"none"}, AccessRestricted: ptr(true),
			Facts: map[string]*pb.FactValue{"interactive_logon": boolFact(d.likely(0.08))}},
	}
}
