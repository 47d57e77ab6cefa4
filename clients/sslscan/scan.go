package sslscan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// versionNames are the protocol versions in the model's spelling, oldest first.
var versionNames = []string{"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}

// scan is what one <ssltest> said.
type scan struct {
	address string
	sni     string
	port    int32
	// program is the scanner's version, such as "2.0.7".
	program string
	// protocols holds an answer for each version that was asked for.
	protocols     map[string]bool
	ciphers       []cipher
	groups        []group
	heartbleed    map[string]bool
	renegotiation *renegotiation
	compression   *bool
	certificates  []*certificate
	authorities   []string
	errors        []string
}

type cipher struct {
	name, version, strength string
	bits                    *int32
}

type group struct{ name, version string }

type renegotiation struct{ supported, secure bool }

func newScan(a attrs, program string) (*scan, error) {
	port, err := strconv.ParseUint(a["port"], 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("<ssltest> has no port from 1 to 65535, but %q", a["port"])
	}
	if a["host"] == "" {
		return nil, fmt.Errorf("<ssltest> names no host")
	}
	return &scan{
		address: a["host"], sni: a["sniname"], port: int32(port), program: program,
		protocols: map[string]bool{}, heartbleed: map[string]bool{},
	}, nil
}

// begin takes what the attributes of an element inside the scan say.
func (s *scan) begin(name string, a attrs, most int) error {
	switch name {
	case "protocol":
		if v := protocolVersion(a["type"], a["version"]); v != "" && isFlag(a["enabled"]) {
			s.protocols[v] = a["enabled"] == "1"
		}
	case "renegotiation":
		if isFlag(a["supported"]) && isFlag(a["secure"]) {
			s.renegotiation = &renegotiation{a["supported"] == "1", a["secure"] == "1"}
		}
	case "compression":
		// The value is the compression method's number; zero is none.
		if n, err := strconv.Atoi(a["supported"]); err == nil {
			on := n != 0
			s.compression = &on
		}
	case "heartbleed":
		if v := version(a["sslversion"]); v != "" && isFlag(a["vulnerable"]) {
			s.heartbleed[v] = s.heartbleed[v] || a["vulnerable"] == "1"
		}
	case "cipher":
		return s.addCipher(a, most)
	case "group":
		if len(s.groups) >= most {
			return fmt.Errorf("more than %d groups in one scan", most)
		}
		// "secp256r1 (NIST P-256)": the words in brackets only explain.
		g, _, _ := strings.Cut(a["name"], " ")
		if g != "" {
			s.groups = append(s.groups, group{g, version(a["sslversion"])})
		}
	case "certificate":
		s.certificates = append(s.certificates, &certificate{kind: a["type"]})
		if len(s.certificates) > 64 {
			return fmt.Errorf("more than 64 certificates in one scan")
		}
	case "pk":
		if c := s.lastCertificate(); c != nil {
			c.key(a)
		}
	}
	return nil
}

func (s *scan) addCipher(a attrs, most int) error {
	// Old versions list refused ciphers too.
	if a["status"] != "accepted" && a["status"] != "preferred" {
		return nil
	}
	if len(s.ciphers) >= most {
		return fmt.Errorf("more than %d ciphers in one scan", most)
	}
	c := cipher{name: a["cipher"], version: version(a["sslversion"]), strength: strings.ToLower(a["strength"])}
	if c.name == "" || len(c.name) > 128 {
		return fmt.Errorf("a cipher with a name of %d bytes", len(c.name))
	}
	if n, err := strconv.ParseUint(a["bits"], 10, 16); err == nil {
		bits := int32(n)
		c.bits = &bits
	}
	s.ciphers = append(s.ciphers, c)
	return nil
}

// end takes the text of an element inside the scan.
func (s *scan) end(name, text string) {
	switch name {
	case "error":
		s.errors = append(s.errors, text)
	case "ca":
		if text != "" && len(s.authorities) < 4096 {
			s.authorities = append(s.authorities, text)
		}
	default:
		if c := s.lastCertificate(); c != nil {
			c.field(name, text)
		}
	}
}

func (s *scan) lastCertificate() *certificate {
	if len(s.certificates) == 0 {
		return nil
	}
	return s.certificates[len(s.certificates)-1]
}

// offered says which versions the endpoint offers, oldest first: those said to
// be enabled, and those with which a cipher was accepted.
func (s *scan) offered() []string {
	var out []string
	for _, v := range versionNames {
		if s.protocols[v] || slices.ContainsFunc(s.ciphers, func(c cipher) bool { return c.version == v }) {
			out = append(out, v)
		}
	}
	return out
}

// versionsWhole says whether every version was answered.
func (s *scan) versionsWhole() bool {
	return len(s.errors) == 0 && len(s.protocols) == len(versionNames)
}

func protocolVersion(kind, number string) string {
	switch strings.ToLower(kind) {
	case "ssl":
		return version("SSLv" + number)
	case "tls":
		return version("TLSv" + number)
	}
	return ""
}

// version gives a version in the model's spelling; empty if it is none. sslscan
// before 1.10.1 wrote "TLSv1" for 1.0.
func version(s string) string {
	if s == "TLSv1" {
		s = "TLSv1.0"
	}
	if slices.Contains(versionNames, s) {
		return s
	}
	return ""
}

func isFlag(s string) bool { return s == "0" || s == "1" }
