package byhand

import (
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var (
	pPackages = &path{"packages"}
	pVersion  = &path{"version"}
	pVendor   = &path{"vendor"}
	pServices = &path{"services"}
	pAccount  = &path{"account"}
	pBelongs  = &path{"belongs_to"}
	pRunning  = &path{"running"}
	pNeeded   = &path{"needed"}
	pStart    = &path{"start"}
)

func packages(m *Machine, h *pb.Host) bool {
	return m.list(at(h), len(h.Packages), "packages", h.ReportedEmpty, h.Partial, pPackages)
}

func packagesForbidden(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := packages(m, h)
	for _, p := range h.Packages {
		if forbiddenPackages[p.Name] {
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func packagesAgent(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := packages(m, h)
	for _, p := range h.Packages {
		if p.Name != "endpoint-agent" {
			continue
		}
		v, ok := m.text(at(p), p.Version, pVersion)
		switch {
		case !ok:
			gap = true
		case v >= "4.2":
			m.settle(k)
			return yes
		}
	}
	return whole(gap, no)
}

func packagesVendor(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := packages(m, h)
	for _, p := range h.Packages {
		switch m.isText(at(p), p.Vendor, pVendor, "unknown") {
		case yes:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func services(m *Machine, h *pb.Host) bool {
	return m.list(at(h), len(h.Services), "services", h.ReportedEmpty, h.Partial, pServices)
}

func modest(m *Machine, s *pb.Service) tri {
	k := m.mark()
	x := not(m.isText(at(s), s.Account, pAccount, "LocalSystem"))
	if x == yes {
		return yes
	}
	y := open
	if b, ok := m.text(at(s), s.BelongsTo, pBelongs); ok {
		y = of(b == "operating-system" || b == "product")
	}
	return m.or(k, x, y)
}

func servicesAccount(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := services(m, h)
	for _, s := range h.Services {
		switch modest(m, s) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func servicesNeeded(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := services(m, h)
	for _, s := range h.Services {
		switch m.isTrue(at(s), s.Running, pRunning) {
		case no:
			continue
		case open:
			gap = true
			continue
		}
		switch m.isTrue(at(s), s.Needed, pNeeded) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func idle(m *Machine, s *pb.Service) tri {
	k := m.mark()
	x := m.isTrue(at(s), s.Needed, pNeeded)
	if x == yes {
		return yes
	}
	y := m.isText(at(s), s.Start, pStart, "disabled")
	if x = m.or(k, x, y); x == yes {
		return yes
	}
	return m.or(k, x, not(m.isTrue(at(s), s.Running, pRunning)))
}

func servicesDisabled(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := services(m, h)
	for _, s := range h.Services {
		switch idle(m, s) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func servicesAudit(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := services(m, h)
	for _, s := range h.Services {
		if s.Name != "audit" {
			continue
		}
		switch m.isTrue(at(s), s.Running, pRunning) {
		case yes:
			m.settle(k)
			return yes
		case open:
			gap = true
		}
	}
	return whole(gap, no)
}
