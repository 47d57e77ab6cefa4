package rule_test

import (
	"regexp"
	"slices"
	"strings"
	"unsafe"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/rule"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// What follows is what somebody would write by hand instead of the rules of
// benchRules, doing the same work: three-valued, with the facts read, the
// facts missing and the horizon.

type handFact struct {
	base unsafe.Pointer
	path *string
}

type handMachine struct {
	facts   []handFact
	missing []handFact
	horizon int64
	at      int64
}

func (g *handMachine) read(p unsafe.Pointer, path *string) {
	g.facts = append(g.facts, handFact{p, path})
}

func (g *handMachine) absent(p unsafe.Pointer, path *string) rule.Tri {
	g.missing = append(g.missing, handFact{p, path})
	return rule.Unknown
}

func path(s string) *string { return &s }

func tri(b bool) rule.Tri {
	if b {
		return rule.True
	}
	return rule.False
}

func (g *handMachine) textIs(p unsafe.Pointer, v *string, path *string, want string) rule.Tri {
	if v == nil {
		return g.absent(p, path)
	}
	g.read(p, path)
	return tri(*v == want)
}

func (g *handMachine) boolean(p unsafe.Pointer, v *bool, path *string) rule.Tri {
	if v == nil {
		return g.absent(p, path)
	}
	g.read(p, path)
	return tri(*v)
}

// after asks for v > now + shift.
func (g *handMachine) after(p unsafe.Pointer, v *timestamppb.Timestamp, path *string, shift int64) rule.Tri {
	if v == nil {
		return g.absent(p, path)
	}
	g.read(p, path)
	turn := v.Seconds*1_000_000 + int64(v.Nanos)/1000 - shift
	if g.at < turn {
		g.horizon = min(g.horizon, turn)
		return rule.True
	}
	return rule.False
}

// list says whether a list is there and whole.
func (g *handMachine) list(p unsafe.Pointer, n int, name string, empty, partial []string, path *string) (open bool) {
	if len(partial) > 0 && slices.Contains(partial, name) {
		g.read(p, path)
		g.absent(p, path)
		return true
	}
	if n == 0 && !slices.Contains(empty, name) {
		g.absent(p, path)
		return true
	}
	g.read(p, path)
	return false
}

func undecided(open bool, whole rule.Tri) rule.Tri {
	if open {
		return rule.Unknown
	}
	return whole
}

var hp = struct {
	family, alerts, patched, newest, volumes, fileSystem, encrypted, size, shares, addresses, static, role, services, account, belongs,
	running, needed, fwEnabled, fwInbound, ipsecEnabled, ipsecRules, action, tsEnabled, tsServers, fiEnabled, fiChecked, components,
	cRole, product, version, endpoints, tlsEnabled, tlsVersions, notAfter, keyBits, fqdn, k0, criticality, logging, virtual, zone *string
}{
	path("os/family"), path("os/open_alerts"), path("os/patched_time"), path("os/newest_patch_time"), path("volumes"), path("file_system"),
	path("encrypted"), path("size_bytes"), path("shares"), path("addresses"), path("static"), path("domain_role"), path("services"),
	path("account"), path("belongs_to"), path("running"), path("needed"), path("firewall/enabled"), path("firewall/default_inbound"),
	path("ipsec/enabled"), path("ipsec/rules"), path("action"), path("time_sync/enabled"), path("time_sync/servers"),
	path("file_integrity/enabled"), path("file_integrity/checked_time"), path("components"), path("role"), path("product"), path("version"),
	path("endpoints"), path("tls/enabled"), path("tls/versions"), path("tls/certificate/not_after"), path("tls/certificate/key_bits"),
	path("fqdn"), path("labels/k0"), path("criticality"), path("remote_logging"), path("virtual"), path("zone"),
}

var fqdnPattern = regexp.MustCompile("^[a-z0-9-]+[.]example[.]com$")

func osFamily(g *handMachine, h *pb.Host) rule.Tri {
	var v *string
	if h.Os != nil {
		v = h.Os.Family
	}
	return g.textIs(unsafe.Pointer(h), v, hp.family, "windows")
}

var handRules = []func(*handMachine, *pb.Host) rule.Tri{
	osFamily,
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		a := osFamily(g, h)
		if a == rule.False {
			return a
		}
		b := rule.Unknown
		if h.Os != nil && h.Os.OpenAlerts != nil {
			g.read(unsafe.Pointer(h), hp.alerts)
			b = tri(*h.Os.OpenAlerts == 0)
		} else {
			g.absent(unsafe.Pointer(h), hp.alerts)
		}
		if b == rule.False {
			g.missing = g.missing[:mark]
		}
		return rule.And(a, b)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		var v *timestamppb.Timestamp
		if h.Os != nil {
			v = h.Os.PatchedTime
		}
		return g.after(unsafe.Pointer(h), v, hp.patched, -3_600_000_000)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		if h.Os == nil || h.Os.PatchedTime == nil || h.Os.NewestPatchTime == nil {
			return g.absent(unsafe.Pointer(h), hp.patched)
		}
		g.read(unsafe.Pointer(h), hp.patched)
		g.read(unsafe.Pointer(h), hp.newest)
		return tri(h.Os.PatchedTime.Seconds*1_000_000+int64(h.Os.PatchedTime.Nanos)/1000 >= h.Os.NewestPatchTime.Seconds*1_000_000+int64(h.Os.NewestPatchTime.Nanos)/1000)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		open := g.list(unsafe.Pointer(h), len(h.Volumes), "volumes", h.ReportedEmpty, h.Partial, hp.volumes)
		for _, v := range h.Volumes {
			switch g.textIs(unsafe.Pointer(v), v.FileSystem, hp.fileSystem, "ntfs") {
			case rule.False:
				g.missing = g.missing[:mark]
				return rule.False
			case rule.Unknown:
				open = true
			}
		}
		return undecided(open, rule.True)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		open := g.list(unsafe.Pointer(h), len(h.Volumes), "volumes", h.ReportedEmpty, h.Partial, hp.volumes)
		for _, v := range h.Volumes {
			own := len(g.missing)
			x := g.boolean(unsafe.Pointer(v), v.Encrypted, hp.encrypted)
			if x != rule.True {
				y := rule.Unknown
				if v.SizeBytes != nil {
					g.read(unsafe.Pointer(v), hp.size)
					y = tri(*v.SizeBytes < 1000)
				} else {
					g.absent(unsafe.Pointer(v), hp.size)
				}
				if x = rule.Or(x, y); x == rule.True {
					g.missing = g.missing[:own]
				}
			}
			switch x {
			case rule.False:
				g.missing = g.missing[:mark]
				return rule.False
			case rule.Unknown:
				open = true
			}
		}
		return undecided(open, rule.True)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		open := g.list(unsafe.Pointer(h), len(h.Shares), "shares", h.ReportedEmpty, h.Partial, hp.shares)
		for _, s := range h.Shares {
			if s.Name == "admin$" {
				g.missing = g.missing[:mark]
				return rule.True
			}
		}
		return undecided(open, rule.False)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		open := g.list(unsafe.Pointer(h), len(h.Addresses), "addresses", h.ReportedEmpty, h.Partial, hp.addresses)
		for _, a := range h.Addresses {
			switch g.boolean(unsafe.Pointer(a), a.Static, hp.static) {
			case rule.False:
				g.missing = g.missing[:mark]
				return rule.False
			case rule.Unknown:
				open = true
			}
		}
		return undecided(open, rule.True)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		return rule.Not(g.textIs(unsafe.Pointer(h), h.DomainRole, hp.role, "controller"))
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		if h.DomainRole == nil {
			return g.absent(unsafe.Pointer(h), hp.role)
		}
		g.read(unsafe.Pointer(h), hp.role)
		return tri(*h.DomainRole == "member" || *h.DomainRole == "standalone")
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		open := g.list(unsafe.Pointer(h), len(h.Services), "services", h.ReportedEmpty, h.Partial, hp.services)
		for _, s := range h.Services {
			own := len(g.missing)
			x := rule.Not(g.textIs(unsafe.Pointer(s), s.Account, hp.account, "LocalSystem"))
			if x != rule.True {
				y := rule.Unknown
				if s.BelongsTo != nil {
					g.read(unsafe.Pointer(s), hp.belongs)
					y = tri(*s.BelongsTo == "operating-system" || *s.BelongsTo == "iis")
				} else {
					g.absent(unsafe.Pointer(s), hp.belongs)
				}
				if x = rule.Or(x, y); x == rule.True {
					g.missing = g.missing[:own]
				}
			}
			switch x {
			case rule.False:
				g.missing = g.missing[:mark]
				return rule.False
			case rule.Unknown:
				open = true
			}
		}
		return undecided(open, rule.True)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		open := g.list(unsafe.Pointer(h), len(h.Services), "services", h.ReportedEmpty, h.Partial, hp.services)
		for _, s := range h.Services {
			switch g.boolean(unsafe.Pointer(s), s.Running, hp.running) {
			case rule.True:
				switch g.boolean(unsafe.Pointer(s), s.Needed, hp.needed) {
				case rule.False:
					g.missing = g.missing[:mark]
					return rule.False
				case rule.Unknown:
					open = true
				}
			case rule.Unknown:
				open = true
			}
		}
		return undecided(open, rule.True)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		var on *bool
		var in *string
		if f := h.Firewall; f != nil {
			on, in = f.Enabled, f.DefaultInbound
		}
		a := g.boolean(unsafe.Pointer(h), on, hp.fwEnabled)
		if a == rule.False {
			return a
		}
		b := g.textIs(unsafe.Pointer(h), in, hp.fwInbound, "block")
		if b == rule.False {
			g.missing = g.missing[:mark]
		}
		return rule.And(a, b)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		ip := h.Ipsec
		if ip == nil {
			g.absent(unsafe.Pointer(h), hp.ipsecEnabled)
			return g.absent(unsafe.Pointer(h), hp.ipsecRules)
		}
		a := g.boolean(unsafe.Pointer(h), ip.Enabled, hp.ipsecEnabled)
		if a == rule.False {
			return a
		}
		b := rule.False
		inner := len(g.missing)
		open := g.list(unsafe.Pointer(h), len(ip.Rules), "rules", ip.ReportedEmpty, ip.Partial, hp.ipsecRules)
		for _, r := range ip.Rules {
			own := len(g.missing)
			x := g.textIs(unsafe.Pointer(r), r.Action, hp.action, "require")
			if x != rule.False {
				y := g.boolean(unsafe.Pointer(r), r.Encrypted, hp.encrypted)
				if x = rule.And(x, y); x == rule.False {
					g.missing = g.missing[:own]
				}
			}
			if x == rule.True {
				g.missing = g.missing[:inner]
				b = rule.True
				break
			}
			open = open || x == rule.Unknown
		}
		if b != rule.True {
			b = undecided(open, rule.False)
		}
		if b == rule.False {
			g.missing = g.missing[:mark]
		}
		return rule.And(a, b)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		ts := h.TimeSync
		if ts == nil {
			g.absent(unsafe.Pointer(h), hp.tsEnabled)
			return g.absent(unsafe.Pointer(h), hp.tsServers)
		}
		a := g.boolean(unsafe.Pointer(h), ts.Enabled, hp.tsEnabled)
		if a == rule.False {
			return a
		}
		b := rule.Unknown
		if !g.list(unsafe.Pointer(h), len(ts.Servers), "servers", ts.ReportedEmpty, ts.Partial, hp.tsServers) {
			b = tri(len(ts.Servers) >= 2)
		}
		if b == rule.False {
			g.missing = g.missing[:mark]
		}
		return rule.And(a, b)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		var on *bool
		var at *timestamppb.Timestamp
		if f := h.FileIntegrity; f != nil {
			on, at = f.Enabled, f.CheckedTime
		}
		a := g.boolean(unsafe.Pointer(h), on, hp.fiEnabled)
		if a == rule.False {
			return a
		}
		b := g.after(unsafe.Pointer(h), at, hp.fiChecked, -48*3_600_000_000)
		if b == rule.False {
			g.missing = g.missing[:mark]
		}
		return rule.And(a, b)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		open := g.list(unsafe.Pointer(h), len(h.Components), "components", h.ReportedEmpty, h.Partial, hp.components)
		n := 0
		for _, c := range h.Components {
			switch g.textIs(unsafe.Pointer(c), c.Role, hp.cRole, "web-front-end") {
			case rule.True:
				n++
			case rule.Unknown:
				open = true
			}
		}
		return undecided(open, tri(n <= 1))
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		open := g.list(unsafe.Pointer(h), len(h.Components), "components", h.ReportedEmpty, h.Partial, hp.components)
		for _, c := range h.Components {
			own := len(g.missing)
			x := rule.Not(g.textIs(unsafe.Pointer(c), c.Product, hp.product, "sharepoint-2007"))
			if x != rule.True {
				y := rule.Unknown
				if c.Version != nil {
					g.read(unsafe.Pointer(c), hp.version)
					y = tri(strings.HasPrefix(*c.Version, "12."))
				} else {
					g.absent(unsafe.Pointer(c), hp.version)
				}
				if x = rule.Or(x, y); x == rule.True {
					g.missing = g.missing[:own]
				}
			}
			switch x {
			case rule.False:
				g.missing = g.missing[:mark]
				return rule.False
			case rule.Unknown:
				open = true
			}
		}
		return undecided(open, rule.True)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		open := g.list(unsafe.Pointer(h), len(h.Endpoints), "endpoints", h.ReportedEmpty, h.Partial, hp.endpoints)
		for _, e := range h.Endpoints {
			own := len(g.missing)
			tls := e.Tls
			if tls == nil {
				g.absent(unsafe.Pointer(e), hp.tlsEnabled)
				g.absent(unsafe.Pointer(e), hp.tlsVersions)
				open = true
				continue
			}
			x := rule.Not(g.boolean(unsafe.Pointer(e), tls.Enabled, hp.tlsEnabled))
			if x != rule.True {
				y := rule.True
				inner := g.list(unsafe.Pointer(e), len(tls.Versions), "versions", tls.ReportedEmpty, tls.Partial, hp.tlsVersions)
				for _, v := range tls.Versions {
					if v != "TLSv1.2" && v != "TLSv1.3" {
						y = rule.False
						break
					}
				}
				if y == rule.True {
					y = undecided(inner, rule.True)
				}
				if x = rule.Or(x, y); x == rule.True {
					g.missing = g.missing[:own]
				}
			}
			switch x {
			case rule.False:
				g.missing = g.missing[:mark]
				return rule.False
			case rule.Unknown:
				open = true
			}
		}
		return undecided(open, rule.True)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		open := g.list(unsafe.Pointer(h), len(h.Endpoints), "endpoints", h.ReportedEmpty, h.Partial, hp.endpoints)
		for _, e := range h.Endpoints {
			var at *timestamppb.Timestamp
			var bits *int32
			if e.Tls != nil && e.Tls.Certificate != nil {
				at, bits = e.Tls.Certificate.NotAfter, e.Tls.Certificate.KeyBits
			}
			x := g.after(unsafe.Pointer(e), at, hp.notAfter, 0)
			if x != rule.False {
				y := rule.Unknown
				if bits != nil {
					g.read(unsafe.Pointer(e), hp.keyBits)
					y = tri(*bits >= 2048)
				} else {
					g.absent(unsafe.Pointer(e), hp.keyBits)
				}
				x = rule.And(x, y)
			}
			switch x {
			case rule.False:
				g.missing = g.missing[:mark]
				return rule.False
			case rule.Unknown:
				open = true
			}
		}
		return undecided(open, rule.True)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		if h.Fqdn == nil {
			return g.absent(unsafe.Pointer(h), hp.fqdn)
		}
		g.read(unsafe.Pointer(h), hp.fqdn)
		return tri(fqdnPattern.MatchString(*h.Fqdn))
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		a := rule.Unknown
		if v, ok := h.Labels["k0"]; ok {
			g.read(unsafe.Pointer(h), hp.k0)
			a = tri(v == "prod")
		} else {
			g.absent(unsafe.Pointer(h), hp.k0)
		}
		if a == rule.True {
			return a
		}
		b := g.textIs(unsafe.Pointer(h), h.Criticality, hp.criticality, "high")
		if b == rule.True {
			g.missing = g.missing[:mark]
		}
		return rule.Or(a, b)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		mark := len(g.missing)
		a := g.boolean(unsafe.Pointer(h), h.RemoteLogging, hp.logging)
		if a == rule.False {
			return a
		}
		b := rule.Not(g.boolean(unsafe.Pointer(h), h.Virtual, hp.virtual))
		if b == rule.False {
			g.missing = g.missing[:mark]
		}
		return rule.And(a, b)
	},
	func(g *handMachine, h *pb.Host) rule.Tri {
		c := rule.False
		if h.Id != "" {
			c = g.textIs(unsafe.Pointer(h), h.Zone, hp.zone, "internal")
		}
		v := g.boolean(unsafe.Pointer(h), h.Virtual, hp.virtual)
		switch c {
		case rule.True:
			return v
		case rule.False:
			return rule.Not(v)
		}
		return c
	},
}
