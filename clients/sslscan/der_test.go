package sslscan

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// TestFullCertificate reads what --show-certificate writes: the bytes decide,
// and tell what the scanner's words cannot.
func TestFullCertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "portal.example", Organization: []string{"Example"}},
		NotBefore: start, NotAfter: start.AddDate(1, 0, 0),
		DNSNames: []string{"portal.example", "www.portal.example"}, IPAddresses: []net.IP{net.ParseIP("192.0.2.3")},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	blob := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	c := NewCollector(Config{})
	err = c.Read(strings.NewReader(head + `<certificates>
		<certificate type="full"><certificate-blob>` + "\n" + blob + `</certificate-blob><subject><![CDATA[/CN=x]]></subject></certificate>
		<certificate type="short"><subject>portal.example</subject><pk error="false" type="EC" curve_name="secp384r1" bits="192"/></certificate>
		</certificates>` + tail))
	if err != nil {
		t.Fatal(err)
	}
	got := c.Hosts()[0].Endpoints[0].Tls.Certificate
	sum := sha256.Sum256(der)
	if got.GetFingerprint() != hex.EncodeToString(sum[:]) || got.GetSubject() != "portal.example" || !got.GetSelfSigned() ||
		got.GetKeyType() != "ECDSA" || got.GetKeyBits() != 384 || got.GetSignatureAlgorithm() != "ecdsa-with-SHA384" ||
		strings.Join(got.Names, " ") != "portal.example www.portal.example 192.0.2.3" || !got.NotAfter.AsTime().Equal(start.AddDate(1, 0, 0)) {
		t.Errorf("%v", got)
	}
}

func TestAlternativeNames(t *testing.T) {
	for in, want := range map[string]struct {
		names string
		whole bool
	}{
		"DNS:a.example, DNS:b.example, DNS:a.example": {"a.example b.example", true},
		"IP Address:2001:DB8:0:0:0:0:0:1":             {"2001:db8::1", true},
		"email:x@y.example":                           {"", true},
		"DNS:a.example, something else":               {"a.example", false},
		"":                                            {"", false},
	} {
		names, whole := alternativeNames(in)
		if strings.Join(names, " ") != want.names || whole != want.whole {
			t.Errorf("%q: %v %v", in, names, whole)
		}
	}
}
