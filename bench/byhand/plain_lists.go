package byhand

import (
	"slices"
	"strconv"
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func plainIpsecEncrypts(h *pb.Host, _ int64) bool {
	for _, r := range h.GetIpsec().GetRules() {
		if r.GetAction() == "require" && r.GetEncrypted() {
			return true
		}
	}
	return false
}

func plainNoSharedKey(h *pb.Host, _ int64) bool {
	for _, r := range h.GetIpsec().GetRules() {
		if r.GetAuthentication() == "preshared-key" {
			return false
		}
	}
	return true
}

func plainNotOpen(h *pb.Host, _ int64) bool {
	for _, r := range h.GetIpsec().GetRules() {
		if r.GetAction() == "permit" && slices.Contains(r.GetPeers(), "any") {
			return false
		}
	}
	return true
}

func plainPortsOfRole(h *pb.Host, _ int64) bool {
	allowed := rolePorts[h.GetLabels()["role"]]
	for _, p := range h.GetPorts() {
		if !slices.Contains(allowed, p.GetPort()) {
			return false
		}
	}
	return true
}

func plainNotClear(h *pb.Host, _ int64) bool {
	for _, p := range h.GetPorts() {
		switch p.GetPort() {
		case 21, 23, 69, 110, 143, 512, 513, 514:
			return false
		}
	}
	return true
}

func plainUDPFew(h *pb.Host, _ int64) bool {
	n := 0
	for _, p := range h.GetPorts() {
		if p.GetTransport() == "udp" {
			n++
		}
	}
	return n <= maxUDP
}

func plainProcesses(h *pb.Host, _ int64) bool {
	for _, p := range h.GetPorts() {
		if !plainProcess.MatchString(p.GetProcess()) {
			return false
		}
	}
	return true
}

func plainStatic(h *pb.Host, _ int64) bool {
	for _, a := range h.GetAddresses() {
		if !a.GetStatic() {
			return false
		}
	}
	return true
}

func plainSegment(h *pb.Host, _ int64) bool {
	for _, a := range h.GetAddresses() {
		if a.GetLanSegment() != h.GetLanSegment() {
			return false
		}
	}
	return true
}

func plainTimeServers(h *pb.Host, _ int64) bool {
	for _, s := range h.GetTimeSync().GetServers() {
		if !slices.Contains(timeServers, s) {
			return false
		}
	}
	return true
}

func plainVolumeKind(h *pb.Host, _ int64) bool {
	for _, v := range h.GetVolumes() {
		if s := v.GetFileSystem(); s != "ntfs" && s != "ext4" && s != "xfs" {
			return false
		}
	}
	return true
}

func plainVolumeEncrypted(h *pb.Host, _ int64) bool {
	for _, v := range h.GetVolumes() {
		if !v.GetEncrypted() && v.GetSizeBytes() >= 1<<30 {
			return false
		}
	}
	return true
}

func plainVolumeRoot(h *pb.Host, _ int64) bool {
	n := 0
	for _, v := range h.GetVolumes() {
		if v.GetId() == "C:" || v.GetId() == "/" {
			n++
		}
	}
	return n == 1
}

func plainVolumeOptions(h *pb.Host, _ int64) bool {
	for _, v := range h.GetVolumes() {
		if (v.GetId() == "D:" || v.GetId() == "/srv") && slices.Contains(v.GetOptions(), "noexec") {
			return true
		}
	}
	return false
}

func plainSharesAdmin(h *pb.Host, _ int64) bool {
	for _, s := range h.GetShares() {
		if strings.HasSuffix(s.GetName(), "$") {
			return false
		}
	}
	return true
}

func plainSharesSystem(h *pb.Host, _ int64) bool {
	for _, s := range h.GetShares() {
		if p := s.GetPath(); strings.HasPrefix(p, `C:\Windows`) || p == "/" {
			return false
		}
	}
	return true
}

func plainForbidden(h *pb.Host, _ int64) bool {
	for _, p := range h.GetPackages() {
		if forbiddenPackages[p.GetName()] {
			return false
		}
	}
	return true
}

func plainAgent(h *pb.Host, _ int64) bool {
	for _, p := range h.GetPackages() {
		if p.GetName() == "endpoint-agent" && p.GetVersion() >= "4.2" {
			return true
		}
	}
	return false
}

func plainVendor(h *pb.Host, _ int64) bool {
	for _, p := range h.GetPackages() {
		if p.GetVendor() == "unknown" {
			return false
		}
	}
	return true
}

func plainAccounts(h *pb.Host, _ int64) bool {
	for _, s := range h.GetServices() {
		if s.GetAccount() == "LocalSystem" && s.GetBelongsTo() != "operating-system" && s.GetBelongsTo() != "product" {
			return false
		}
	}
	return true
}

func plainNeeded(h *pb.Host, _ int64) bool {
	for _, s := range h.GetServices() {
		if s.GetRunning() && !s.GetNeeded() {
			return false
		}
	}
	return true
}

func plainDisabled(h *pb.Host, _ int64) bool {
	for _, s := range h.GetServices() {
		if !s.GetNeeded() && s.GetStart() != "disabled" && s.GetRunning() {
			return false
		}
	}
	return true
}

func plainAudit(h *pb.Host, _ int64) bool {
	for _, s := range h.GetServices() {
		if s.GetName() == "audit" && s.GetRunning() {
			return true
		}
	}
	return false
}

func plainAdmins(h *pb.Host, _ int64) bool {
	for _, g := range h.GetGroups() {
		if g.GetName() == "Administrators" && len(g.GetMembers()) > maxAdmins {
			return false
		}
	}
	return true
}

func plainEveryone(h *pb.Host, _ int64) bool {
	for _, g := range h.GetGroups() {
		if slices.Contains(g.GetMembers(), "Everyone") {
			return false
		}
	}
	return true
}

func plainGuest(h *pb.Host, _ int64) bool {
	for _, g := range h.GetGroups() {
		for _, name := range g.GetMembers() {
			if isLower(name, `corp\guest`) {
				return false
			}
		}
	}
	return true
}

func plainDomain(h *pb.Host, _ int64) bool {
	if h.GetDomainRole() == "controller" {
		return h.GetZone() == "internal"
	}
	return slices.Contains(domains, h.GetDomain())
}

func plainLogSize(h *pb.Host, _ int64) bool {
	n, err := strconv.ParseInt(h.GetSettings()["max_log_mb"], 10, 64)
	return err == nil && n >= int64(minLogMB)
}
