package loadgen

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// listeners are a role's TLS listeners.
var listeners = map[string][]struct {
	port              int32
	protocol, purpose string
}{
	"web":            {{443, "https", "content"}},
	"application":    {{8443, "https", "orders"}},
	"database":       {{5432, "postgresql", "database"}},
	"infrastructure": {{6514, "syslog", "logs"}},
}

// listen says where the host answers, and how, unless that is the scanner's to say.
func (m *machine) listen(h *pb.Host, at time.Time) {
	d := m.d
	for _, l := range listeners[m.role] {
		e := &pb.Endpoint{
			Id: fmt.Sprint(l.port), Address: h.Fqdn, Port: ptr(l.port), Protocol: ptr(l.protocol), Purpose: ptr(l.purpose), Component: ptr(roles[m.role].product),
			Authentication: []string{pick(d, "kerberos", "certificate", "certificate", "forms")}, Sensitivity: ptr(pick(d, "internal", "sensitive")),
			RedirectsToTls: ptr(d.likely(0.9)), Exposed: ptr(m.role == "web"), ReportedEmpty: []string{"populations", "pages"},
		}
		if l.protocol == "https" {
			e.HstsMaxAge = durationpb.New(pick(d, 730*day, 730*day, 730*day, 365*day, 0))
		}
		if !m.s.scanned {
			m.answer(e, l.port, at)
		}
		h.Endpoints = append(h.Endpoints, e)
	}
}

// scan is what the scanner says of a host at an instant; nil where nothing
// answers. It knows nothing of listeners that it did not try.
func (f *Fleet) scan(s *system, number int, at time.Time) *pb.Host {
	m := f.machine(s, number)
	h := &pb.Host{Id: m.id(), Partial: []string{"endpoints"}}
	for _, l := range listeners[m.role] {
		e := &pb.Endpoint{Id: fmt.Sprint(l.port), Address: ptr(h.Id + ".corp.example"), Port: ptr(l.port), Protocol: ptr(l.protocol)}
		m.answer(e, l.port, at)
		h.Endpoints = append(h.Endpoints, e)
	}
	if len(h.Endpoints) == 0 {
		return nil
	}
	return h
}

var (
	goodCiphers = []string{"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES256-GCM-SHA384"}
	weakCiphers = []string{"ECDHE-RSA-AES256-SHA", "AES128-SHA", "DES-CBC3-SHA"}
)

// answer is what a handshake with a listener shows. Its draws are the
// listener's own, so that both sources see the same.
func (m *machine) answer(e *pb.Endpoint, port int32, at time.Time) {
	d := drawFor(m.f.cfg.Seed, ofListener, uint64(m.s.number), uint64(m.number), uint64(port))
	weak := d.likely(m.f.cfg.Faults.WeakTLS)
	t := &pb.Tls{
		Enabled: ptr(true), Versions: []string{"TLSv1.2", "TLSv1.3"}, ClientCertificate: ptr("none"), SecureRenegotiation: ptr(true),
		Heartbleed: ptr(false), Compression: ptr(false), Groups: []string{"x25519", "secp256r1"},
	}
	if d.likely(0.3) {
		t.Groups = append(t.Groups, "x25519mlkem768")
	}
	cipher := func(name string, bits int32, strength string) {
		t.Ciphers = append(t.Ciphers, &pb.Cipher{Name: name, Bits: &bits, Strength: &strength})
	}
	for _, name := range goodCiphers {
		cipher(name, 256, "strong")
	}
	if weak {
		t.Versions = []string{"TLSv1.0", "TLSv1.1", "TLSv1.2"}
		for i := range 1 + d.below(len(weakCiphers)) {
			cipher(weakCiphers[i], []int32{256, 128, 112}[i], "weak")
		}
	}
	t.Certificate = m.certificate(d, e.GetAddress(), at)
	e.Tls = t
	e.Facts = map[string]*pb.FactValue{"ocsp_responder_named": boolFact(false)}
}

func (m *machine) certificate(d *draw, name string, at time.Time) *pb.Certificate {
	renewals := m.f.certificates(d)
	from, until, n := renewals.at(at)
	key, bits, signature := "RSA", int32(2048), "sha256WithRSAEncryption"
	if d.likely(0.35) {
		key, bits, signature = "ECDSA", 256, "ecdsa-with-SHA256"
	}
	if d.likely(m.f.cfg.Faults.WeakCertificate) {
		key, bits, signature = "RSA", 1024, "sha1WithRSAEncryption"
	}
	serial := drawFor(d.next(), uint64(n))
	return &pb.Certificate{
		Subject: ptr("CN=" + name), Issuer: ptr("CN=" + authority), Names: []string{name}, NotBefore: stamp(from), NotAfter: stamp(until),
		KeyType: &key, KeyBits: &bits, SignatureAlgorithm: &signature, SelfSigned: ptr(false), Trusted: ptr(true), Revoked: ptr(false),
		Fingerprint: ptr(fmt.Sprintf("%016x%016x", serial.next(), serial.next())),
	}
}
