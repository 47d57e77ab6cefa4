package intake

import (
	"encoding/hex"
	"slices"
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The names of strong keys, as match rules of a policy write them.
const (
	SerialNumber = "serial_number"
	UUID         = "uuid"
	AssetTag     = "asset_tag"
	FQDN         = "fqdn"
	MAC          = "mac"
)

// StrongKeys are the keys by which a host may be recognized under another id,
// by name: each value in one spelling, sorted, none twice. A host has several
// MAC addresses. None is a placeholder, and none identifies a host alone: serial
// numbers repeat, disks are cloned, boards are replaced.
func StrongKeys(h *pb.Host) map[string][]string {
	keys := map[string][]string{}
	add := func(name, value string) {
		if value != "" {
			keys[name] = append(keys[name], value)
		}
	}
	add(SerialNumber, strongText(h.GetSerialNumber()))
	add(AssetTag, strongText(h.GetAssetTag()))
	add(UUID, strongUUID(h.GetUuid()))
	add(FQDN, strongName(h.GetFqdn()))
	for _, a := range h.GetAddresses() {
		add(MAC, strongMAC(a.GetMac()))
	}
	for name, values := range keys {
		slices.Sort(values)
		keys[name] = slices.Compact(values)
	}
	return keys
}

// What stands between the digits of a UUID and of a MAC address.
var (
	uuidSigns = strings.NewReplacer("-", "", "{", "", "}", "")
	macSigns  = strings.NewReplacer(":", "", "-", "", ".", "")
)

// strongText is a text in one case, or nothing where it is a placeholder.
func strongText(s string) string {
	s = strings.TrimSpace(s)
	if isPlaceholder(s, hardware) {
		return ""
	}
	return strings.ToLower(s)
}

// strongUUID is 32 hexadecimal digits, or nothing.
func strongUUID(s string) string {
	s = strongText(s)
	digits := uuidSigns.Replace(s)
	if raw, err := hex.DecodeString(digits); err != nil || len(raw) != 16 {
		return ""
	}
	return digits
}

// strongName is a domain name in lower case without the root's dot. A name
// without a domain is not fully qualified: every site has its "web1".
func strongName(s string) string {
	s = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), ".")
	if !strings.Contains(s, ".") || isPlaceholder(s, naming) {
		return ""
	}
	return s
}

// Addresses that several hosts share by design: those of virtual routers (VRRP,
// RFC 9568 section 7.3; HSRP).
var sharedMACs = []string{"00005e0001", "00005e0002", "00000c07ac", "00000c9ff"}

// strongMAC is 12 hexadecimal digits, or nothing where the address is no
// interface's own.
func strongMAC(s string) string {
	s = strongText(s)
	digits := macSigns.Replace(s)
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != 6 || raw[0]&1 != 0 { // the lowest bit is set in group addresses
		return ""
	}
	for _, prefix := range sharedMACs {
		if strings.HasPrefix(digits, prefix) {
			return ""
		}
	}
	return digits
}
