package intake

import (
	"strings"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// texture says which texts are placeholders in a field.
type texture uint8

const (
	plain    texture = iota // any text
	setting                 // a product's setting
	hardware                // an identity that a maker or hypervisor gives
	naming                  // a name in a network
)

// Fields that identify a host, which is where placeholders do most harm.
var identities = func() map[*shape.Field]texture {
	host, address := shape.Of(&pb.Host{}), shape.Of(&pb.Address{})
	return map[*shape.Field]texture{
		host.Field("serial_number"): hardware,
		host.Field("uuid"):          hardware,
		host.Field("asset_tag"):     hardware,
		address.Field("mac"):        hardware,
		host.Field("fqdn"):          naming,
		host.Field("names"):         naming,
	}
}()

// textureOf says what a field's texts are.
func textureOf(f *shape.Field) texture {
	if f.Name == "settings" {
		return setting
	}
	return identities[f]
}

// setOf makes a set of texts in lower case.
func setOf(list ...string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}

var (
	// notKnown says of any field that its value is not known. Plain "null" is not
	// among them: it is also a cipher's strength.
	notKnown = setOf("n/a", "#n/a", "unknown", "<unknown>", "(unknown)", "(null)", "<null>", "nil", "nan",
		"undefined", "unspecified", "not specified", "not available", "not known", "not set", "no data", "tbd",
		"to be filled by o.e.m.", "to be filled by oem", "-", "--", "?")

	// noHardware is what firmware says where nobody has set an identity.
	noHardware = setOf("na", "null", "none", "(none)", "no", "not applicable", "default string", "default", "empty", "oem", "o.e.m.",
		"system serial number", "base board serial number", "chassis serial number", "system product name",
		"asset tag", "asset-1234567890", "no asset tag", "no asset information", "no serial number", "serial number",
		"invalid", "bad index", "not settable", "not present", "no enclosure", "unknow", "virtual machine", "vm",
		"123456789", "0123456789", "1234567890", "12345678", "123456", "1234567",
		// UUIDs that boards ship with until somebody sets one.
		"03000200-0400-0500-0006-000700080009", "12345678-1234-5678-90ab-cddeefaabbcc",
		"00020003-0004-0005-0006-000700080009")

	// noName is what a machine calls itself before somebody names it.
	noName = setOf("na", "null", "none", "(none)", "not applicable", "vm", "host", "hostname", "default", "template", "localdomain",
		"localhost", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback", "loopback", "broadcasthost")
)

// longest is the length of the longest placeholder: longer texts need no look.
const longest = 40

// isPlaceholder says whether a trimmed text stands for "not known".
func isPlaceholder(s string, kind texture) bool {
	if s == "" {
		return true
	}
	if kind == setting || len(s) > longest {
		return kind == naming && isLocalhost(strings.ToLower(s))
	}
	var buf [longest]byte
	low := lower(buf[:0], s)
	switch {
	case notKnown[string(low)]:
		return true
	case kind == hardware:
		return noHardware[string(low)] || oneSign(low)
	case kind == naming:
		return noName[string(low)] || isLocalhost(string(low))
	}
	return false
}

// lower is s in lower case as far as ASCII goes, without an allocation.
func lower(buf []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}

// isLocalhost takes localhost.localdomain, localhost.local and whatever else is
// put behind it: the first label decides what a machine is called.
func isLocalhost(low string) bool {
	label, _, _ := strings.Cut(low, ".")
	return label == "localhost" || label == "localhost4" || label == "localhost6"
}

// oneSign says whether a text is one sign over and over, apart from separators:
// 0, 00000000, ffffffff-ffff-…, 00:00:00:00:00:00, xxxx, "....". Other signs than
// those that stand for nothing must come often: an asset may well be number 11.
func oneSign(low []byte) bool {
	var sign byte
	n := 0
	for _, c := range low {
		switch {
		case strings.IndexByte("-:. _{}", c) >= 0:
			continue
		case sign == 0:
			sign = c
		case sign != c:
			return false
		}
		n++
	}
	return n == 0 || n >= 6 || strings.IndexByte("0fx*#", sign) >= 0
}
