package sslscan

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// certificate is what one <certificate> said, in the scanner's words.
type certificate struct {
	// kind is "short" or, with --show-certificate, "full".
	kind                string
	blob                string
	subject, issuer     string
	altNames            *string
	signature           string
	notBefore, notAfter string
	selfSigned          string
	keyType             string
	keyBits             *int32
}

// curveBits are the key lengths of the curves that OpenSSL calls so. sslscan
// writes half the length for elliptic curves, the strength in bits.
var curveBits = map[string]int32{
	"prime192v1": 192, "secp224r1": 224, "prime256v1": 256, "secp256k1": 256, "secp384r1": 384, "secp521r1": 521,
	"brainpoolP256r1": 256, "brainpoolP384r1": 384, "brainpoolP512r1": 512,
}

// key takes a <pk>.
func (c *certificate) key(a attrs) {
	if a["error"] == "true" || a["type"] == "" {
		return
	}
	c.keyType = strings.ToUpper(a["type"])
	if c.keyType == "EC" {
		c.keyType = "ECDSA"
		if bits, ok := curveBits[a["curve_name"]]; ok {
			c.keyBits = &bits
		}
		return
	}
	if n, err := strconv.ParseUint(a["bits"], 10, 20); err == nil && n > 0 {
		bits := int32(n)
		c.keyBits = &bits
	}
}

// field takes an element with text.
func (c *certificate) field(name, text string) {
	switch name {
	case "certificate-blob":
		c.blob = text
	case "signature-algorithm":
		// With --show-certificate a label and the signature's bytes stand around it.
		line, _, _ := strings.Cut(strings.TrimPrefix(text, "Signature Algorithm:"), "\n")
		c.signature = strings.TrimSpace(line)
	case "subject":
		c.subject = text
	case "issuer":
		c.issuer = text
	case "altnames":
		c.altNames = &text
	case "self-signed":
		c.selfSigned = text
	case "not-valid-before":
		c.notBefore = text
	case "not-valid-after":
		c.notAfter = text
	}
}

// served gives the certificate that the endpoint serves; nil if none was read.
// A full one comes first, since its bytes are there; of a chain that is the
// endpoint's own, which stands first.
func (s *scan) served() *pb.Certificate {
	for _, c := range s.certificates {
		if m := parseBlob(c.blob); m != nil {
			return m
		}
	}
	for _, kind := range []string{"short", "full", ""} {
		for _, c := range s.certificates {
			if c.kind == kind {
				if m := c.message(s.program); m != nil {
					return m
				}
			}
		}
	}
	return nil
}

// several says whether the scan saw more than one certificate of the endpoint's
// own, such as one with RSA and one with an elliptic curve.
func (s *scan) several() bool {
	first := -1
	for i, c := range s.certificates {
		if c.kind != "short" || c.subject == "" {
			continue
		}
		if first < 0 {
			first = i
		} else if f := s.certificates[first]; f.keyType != c.keyType || f.subject != c.subject || f.notAfter != c.notAfter {
			return true
		}
	}
	return false
}

// message turns the scanner's words into a certificate; nil if it could not be
// read ("Unable to parse certificate" leaves the element bare).
func (c *certificate) message(program string) *pb.Certificate {
	if c.subject == "" && c.notAfter == "" {
		return nil
	}
	m := &pb.Certificate{
		Subject: text(c.subject), Issuer: text(c.issuer), SignatureAlgorithm: text(c.signature), KeyType: text(c.keyType),
		KeyBits: c.keyBits, NotBefore: instant(c.notBefore), NotAfter: instant(c.notAfter),
	}
	switch {
	case c.selfSigned == "false":
		m.SelfSigned = proto.Bool(false)
	case c.selfSigned == "true" && c.subject == c.issuer:
		m.SelfSigned = proto.Bool(true)
	}
	switch {
	case c.altNames != nil:
		var whole bool
		m.Names, whole = alternativeNames(*c.altNames)
		switch {
		case !whole && len(m.Names) > 0:
			m.Partial = []string{"names"}
		case whole && len(m.Names) == 0:
			m.ReportedEmpty = []string{"names"}
		}
	case m.NotAfter != nil && c.kind == "short" && major(program) >= 2:
		// Since 2.0 the element is left out only if the certificate has none,
		// and the validity, which stands behind it, shows that it was reached.
		m.ReportedEmpty = []string{"names"}
	}
	return m
}

// alternativeNames reads "DNS:a.example, IP Address:192.0.2.1" and says whether
// each entry was understood. Entries that name no server (email, URI, other) are
// understood and left out.
func alternativeNames(s string) (names []string, whole bool) {
	whole = true
	for part := range strings.SplitSeq(s, ",") {
		kind, name, ok := strings.Cut(strings.TrimSpace(part), ":")
		name = strings.TrimSpace(name)
		switch {
		case ok && name != "" && (kind == "DNS" || kind == "IP Address"):
			if ip := net.ParseIP(name); ip != nil {
				name = ip.String()
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		case ok && slices.Contains([]string{"email", "URI", "othername", "DirName", "Registered ID"}, kind):
		default:
			whole = false
		}
	}
	return names, whole
}

// instant reads a time as OpenSSL prints it: "Nov 22 01:56:00 2026 GMT".
func instant(s string) *timestamppb.Timestamp {
	t, err := time.Parse("Jan _2 15:04:05 2006 GMT", strings.Join(strings.Fields(s), " "))
	if err != nil {
		return nil
	}
	return timestamppb.New(t)
}

func major(program string) int {
	head, _, _ := strings.Cut(program, ".")
	n, err := strconv.Atoi(head)
	if err != nil {
		return 0
	}
	return n
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
