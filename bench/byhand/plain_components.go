package byhand

import (
	"slices"
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func plainDatabaseAlone(h *pb.Host, _ int64) bool {
	databases := 0
	for _, c := range h.GetComponents() {
		if c.GetRole() == "database-server" {
			databases++
		}
	}
	return databases == 0 || databases == len(h.GetComponents())
}

func plainComponentAccount(h *pb.Host, _ int64) bool {
	for _, c := range h.GetComponents() {
		if a := c.GetAccount(); a == "LocalSystem" || a == "root" {
			return false
		}
	}
	return true
}

func plainComponentVersion(h *pb.Host, _ int64) bool {
	for _, c := range h.GetComponents() {
		if c.GetProduct() == "portal" && !strings.HasPrefix(c.GetVersion(), "12.") {
			return false
		}
	}
	return true
}

func plainSQL(h *pb.Host, _ int64) bool {
	for _, c := range h.GetComponents() {
		if c.GetRole() == "database-server" && (c.GetSql().GetAuthenticationMode() != "windows" || !c.GetSql().GetForceEncryption()) {
			return false
		}
	}
	return true
}

func plainBurnIn(h *pb.Host, at int64) bool {
	for _, c := range h.GetComponents() {
		if micros(c.GetDeployedTime()) >= at-burnIn {
			return false
		}
	}
	return true
}

func plainTLS(h *pb.Host, _ int64) bool {
	for _, e := range h.GetEndpoints() {
		if !e.GetTls().GetEnabled() {
			continue
		}
		for _, v := range e.GetTls().GetVersions() {
			if v != "TLSv1.2" && v != "TLSv1.3" {
				return false
			}
		}
	}
	return true
}

func plainCertificate(h *pb.Host, at int64) bool {
	for _, e := range h.GetEndpoints() {
		if micros(e.GetTls().GetCertificate().GetNotAfter()) <= at+certificateMargin {
			return false
		}
	}
	return true
}

func plainKey(h *pb.Host, _ int64) bool {
	for _, e := range h.GetEndpoints() {
		if c := e.GetTls().GetCertificate(); c.GetKeyType() != "ECDSA" && c.GetKeyBits() < minKeyBits {
			return false
		}
	}
	return true
}

func plainCiphers(h *pb.Host, _ int64) bool {
	for _, e := range h.GetEndpoints() {
		for _, c := range e.GetTls().GetCiphers() {
			if c.GetBits() < 128 || c.GetStrength() != "strong" && c.GetStrength() != "acceptable" {
				return false
			}
		}
	}
	return true
}

func plainSensitive(h *pb.Host, _ int64) bool {
	for _, e := range h.GetEndpoints() {
		if e.GetSensitivity() == "sensitive" && (!e.GetRedirectsToTls() || slices.Contains(e.GetAuthentication(), "basic")) {
			return false
		}
	}
	return true
}
