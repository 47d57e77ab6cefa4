package byhand

import (
	"regexp"
	"slices"
	"unsafe"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var (
	pFirewall       = &path{"firewall/enabled"}
	pInbound        = &path{"firewall/default_inbound"}
	pZone           = &path{"zone"}
	pIpsec          = &path{"ipsec/enabled"}
	pIpsecAction    = &path{"ipsec/default_action"}
	pIpsecRules     = &path{"ipsec/rules"}
	pAction         = &path{"action"}
	pEncrypted      = &path{"encrypted"}
	pAuthentication = &path{"authentication"}
	pPeers          = &path{"peers"}
	pPorts          = &path{"ports"}
	pPort           = &path{"port"}
	pTransport      = &path{"transport"}
	pProcess        = &path{"process"}
	pRole           = &path{"labels/role"}
	pRolePorts      = &path{"tables/role_ports"}
	pRoleZones      = &path{"tables/role_zones"}
	pAddresses      = &path{"addresses"}
	pStatic         = &path{"static"}
	pSegment        = &path{"lan_segment"}
	pFqdn           = &path{"fqdn"}
)

func at[T any](p *T) unsafe.Pointer { return unsafe.Pointer(p) }

func firewallOn(m *Machine, h *pb.Host) tri {
	var v *bool
	if f := h.Firewall; f != nil {
		v = f.Enabled
	}
	return m.isTrue(at(h), v, pFirewall)
}

func firewallBlocks(m *Machine, h *pb.Host) tri {
	k := m.mark()
	x := firewallOn(m, h)
	if x == no {
		return no
	}
	var v *string
	if f := h.Firewall; f != nil {
		v = f.DefaultInbound
	}
	return m.and(k, x, m.isText(at(h), v, pInbound, "block"))
}

func innerZone(m *Machine, h *pb.Host) tri {
	z, ok := m.text(at(h), h.Zone, pZone)
	if !ok {
		return open
	}
	return of(z == "internal" || z == "data")
}

func ipsecOn(m *Machine, h *pb.Host) tri {
	var v *bool
	if p := h.Ipsec; p != nil {
		v = p.Enabled
	}
	return m.isTrue(at(h), v, pIpsec)
}

func ipsecRequired(m *Machine, h *pb.Host) tri {
	k := m.mark()
	x := ipsecOn(m, h)
	if x == no {
		return no
	}
	var v *string
	if p := h.Ipsec; p != nil {
		v = p.DefaultAction
	}
	y := open
	if a, ok := m.text(at(h), v, pIpsecAction); ok {
		y = of(a == "require" || a == "block")
	}
	return m.and(k, x, y)
}

// ipsecRules lists the rules of the policy, and tells whether there may be more.
func ipsecRules(m *Machine, h *pb.Host) ([]*pb.IpsecRule, bool) {
	p := h.Ipsec
	if p == nil {
		m.absent(at(h), pIpsecRules)
		return nil, true
	}
	return p.Rules, m.list(at(h), len(p.Rules), "rules", p.ReportedEmpty, p.Partial, pIpsecRules)
}

func encrypts(m *Machine, r *pb.IpsecRule) tri {
	k := m.mark()
	x := m.isText(at(r), r.Action, pAction, "require")
	if x == no {
		return no
	}
	return m.and(k, x, m.isTrue(at(r), r.Encrypted, pEncrypted))
}

func ipsecEncrypts(m *Machine, h *pb.Host) tri {
	k := m.mark()
	list, gap := ipsecRules(m, h)
	for _, r := range list {
		switch encrypts(m, r) {
		case yes:
			m.settle(k)
			return yes
		case open:
			gap = true
		}
	}
	return whole(gap, no)
}

func ipsecNoSharedKey(m *Machine, h *pb.Host) tri {
	k := m.mark()
	list, gap := ipsecRules(m, h)
	for _, r := range list {
		switch m.isText(at(r), r.Authentication, pAuthentication, "preshared-key") {
		case yes:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func contains(m *Machine, base unsafe.Pointer, list []string, name string, empty, partial []string, p *path, want string) tri {
	k := m.mark()
	gap := m.list(base, len(list), name, empty, partial, p)
	if slices.Contains(list, want) {
		m.settle(k)
		return yes
	}
	return whole(gap, no)
}

func letsThrough(m *Machine, r *pb.IpsecRule) tri {
	k := m.mark()
	x := m.isText(at(r), r.Action, pAction, "permit")
	if x == no {
		return no
	}
	return m.and(k, x, contains(m, at(r), r.Peers, "peers", r.ReportedEmpty, r.Partial, pPeers, "any"))
}

func ipsecNotOpen(m *Machine, h *pb.Host) tri {
	k := m.mark()
	list, gap := ipsecRules(m, h)
	for _, r := range list {
		switch letsThrough(m, r) {
		case yes:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func ports(m *Machine, h *pb.Host) bool {
	return m.list(at(h), len(h.Ports), "ports", h.ReportedEmpty, h.Partial, pPorts)
}

func portsOfRole(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := ports(m, h)
	if len(h.Ports) == 0 {
		return whole(gap, yes)
	}
	allowed, known := []int32(nil), false
	if role, ok := m.entry(at(h), h.Labels, "role", pRole); ok {
		if allowed, known = rolePorts[role]; !known {
			m.absent(nil, pRolePorts)
		}
	}
	for _, p := range h.Ports {
		n, ok := m.number(at(p), p.Port, pPort)
		switch {
		case !ok || !known:
			gap = true
		case !slices.Contains(allowed, n):
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func portsNotClear(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := ports(m, h)
	for _, p := range h.Ports {
		n, ok := m.number(at(p), p.Port, pPort)
		if !ok {
			gap = true
			continue
		}
		switch n {
		case 21, 23, 69, 110, 143, 512, 513, 514:
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func portsUDPFew(m *Machine, h *pb.Host) tri {
	gap, n := ports(m, h), 0
	for _, p := range h.Ports {
		switch m.isText(at(p), p.Transport, pTransport, "udp") {
		case yes:
			n++
		case open:
			gap = true
		}
	}
	return whole(gap, of(n <= maxUDP))
}

var plainProcess = regexp.MustCompile(`^[a-z0-9._-]+$`)

func portsProcess(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := ports(m, h)
	for _, p := range h.Ports {
		s, ok := m.text(at(p), p.Process, pProcess)
		switch {
		case !ok:
			gap = true
		case !plainProcess.MatchString(s):
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func addresses(m *Machine, h *pb.Host) bool {
	return m.list(at(h), len(h.Addresses), "addresses", h.ReportedEmpty, h.Partial, pAddresses)
}

func addressesStatic(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := addresses(m, h)
	for _, a := range h.Addresses {
		switch m.isTrue(at(a), a.Static, pStatic) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func addressesSegment(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := addresses(m, h)
	if len(h.Addresses) == 0 {
		return whole(gap, yes)
	}
	segment, known := m.text(at(h), h.LanSegment, pSegment)
	for _, a := range h.Addresses {
		s, ok := m.text(at(a), a.LanSegment, pSegment)
		switch {
		case !ok || !known:
			gap = true
		case s != segment:
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func zoneOfRole(m *Machine, h *pb.Host) tri {
	zone, ok := m.text(at(h), h.Zone, pZone)
	role, known := m.entry(at(h), h.Labels, "role", pRole)
	if !known {
		return open
	}
	zones, known := roleZones[role]
	if !known {
		return m.absent(nil, pRoleZones)
	}
	if !ok {
		return open
	}
	return of(slices.Contains(zones, zone))
}

var companyName = regexp.MustCompile(`^[a-z0-9-]+[.]corp[.]example$`)

func fqdn(m *Machine, h *pb.Host) tri {
	s, ok := m.text(at(h), h.Fqdn, pFqdn)
	if !ok {
		return open
	}
	return of(companyName.MatchString(s))
}
