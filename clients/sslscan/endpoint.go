package sslscan

import (
	"slices"
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/proto"
)

// strengths are the words for a cipher's strength that the model knows.
var strengths = []string{"null", "anonymous", "weak", "medium", "acceptable", "strong"}

// tls turns a scan into an endpoint's TLS; nil if the scan saw none.
func (s *scan) tls() *pb.Tls {
	offered := s.offered()
	cert := s.served()
	if len(offered) == 0 && len(s.ciphers) == 0 && cert == nil {
		return nil
	}
	t := &pb.Tls{Enabled: proto.Bool(true), Versions: offered, Certificate: cert, Compression: s.compression}
	if !s.versionsWhole() && len(offered) > 0 {
		t.Partial = append(t.Partial, "versions")
	}
	s.addCiphers(t, offered)
	s.addGroups(t, offered)
	if len(s.authorities) > 0 {
		t.TrustedAuthorities = unique(s.authorities)
	}
	// "Not supported" is also what a failed connection looks like.
	if r := s.renegotiation; r != nil && (r.supported || r.secure) {
		t.SecureRenegotiation = proto.Bool(r.secure)
	}
	t.Heartbleed = s.leaks(offered)
	return t
}

func (s *scan) addCiphers(t *pb.Tls, offered []string) {
	whole := s.versionsWhole()
	for _, v := range offered {
		whole = whole && slices.ContainsFunc(s.ciphers, func(c cipher) bool { return c.version == v })
	}
	byName := map[string]*pb.Cipher{}
	for _, c := range s.ciphers {
		m := byName[c.name]
		if m == nil {
			m = &pb.Cipher{Name: c.name, Bits: c.bits}
			if slices.Contains(strengths, c.strength) {
				m.Strength = proto.String(c.strength)
			}
			byName[c.name] = m
			t.Ciphers = append(t.Ciphers, m)
		}
		if c.version != "" && !slices.Contains(m.Versions, c.version) {
			m.Versions = append(m.Versions, c.version)
		}
	}
	for _, m := range t.Ciphers {
		slices.Sort(m.Versions)
		if !whole && len(m.Versions) > 0 {
			m.Partial = []string{"versions"}
		}
	}
	if !whole && len(t.Ciphers) > 0 {
		t.Partial = append(t.Partial, "ciphers")
	}
}

func (s *scan) addGroups(t *pb.Tls, offered []string) {
	var names []string
	for _, g := range s.groups {
		names = append(names, g.name)
	}
	t.Groups = unique(names)
	listed := func(v string) bool {
		return slices.ContainsFunc(s.groups, func(g group) bool { return g.version == v })
	}
	whole := s.versionsWhole()
	if older := slices.DeleteFunc(slices.Clone(offered), func(v string) bool { return v == "TLSv1.3" }); len(older) > 0 {
		whole = whole && listed(older[len(older)-1])
	}
	if slices.Contains(offered, "TLSv1.3") {
		whole = whole && listed("TLSv1.3")
	}
	if !whole && len(t.Groups) > 0 {
		t.Partial = append(t.Partial, "groups")
	}
}

// leaks says whether the endpoint leaks memory to a heartbeat: yes as soon as
// one version does, no only if every TLS version that is offered was tried.
func (s *scan) leaks(offered []string) *bool {
	for _, leak := range s.heartbleed {
		if leak {
			return proto.Bool(true)
		}
	}
	tried := 0
	for _, v := range versionNames {
		if !strings.HasPrefix(v, "TLS") {
			continue
		}
		if _, answered := s.protocols[v]; !answered {
			return nil
		}
		if slices.Contains(offered, v) {
			if _, ok := s.heartbleed[v]; !ok {
				return nil
			}
			tried++
		}
	}
	if tried == 0 {
		return nil
	}
	return proto.Bool(false)
}

// unique keeps the first of equal texts.
func unique(in []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
