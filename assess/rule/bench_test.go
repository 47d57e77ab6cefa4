package rule_test

import (
	"testing"
	"unsafe"

	"cel.dev/cel-go/cel"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/rule"
	"github.com/plumbline/plumbline/assess/rule/ruletest"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// benchRules are conditions as host rules have them.
var benchRules = []string{
	`host.os.family == "windows"`,
	`host.os.family == "windows" && host.os.open_alerts == 0`,
	`host.os.patched_time > now - params.p_duration`,
	`host.os.patched_time >= host.os.newest_patch_time`,
	`host.volumes.all(v, v.file_system == "ntfs")`,
	`host.volumes.all(v, v.encrypted || v.size_bytes < 1000)`,
	`host.shares.exists(s, s.name == "admin$")`,
	`host.addresses.all(a, a.static)`,
	`host.domain_role != "controller"`,
	`host.domain_role in ["member", "standalone"]`,
	`host.services.all(s, s.account != "LocalSystem" || s.belongs_to in ["operating-system", "iis"])`,
	`host.services.filter(s, s.running).all(s, s.needed)`,
	`host.firewall.enabled && host.firewall.default_inbound == "block"`,
	`host.ipsec.enabled && host.ipsec.rules.exists(r, r.action == "require" && r.encrypted)`,
	`host.time_sync.enabled && host.time_sync.servers.size() >= 2`,
	`host.file_integrity.enabled && host.file_integrity.checked_time > now - duration("48h")`,
	`host.components.filter(c, c.role == "web-front-end").size() <= 1`,
	`host.components.all(c, c.product != "sharepoint-2007" || c.version.startsWith("12."))`,
	`host.endpoints.all(e, !e.tls.enabled || e.tls.versions.all(v, v in ["TLSv1.2", "TLSv1.3"]))`,
	`host.endpoints.all(e, e.tls.certificate.not_after > now && e.tls.certificate.key_bits >= 2048)`,
	`host.fqdn.matches("^[a-z0-9-]+[.]example[.]com$")`,
	`host.labels["k0"] == "prod" || host.criticality == "high"`,
	`host.remote_logging && !host.virtual`,
	`host.id != "" && host.zone == "internal" ? host.virtual : !host.virtual`,
}

func ptr[T any](v T) *T { return &v }

// benchHost is a host on which all of the above is reported.
func benchHost() *pb.Host {
	day := func(n int) *timestamppb.Timestamp { return timestamppb.New(ruletest.Now.AddDate(0, 0, n)) }
	h := &pb.Host{
		Id: "web1", Fqdn: ptr("web1.example.com"), Zone: ptr("internal"), DomainRole: ptr("member"), Virtual: ptr(true),
		RemoteLogging: ptr(true), Criticality: ptr("high"), Labels: map[string]string{"k0": "prod"},
		Os:            &pb.OperatingSystem{Family: ptr("windows"), PatchedTime: day(-1), NewestPatchTime: day(-3), OpenAlerts: ptr(int32(0))},
		Firewall:      &pb.HostFirewall{Enabled: ptr(true), DefaultInbound: ptr("block")},
		TimeSync:      &pb.TimeSync{Enabled: ptr(true), Servers: []string{"a", "b"}},
		FileIntegrity: &pb.FileIntegrity{Enabled: ptr(true), CheckedTime: day(-1)},
		Ipsec: &pb.IpsecPolicy{Enabled: ptr(true), Rules: []*pb.IpsecRule{
			{Id: "1", Action: ptr("permit"), Encrypted: ptr(false)}, {Id: "2", Action: ptr("require"), Encrypted: ptr(true)}}},
		Shares:    []*pb.Share{{Name: "c$"}, {Name: "admin$"}},
		Addresses: []*pb.Address{{Ip: "192.0.2.1", Static: ptr(true)}, {Ip: "192.0.2.2", Static: ptr(true)}},
	}
	for _, id := range []string{"C:", "D:", "E:"} {
		h.Volumes = append(h.Volumes, &pb.Volume{Id: id, FileSystem: ptr("ntfs"), Encrypted: ptr(true), SizeBytes: ptr(int64(1 << 40))})
	}
	for _, name := range []string{"w3svc", "spooler", "sql", "timer", "search"} {
		h.Services = append(h.Services, &pb.Service{Name: name, Account: ptr("LocalSystem"), BelongsTo: ptr("operating-system"), Running: ptr(true), Needed: ptr(true)})
	}
	for _, role := range []string{"web-front-end", "query"} {
		h.Components = append(h.Components, &pb.Component{Id: role, Role: ptr(role), Product: ptr("sharepoint-2007"), Version: ptr("12.0.6"), DeployedTime: day(-300)})
	}
	for _, id := range []string{"443", "8443"} {
		h.Endpoints = append(h.Endpoints, &pb.Endpoint{Id: id, Tls: &pb.Tls{Enabled: ptr(true), Versions: []string{"TLSv1.2", "TLSv1.3"},
			Certificate: &pb.Certificate{NotAfter: day(90), KeyBits: ptr(int32(2048))}}})
	}
	return h
}

func benchContext(b testing.TB) (*rule.Env, *pb.Inventory, rule.Context) {
	c := ruletest.Checklist()
	env, issues := rule.NewEnv(c)
	if issues != nil {
		b.Fatal(issues)
	}
	vals, _ := rule.NewValues(env, nil, nil)
	inv := &pb.Inventory{System: &pb.System{Id: "s"}, Hosts: []*pb.Host{benchHost()}}
	return env, inv, rule.Context{Inventory: inv, Values: vals, At: ruletest.Now.UnixMicro()}
}

func compileAll(t testing.TB, env *rule.Env) []*rule.Program {
	t.Helper()
	var programs []*rule.Program
	for _, src := range benchRules {
		p, issues := env.Compile(src, "host", rule.WantBool)
		if len(issues) > 0 {
			t.Fatal(src, issues)
		}
		programs = append(programs, p)
	}
	return programs
}

// BenchmarkHost evaluates all benchRules on one host: by closures, by hand-written
// Go that does the same work, and by cel-go, which does less.
func BenchmarkHost(b *testing.B) {
	env, inv, ctx := benchContext(b)
	programs := compileAll(b, env)
	host := unsafe.Pointer(inv.Hosts[0])
	m := rule.NewMachine(ctx)
	b.Run("closures", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Reset(ctx)
			for _, p := range programs {
				m.Subject(host, host)
				p.Bool(m)
			}
		}
	})
	b.Run("go", func(b *testing.B) {
		b.ReportAllocs()
		g := &handMachine{at: ctx.At}
		for b.Loop() {
			g.facts = g.facts[:0]
			for _, f := range handRules {
				g.missing, g.horizon = g.missing[:0], rule.Forever
				f(g, inv.Hosts[0])
			}
		}
	})
	b.Run("cel-go", func(b *testing.B) {
		b.ReportAllocs()
		oracles := ruletest.NewOracles(env, ruletest.Checklist(), cel.EvalOptions(cel.OptOptimize))
		var all []*ruletest.Oracle
		for _, src := range benchRules {
			o, err := oracles.Oracle(src, "host")
			if err != nil {
				b.Fatal(err)
			}
			o.Set("host", inv.Hosts[0])
			all = append(all, o)
		}
		for b.Loop() {
			for _, o := range all {
				o.Bool(inv, nil, ctx.At)
			}
		}
	})
}

// BenchmarkRules times each rule alone. The closures' figures have about six
// nanoseconds of Reset in them.
func BenchmarkRules(b *testing.B) {
	env, inv, ctx := benchContext(b)
	programs := compileAll(b, env)
	host := unsafe.Pointer(inv.Hosts[0])
	m := rule.NewMachine(ctx)
	g := &handMachine{at: ctx.At}
	for i, src := range benchRules {
		b.Run(src+"/closures", func(b *testing.B) {
			for b.Loop() {
				m.Reset(ctx)
				m.Subject(host, host)
				programs[i].Bool(m)
			}
		})
		b.Run(src+"/go", func(b *testing.B) {
			for b.Loop() {
				g.facts, g.missing, g.horizon = g.facts[:0], g.missing[:0], rule.Forever
				handRules[i](g, inv.Hosts[0])
			}
		})
	}
}
