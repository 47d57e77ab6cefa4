package byhand

import (
	"slices"
	"strconv"
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var (
	pGroups     = &path{"groups"}
	pMembers    = &path{"members"}
	pDomainRole = &path{"domain_role"}
	pDomain     = &path{"domain"}
	pLM         = &path{"settings/lm_compatibility"}
	pAnonymous  = &path{"settings/restrict_anonymous"}
	pNoHash     = &path{"settings/no_lm_hash"}
	pLog        = &path{"settings/max_log_mb"}
	pVirtual    = &path{"virtual"}
	pRack       = &path{"rack"}
	pTier       = &path{"labels/tier"}
)

func groups(m *Machine, h *pb.Host) bool {
	return m.list(at(h), len(h.Groups), "groups", h.ReportedEmpty, h.Partial, pGroups)
}

func members(m *Machine, g *pb.LocalGroup) bool {
	return m.list(at(g), len(g.Members), "members", g.ReportedEmpty, g.Partial, pMembers)
}

func adminsFew(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := groups(m, h)
	for _, g := range h.Groups {
		if g.Name != "Administrators" {
			continue
		}
		switch more := members(m, g); {
		case more:
			gap = true
		case len(g.Members) > maxAdmins:
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func groupsEveryone(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := groups(m, h)
	for _, g := range h.Groups {
		switch contains(m, at(g), g.Members, "members", g.ReportedEmpty, g.Partial, pMembers, "Everyone") {
		case yes:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

// isLower tells whether a text is small, which has small letters only, if the
// size of ASCII letters does not matter.
func isLower(s, small string) bool {
	if len(s) != len(small) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != small[i] {
			return false
		}
	}
	return true
}

func groupsGuest(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := groups(m, h)
	for _, g := range h.Groups {
		if members(m, g) {
			gap = true
		}
		for _, name := range g.Members {
			if isLower(name, `corp\guest`) {
				m.settle(k)
				return no
			}
		}
	}
	return whole(gap, yes)
}

func inner(m *Machine, h *pb.Host) tri { return m.isText(at(h), h.Zone, pZone, "internal") }

func known(m *Machine, h *pb.Host) tri {
	d, ok := m.text(at(h), h.Domain, pDomain)
	if !ok {
		return open
	}
	return of(slices.Contains(domains, d))
}

func domain(m *Machine, h *pb.Host) tri {
	switch m.isText(at(h), h.DomainRole, pDomainRole, "controller") {
	case yes:
		return inner(m, h)
	case no:
		return known(m, h)
	}
	inner(m, h)
	known(m, h)
	return open
}

func setting(m *Machine, h *pb.Host, key string, p *path, want string) tri {
	v, ok := m.entry(at(h), h.Settings, key, p)
	if !ok {
		return open
	}
	return of(v == want)
}

func lmLevel(m *Machine, h *pb.Host) tri { return setting(m, h, "lm_compatibility", pLM, "5") }

func anonymous(m *Machine, h *pb.Host) tri {
	k := m.mark()
	x := setting(m, h, "restrict_anonymous", pAnonymous, "1")
	if x == no {
		return no
	}
	return m.and(k, x, setting(m, h, "no_lm_hash", pNoHash, "1"))
}

func logSize(m *Machine, h *pb.Host) tri {
	v, ok := m.entry(at(h), h.Settings, "max_log_mb", pLog)
	if !ok {
		return open
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return wrong
	}
	return of(n >= int64(minLogMB))
}

func rack(m *Machine, h *pb.Host) tri {
	k := m.mark()
	x := m.isTrue(at(h), h.Virtual, pVirtual)
	if x == yes {
		return yes
	}
	y := open
	if r, ok := m.text(at(h), h.Rack, pRack); ok {
		y = of(strings.HasPrefix(r, "rack-"))
	}
	return m.or(k, x, y)
}

func tier(m *Machine, h *pb.Host) tri {
	v, ok := m.entry(at(h), h.Labels, "tier", pTier)
	if !ok {
		return open
	}
	return of(v == "gold" || v == "silver" || v == "bronze")
}
