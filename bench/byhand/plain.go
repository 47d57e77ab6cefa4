package byhand

import (
	"slices"
	"strings"

	"github.com/plumbline/plumbline/assess/score"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Plain evaluates the rules two-valued on a host that is fully reported, and
// appends a state each. at is in microseconds since 1970 UTC.
func Plain(h *pb.Host, at int64, states []score.State) []score.State {
	for i := range plain {
		p := &plain[i]
		s := score.Fail
		switch {
		case p.applies != nil && !p.applies(h, at):
			s = score.NotApplicable
		case p.holds(h, at):
			s = score.Pass
		}
		states = append(states, s)
	}
	return states
}

type plainCheck struct {
	applies, holds func(h *pb.Host, at int64) bool
}

// plain are the sixty rules, in the checklist's order.
var plain = [...]plainCheck{
	{nil, func(h *pb.Host, _ int64) bool { return h.GetFirewall().GetEnabled() }},
	{nil, func(h *pb.Host, _ int64) bool {
		return h.GetFirewall().GetEnabled() && h.GetFirewall().GetDefaultInbound() == "block"
	}},
	{
		func(h *pb.Host, _ int64) bool { return h.GetZone() == "internal" || h.GetZone() == "data" },
		func(h *pb.Host, _ int64) bool {
			a := h.GetIpsec().GetDefaultAction()
			return h.GetIpsec().GetEnabled() && (a == "require" || a == "block")
		},
	},
	{func(h *pb.Host, _ int64) bool { return h.GetIpsec().GetEnabled() }, plainIpsecEncrypts},
	{nil, plainNoSharedKey},
	{nil, plainNotOpen},
	{nil, plainPortsOfRole},
	{nil, plainNotClear},
	{nil, plainUDPFew},
	{nil, plainProcesses},
	{nil, plainStatic},
	{nil, plainSegment},
	{nil, func(h *pb.Host, _ int64) bool { return slices.Contains(roleZones[h.GetLabels()["role"]], h.GetZone()) }},
	{nil, func(h *pb.Host, _ int64) bool { return companyName.MatchString(h.GetFqdn()) }},
	{nil, func(h *pb.Host, at int64) bool { return micros(h.GetOs().GetPatchedTime()) > at-patchAge }},
	{nil, func(h *pb.Host, _ int64) bool {
		return micros(h.GetOs().GetPatchedTime()) >= micros(h.GetOs().GetNewestPatchTime())
	}},
	{nil, func(h *pb.Host, _ int64) bool { return h.GetOs().GetOpenAlerts() <= maxAlerts[h.GetCriticality()] }},
	{nil, func(h *pb.Host, at int64) bool { return at < endOfSupport[h.GetOs().GetName()] }},
	{nil, func(h *pb.Host, _ int64) bool { return strings.HasPrefix(h.GetOs().GetHardeningPolicy(), "baseline-") }},
	{
		func(h *pb.Host, _ int64) bool {
			return h.GetCriticality() == "high" || h.GetCriticality() == "critical"
		},
		func(h *pb.Host, _ int64) bool { return h.GetOs().GetMinimalInstallation() },
	},
	{
		func(h *pb.Host, _ int64) bool { return h.GetOs().GetFamily() == "windows" },
		func(h *pb.Host, _ int64) bool {
			return strings.HasPrefix(h.GetOs().GetVersion(), "10.") || h.GetOs().GetVersion() == "6.3.9600"
		},
	},
	{
		func(h *pb.Host, _ int64) bool { return h.GetOs().GetFamily() == "linux" },
		func(h *pb.Host, _ int64) bool { return !strings.Contains(h.GetOs().GetKernel(), "-rc") },
	},
	{nil, func(h *pb.Host, _ int64) bool { return h.GetRemoteLogging() }},
	{nil, func(h *pb.Host, _ int64) bool { return h.GetFileIntegrity().GetEnabled() }},
	{
		func(h *pb.Host, _ int64) bool { return h.GetFileIntegrity().GetEnabled() },
		func(h *pb.Host, at int64) bool { return micros(h.GetFileIntegrity().GetCheckedTime()) > at-checkAge },
	},
	{nil, func(h *pb.Host, _ int64) bool {
		return h.GetTimeSync().GetEnabled() && len(h.GetTimeSync().GetServers()) >= 2
	}},
	{nil, plainTimeServers},
	{nil, func(h *pb.Host, at int64) bool { return micros(h.GetTimeSync().GetSynchronizedTime()) > at-syncAge }},
	{nil, plainVolumeKind},
	{nil, plainVolumeEncrypted},
	{nil, plainVolumeRoot},
	{nil, plainVolumeOptions},
	{nil, plainSharesAdmin},
	{nil, plainSharesSystem},
	{nil, plainForbidden},
	{nil, plainAgent},
	{nil, plainVendor},
	{nil, plainAccounts},
	{nil, plainNeeded},
	{nil, plainDisabled},
	{nil, plainAudit},
	{nil, plainAdmins},
	{nil, plainEveryone},
	{nil, plainGuest},
	{nil, plainDomain},
	{nil, func(h *pb.Host, _ int64) bool { return h.GetSettings()["lm_compatibility"] == "5" }},
	{nil, func(h *pb.Host, _ int64) bool {
		return h.GetSettings()["restrict_anonymous"] == "1" && h.GetSettings()["no_lm_hash"] == "1"
	}},
	{nil, plainLogSize},
	{nil, func(h *pb.Host, _ int64) bool { return h.GetVirtual() || strings.HasPrefix(h.GetRack(), "rack-") }},
	{nil, func(h *pb.Host, _ int64) bool {
		t := h.GetLabels()["tier"]
		return t == "gold" || t == "silver" || t == "bronze"
	}},
	{nil, plainDatabaseAlone},
	{nil, plainComponentAccount},
	{nil, plainComponentVersion},
	{nil, plainSQL},
	{nil, plainBurnIn},
	{nil, plainTLS},
	{nil, plainCertificate},
	{nil, plainKey},
	{nil, plainCiphers},
	{nil, plainSensitive},
}
