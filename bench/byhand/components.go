package byhand

import (
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var (
	pComponents  = &path{"components"}
	pPart        = &path{"role"}
	pProduct     = &path{"product"}
	pMode        = &path{"sql/authentication_mode"}
	pForce       = &path{"sql/force_encryption"}
	pDeployed    = &path{"deployed_time"}
	pEndpoints   = &path{"endpoints"}
	pTLS         = &path{"tls/enabled"}
	pVersions    = &path{"tls/versions"}
	pCiphers     = &path{"tls/ciphers"}
	pNotAfter    = &path{"tls/certificate/not_after"}
	pKeyType     = &path{"tls/certificate/key_type"}
	pKeyBits     = &path{"tls/certificate/key_bits"}
	pBits        = &path{"bits"}
	pStrength    = &path{"strength"}
	pSensitivity = &path{"sensitivity"}
	pRedirects   = &path{"redirects_to_tls"}
)

func components(m *Machine, h *pb.Host) bool {
	return m.list(at(h), len(h.Components), "components", h.ReportedEmpty, h.Partial, pComponents)
}

func isDatabase(m *Machine, c *pb.Component) tri {
	return m.isText(at(c), c.Role, pPart, "database-server")
}

func databaseAlone(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap, n := components(m, h), 0
	for _, c := range h.Components {
		switch isDatabase(m, c) {
		case yes:
			n++
		case open:
			gap = true
		}
	}
	x := whole(gap, of(n == 0))
	if x == yes {
		return yes
	}
	inside := m.mark()
	gap = components(m, h)
	for _, c := range h.Components {
		switch isDatabase(m, c) {
		case no:
			m.settle(inside)
			return m.or(k, x, no)
		case open:
			gap = true
		}
	}
	return m.or(k, x, whole(gap, yes))
}

func componentAccount(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := components(m, h)
	for _, c := range h.Components {
		a, ok := m.text(at(c), c.Account, pAccount)
		switch {
		case !ok:
			gap = true
		case a == "LocalSystem" || a == "root":
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func portalVersion(m *Machine, c *pb.Component) tri {
	k := m.mark()
	x := not(m.isText(at(c), c.Product, pProduct, "portal"))
	if x == yes {
		return yes
	}
	y := open
	if v, ok := m.text(at(c), c.Version, pVersion); ok {
		y = of(strings.HasPrefix(v, "12."))
	}
	return m.or(k, x, y)
}

func componentVersion(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := components(m, h)
	for _, c := range h.Components {
		switch portalVersion(m, c) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

var noSQL pb.SqlInstance

func asksDirectory(m *Machine, c *pb.Component) tri {
	k := m.mark()
	x := not(isDatabase(m, c))
	if x == yes {
		return yes
	}
	sql := c.Sql
	if sql == nil {
		sql = &noSQL
	}
	inside := m.mark()
	y := m.isText(at(c), sql.AuthenticationMode, pMode, "windows")
	if y != no {
		y = m.and(inside, y, m.isTrue(at(c), sql.ForceEncryption, pForce))
	}
	return m.or(k, x, y)
}

func sqlAuthentication(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := components(m, h)
	for _, c := range h.Components {
		switch asksDirectory(m, c) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func componentBurnIn(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := components(m, h)
	for _, c := range h.Components {
		if c.DeployedTime == nil {
			m.absent(at(c), pDeployed)
			gap = true
			continue
		}
		m.read(at(c), pDeployed)
		// deployed < now - burnIn turns true a microsecond after burnIn has passed
		if m.before(micros(c.DeployedTime)+burnIn+1) == yes {
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func endpoints(m *Machine, h *pb.Host) bool {
	return m.list(at(h), len(h.Endpoints), "endpoints", h.ReportedEmpty, h.Partial, pEndpoints)
}

var (
	noTLS         pb.Tls
	noCertificate pb.Certificate
)

func tls(e *pb.Endpoint) *pb.Tls {
	if e.Tls == nil {
		return &noTLS
	}
	return e.Tls
}

func certificate(e *pb.Endpoint) *pb.Certificate {
	if e.Tls == nil || e.Tls.Certificate == nil {
		return &noCertificate
	}
	return e.Tls.Certificate
}

func newTLS(m *Machine, e *pb.Endpoint) tri {
	k := m.mark()
	x := not(m.isTrue(at(e), tls(e).Enabled, pTLS))
	if x == yes {
		return yes
	}
	t := tls(e)
	inside := m.mark()
	gap := m.list(at(e), len(t.Versions), "versions", t.ReportedEmpty, t.Partial, pVersions)
	for _, v := range t.Versions {
		if v != "TLSv1.2" && v != "TLSv1.3" {
			m.settle(inside)
			return m.or(k, x, no)
		}
	}
	return m.or(k, x, whole(gap, yes))
}

func tlsVersions(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := endpoints(m, h)
	for _, e := range h.Endpoints {
		switch newTLS(m, e) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func certificateValid(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := endpoints(m, h)
	for _, e := range h.Endpoints {
		var t *timestamppb.Timestamp = certificate(e).NotAfter
		switch m.after(at(e), t, pNotAfter, certificateMargin) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func longKey(m *Machine, e *pb.Endpoint) tri {
	k := m.mark()
	c := certificate(e)
	x := m.isText(at(e), c.KeyType, pKeyType, "ECDSA")
	if x == yes {
		return yes
	}
	y := open
	if n, ok := m.number(at(e), c.KeyBits, pKeyBits); ok {
		y = of(n >= minKeyBits)
	}
	return m.or(k, x, y)
}

func certificateKey(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := endpoints(m, h)
	for _, e := range h.Endpoints {
		switch longKey(m, e) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func strong(m *Machine, c *pb.Cipher) tri {
	k := m.mark()
	x := open
	if n, ok := m.number(at(c), c.Bits, pBits); ok {
		x = of(n >= 128)
	}
	if x == no {
		return no
	}
	y := open
	if s, ok := m.text(at(c), c.Strength, pStrength); ok {
		y = of(s == "strong" || s == "acceptable")
	}
	return m.and(k, x, y)
}

func strongCiphers(m *Machine, e *pb.Endpoint) tri {
	k := m.mark()
	t := tls(e)
	gap := m.list(at(e), len(t.Ciphers), "ciphers", t.ReportedEmpty, t.Partial, pCiphers)
	for _, c := range t.Ciphers {
		switch strong(m, c) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func ciphers(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := endpoints(m, h)
	for _, e := range h.Endpoints {
		switch strongCiphers(m, e) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func asksProperly(m *Machine, e *pb.Endpoint) tri {
	k := m.mark()
	x := not(m.isText(at(e), e.Sensitivity, pSensitivity, "sensitive"))
	if x == yes {
		return yes
	}
	inside := m.mark()
	y := m.isTrue(at(e), e.RedirectsToTls, pRedirects)
	if y != no {
		basic := contains(m, at(e), e.Authentication, "authentication", e.ReportedEmpty, e.Partial, pAuthentication, "basic")
		y = m.and(inside, y, not(basic))
	}
	return m.or(k, x, y)
}

func sensitive(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := endpoints(m, h)
	for _, e := range h.Endpoints {
		switch asksProperly(m, e) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}
