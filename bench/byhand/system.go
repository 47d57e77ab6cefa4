package byhand

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

var (
	pPatched      = &path{"os/patched_time"}
	pNewest       = &path{"os/newest_patch_time"}
	pAlerts       = &path{"os/open_alerts"}
	pCriticality  = &path{"criticality"}
	pMaxAlerts    = &path{"tables/max_alerts"}
	pOS           = &path{"os/name"}
	pEndOfSupport = &path{"tables/end_of_support"}
	pPolicy       = &path{"os/hardening_policy"}
	pMinimal      = &path{"os/minimal_installation"}
	pFamily       = &path{"os/family"}
	pVersionOS    = &path{"os/version"}
	pKernel       = &path{"os/kernel"}
	pLogging      = &path{"remote_logging"}
	pIntegrity    = &path{"file_integrity/enabled"}
	pChecked      = &path{"file_integrity/checked_time"}
	pTime         = &path{"time_sync/enabled"}
	pServers      = &path{"time_sync/servers"}
	pSynchronized = &path{"time_sync/synchronized_time"}
	pVolumes      = &path{"volumes"}
	pFileSystem   = &path{"file_system"}
	pSize         = &path{"size_bytes"}
	pOptions      = &path{"options"}
	pShares       = &path{"shares"}
	pSharePath    = &path{"path"}
)

var noOS pb.OperatingSystem

// system is the host's operating system; one of which nothing is known where
// it is not reported.
func system(h *pb.Host) *pb.OperatingSystem {
	if h.Os == nil {
		return &noOS
	}
	return h.Os
}

func patched(m *Machine, h *pb.Host) tri {
	return m.after(at(h), system(h).PatchedTime, pPatched, -patchAge)
}

func patchNewest(m *Machine, h *pb.Host) tri {
	x, y := system(h).PatchedTime, system(h).NewestPatchTime
	if x == nil {
		m.absent(at(h), pPatched)
	} else {
		m.read(at(h), pPatched)
	}
	if y == nil {
		return m.absent(at(h), pNewest)
	}
	m.read(at(h), pNewest)
	if x == nil {
		return open
	}
	return of(micros(x) >= micros(y))
}

func alerts(m *Machine, h *pb.Host) tri {
	n, ok := m.number(at(h), system(h).OpenAlerts, pAlerts)
	c, known := m.text(at(h), h.Criticality, pCriticality)
	if !known {
		return open
	}
	most, known := maxAlerts[c]
	if !known {
		return m.absent(nil, pMaxAlerts)
	}
	if !ok {
		return open
	}
	return of(n <= most)
}

func supported(m *Machine, h *pb.Host) tri {
	name, ok := m.text(at(h), system(h).Name, pOS)
	if !ok {
		return open
	}
	end, ok := endOfSupport[name]
	if !ok {
		return m.absent(nil, pEndOfSupport)
	}
	return m.before(end)
}

func baseline(m *Machine, h *pb.Host) tri {
	s, ok := m.text(at(h), system(h).HardeningPolicy, pPolicy)
	if !ok {
		return open
	}
	return of(strings.HasPrefix(s, "baseline-"))
}

func critical(m *Machine, h *pb.Host) tri {
	c, ok := m.text(at(h), h.Criticality, pCriticality)
	if !ok {
		return open
	}
	return of(c == "high" || c == "critical")
}

func minimal(m *Machine, h *pb.Host) tri {
	return m.isTrue(at(h), system(h).MinimalInstallation, pMinimal)
}

func windows(m *Machine, h *pb.Host) tri {
	return m.isText(at(h), system(h).Family, pFamily, "windows")
}
func linux(m *Machine, h *pb.Host) tri { return m.isText(at(h), system(h).Family, pFamily, "linux") }

func versionWindows(m *Machine, h *pb.Host) tri {
	s, ok := m.text(at(h), system(h).Version, pVersionOS)
	if !ok {
		return open
	}
	return of(strings.HasPrefix(s, "10.") || s == "6.3.9600")
}

func kernelReleased(m *Machine, h *pb.Host) tri {
	s, ok := m.text(at(h), system(h).Kernel, pKernel)
	if !ok {
		return open
	}
	return of(!strings.Contains(s, "-rc"))
}

func logging(m *Machine, h *pb.Host) tri { return m.isTrue(at(h), h.RemoteLogging, pLogging) }

func integrityOn(m *Machine, h *pb.Host) tri {
	var v *bool
	if f := h.FileIntegrity; f != nil {
		v = f.Enabled
	}
	return m.isTrue(at(h), v, pIntegrity)
}

func integrityFresh(m *Machine, h *pb.Host) tri {
	var t *timestamppb.Timestamp
	if f := h.FileIntegrity; f != nil {
		t = f.CheckedTime
	}
	return m.after(at(h), t, pChecked, -checkAge)
}

var noSync pb.TimeSync

func sync(h *pb.Host) *pb.TimeSync {
	if h.TimeSync == nil {
		return &noSync
	}
	return h.TimeSync
}

func servers(m *Machine, h *pb.Host) ([]string, bool) {
	s := sync(h)
	return s.Servers, m.list(at(h), len(s.Servers), "servers", s.ReportedEmpty, s.Partial, pServers)
}

func timeOn(m *Machine, h *pb.Host) tri {
	k := m.mark()
	x := m.isTrue(at(h), sync(h).Enabled, pTime)
	if x == no {
		return no
	}
	list, gap := servers(m, h)
	return m.and(k, x, whole(gap, of(len(list) >= 2)))
}

func timeApproved(m *Machine, h *pb.Host) tri {
	k := m.mark()
	list, gap := servers(m, h)
	for _, s := range list {
		if !slices.Contains(timeServers, s) {
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func timeFresh(m *Machine, h *pb.Host) tri {
	return m.after(at(h), sync(h).SynchronizedTime, pSynchronized, -syncAge)
}

func volumes(m *Machine, h *pb.Host) bool {
	return m.list(at(h), len(h.Volumes), "volumes", h.ReportedEmpty, h.Partial, pVolumes)
}

func volumeKind(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := volumes(m, h)
	for _, v := range h.Volumes {
		s, ok := m.text(at(v), v.FileSystem, pFileSystem)
		switch {
		case !ok:
			gap = true
		case s != "ntfs" && s != "ext4" && s != "xfs":
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func encryptedOrSmall(m *Machine, v *pb.Volume) tri {
	k := m.mark()
	x := m.isTrue(at(v), v.Encrypted, pEncrypted)
	if x == yes {
		return yes
	}
	y := open
	if v.SizeBytes == nil {
		m.absent(at(v), pSize)
	} else {
		m.read(at(v), pSize)
		y = of(*v.SizeBytes < 1<<30)
	}
	return m.or(k, x, y)
}

func volumeEncrypted(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := volumes(m, h)
	for _, v := range h.Volumes {
		switch encryptedOrSmall(m, v) {
		case no:
			m.settle(k)
			return no
		case open:
			gap = true
		}
	}
	return whole(gap, yes)
}

func volumeRoot(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap, n := volumes(m, h), 0
	for _, v := range h.Volumes {
		if v.Id == "C:" || v.Id == "/" {
			if n++; n == 2 {
				m.settle(k)
				return no
			}
		}
	}
	return whole(gap, of(n == 1))
}

func volumeOptions(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := volumes(m, h)
	for _, v := range h.Volumes {
		if v.Id != "D:" && v.Id != "/srv" {
			continue
		}
		switch contains(m, at(v), v.Options, "options", v.ReportedEmpty, v.Partial, pOptions, "noexec") {
		case yes:
			m.settle(k)
			return yes
		case open:
			gap = true
		}
	}
	return whole(gap, no)
}

func shares(m *Machine, h *pb.Host) bool {
	return m.list(at(h), len(h.Shares), "shares", h.ReportedEmpty, h.Partial, pShares)
}

func sharesAdmin(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := shares(m, h)
	for _, s := range h.Shares {
		if strings.HasSuffix(s.Name, "$") {
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}

func sharesSystem(m *Machine, h *pb.Host) tri {
	k := m.mark()
	gap := shares(m, h)
	for _, s := range h.Shares {
		p, ok := m.text(at(s), s.Path, pSharePath)
		switch {
		case !ok:
			gap = true
		case strings.HasPrefix(p, `C:\Windows`) || p == "/":
			m.settle(k)
			return no
		}
	}
	return whole(gap, yes)
}
