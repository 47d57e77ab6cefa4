package estate

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// install draws volumes, shares, packages, ports, services and groups.
func (d *draw) install(h *pb.Host) {
	kind, mounts := "xfs", []string{"/", "/srv"}
	if d.windows {
		kind, mounts = "ntfs", []string{"C:", "D:"}
	}
	for i, mount := range mounts {
		v := &pb.Volume{Id: mostly(d, mount, mount+"2"), FileSystem: ptr(mostly(d, kind, "fat32")), Encrypted: ptr(d.likely(93)),
			SizeBytes: ptr(int64(1+d.IntN(400)) << 30), Options: []string{"nodev"}}
		if i > 0 {
			v.Options = append(v.Options, mostly(d, "noexec", "exec"))
		}
		h.Volumes = append(h.Volumes, v)
	}
	if d.likely(30) {
		h.ReportedEmpty = append(h.ReportedEmpty, "shares")
	} else {
		h.Shares = []*pb.Share{{Name: mostly(d, "exchange", "admin$"), Path: ptr(mostly(d, mounts[1]+"/exchange", "C:\\Windows\\Temp", "/"))}}
	}
	d.packages(h)
	d.ports(h)
	d.services(h)
	h.Groups = []*pb.LocalGroup{
		{Name: "Administrators", Members: []string{"CORP\\server-admins", "CORP\\backup", fmt.Sprintf("local-%04x", d.IntN(1<<16))}},
		{Name: "Remote Users", Members: []string{"CORP\\operators", mostly(d, "CORP\\developers", "Everyone", "CORP\\Guest")}},
	}
	if d.likely(8) {
		h.Groups[0].Members = append(h.Groups[0].Members, "CORP\\interns")
	}
}

var packageNames = []string{
	"openssl", "curl", "bash", "zlib", "systemd", "python3", "perl", "sudo", "rsync", "vim", "git", "nginx", "openjdk", "chrony",
	"libxml2", "sqlite", "gnupg", "tar", "gzip", "less", "cron", "logrotate", "rsyslog", "ca-certificates",
}

func (d *draw) packages(h *pb.Host) {
	add := func(name, version, vendor string) {
		h.Packages = append(h.Packages, &pb.Package{Name: name, Version: &version, Vendor: &vendor})
	}
	at := d.IntN(len(packageNames))
	for i := range 13 {
		add(packageNames[(at+i)%len(packageNames)], fmt.Sprintf("%d.%d.%d", d.IntN(9), d.IntN(30), d.IntN(20)), pick(d, "distribution", "vendor"))
	}
	add("endpoint-agent", mostly(d, "4.7", "4.1"), "watchers")
	if d.likely(8) {
		add(pick(d, "telnet", "nmap"), "0.17", mostly(d, "distribution", "unknown"))
	}
}

var portsOfRole = map[string][]int32{
	"web": {443, 8080}, "database": {1433, 5432}, "application": {8009, 8443}, "infrastructure": {53, 389},
}

func (d *draw) ports(h *pb.Host) {
	numbers := append([]int32{22, 161, 9100, 123, 5985}, portsOfRole[d.role]...)
	if d.likely(8) {
		numbers = append(numbers, pick[int32](d, 21, 23, 31337))
	}
	for _, n := range numbers {
		transport := "tcp"
		if n == 161 || n == 123 || n == 53 {
			transport = "udp"
		}
		h.Ports = append(h.Ports, &pb.ListeningPort{
			Id: fmt.Sprintf("%s/%d", transport, n), Port: ptr(n), Transport: &transport, Process: ptr(mostly(d, fmt.Sprintf("proc-%d", n), "Process X")),
		})
	}
}

func (d *draw) services(h *pb.Host) {
	for _, name := range []string{"audit", "ssh", "scheduler", "spooler", "updates", "names", "portal", "backup"} {
		needed := name != "spooler"
		s := &pb.Service{Name: name, Account: ptr(pick(d, "LocalSystem", "svc-"+name)), BelongsTo: ptr("operating-system"), Running: ptr(needed), Needed: &needed, Start: ptr("automatic")}
		if name == "portal" {
			s.Vendor, s.BelongsTo = ptr("corp"), ptr(mostly(d, "product", "other"))
		}
		if name == "audit" {
			s.Running = ptr(d.likely(95))
		}
		if !needed {
			s.Start, s.Running = ptr(mostly(d, "disabled", "manual")), ptr(d.likely(20))
		}
		h.Services = append(h.Services, s)
	}
}

func (d *draw) components(h *pb.Host) {
	add := func(id, role, product, version string) *pb.Component {
		c := &pb.Component{Id: id, Role: &role, Product: &product, Version: &version, DeployedTime: d.ago(24 * 400), Account: ptr(mostly(d, "svc-"+id, "root"))}
		h.Components = append(h.Components, c)
		return c
	}
	switch d.role {
	case "database":
		for _, id := range []string{"db1", "db2"} {
			c := add(id, "database-server", "sql-server", "15.0.4382")
			c.Sql = &pb.SqlInstance{AuthenticationMode: ptr(mostly(d, "windows", "mixed")), ForceEncryption: ptr(d.likely(95)), Databases: []*pb.Database{
				{Name: "orders", Application: ptr("portal"), Purpose: ptr("content")}, {Name: "sessions", Application: ptr("portal")}}}
		}
		if d.likely(8) {
			add("www", "web-front-end", "portal", "12.4")
		}
	default:
		add("portal", "web-front-end", "portal", mostly(d, "12.4", "11.9"))
		add("search", "query", pick(d, "portal", "search"), "12.1")
		add("agent", "agent", "endpoint-agent", "4.7")
	}
}

var cipherNames = []string{"TLS_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"}

func (d *draw) endpoints(h *pb.Host) {
	for _, port := range []int32{443, 8443} {
		e := &pb.Endpoint{
			Id: fmt.Sprint(port), Address: ptr(h.Id + ".corp.example"), Port: ptr(port), Protocol: ptr("https"), Purpose: ptr("content"),
			Authentication: []string{"kerberos", mostly(d, "certificate", "basic")}, Sensitivity: ptr(pick(d, "internal", "sensitive")), RedirectsToTls: ptr(d.likely(92)),
		}
		key, bits := "RSA", pick[int32](d, 2048, 2048, 2048, 4096, 4096, 1024)
		if d.likely(30) {
			key, bits = "ECDSA", 256
		}
		e.Tls = &pb.Tls{Enabled: ptr(true), Versions: []string{"TLSv1.2", mostly(d, "TLSv1.3", "TLSv1.0")}, Certificate: &pb.Certificate{
			Subject: ptr("CN=" + h.Id + ".corp.example"), Issuer: ptr("CN=Corp Issuing CA 2"), Names: []string{h.Id + ".corp.example"},
			NotBefore: d.ago(24 * 300), NotAfter: timestamppb.New(Now.Add(time.Duration(d.IntN(360*24*3600)) * time.Second)),
			KeyType: &key, KeyBits: &bits, Fingerprint: ptr(fmt.Sprintf("%016x%016x%016x%016x", d.Uint64(), d.Uint64(), d.Uint64(), d.Uint64())),
		}}
		for i, name := range cipherNames {
			bits := int32(256)
			if i == 2 {
				bits = mostly[int32](d, 128, 112)
			}
			e.Tls.Ciphers = append(e.Tls.Ciphers, &pb.Cipher{Name: name, Bits: &bits, Strength: ptr(pick(d, "strong", "acceptable"))})
		}
		h.Endpoints = append(h.Endpoints, e)
	}
}
