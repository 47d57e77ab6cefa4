package sslscan

import (
	"os"
	"path/filepath"
	"testing"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// samples is the folder with real scans of a weak and a strong nginx. It stands
// beside the repository and is not part of it.
var samples = filepath.Join("..", "..", "..", "shared", "samples", "tls")

func sample(t *testing.T, name string) *pb.Tls {
	t.Helper()
	f, err := os.Open(filepath.Join(samples, name))
	if err != nil {
		t.Skipf("the real scans are not here: %v", err)
	}
	defer f.Close()
	c := NewCollector(Config{Resolve: func(string, int32) (Target, error) { return Target{Host: "web1"}, nil }})
	if err := c.Read(f); err != nil {
		t.Fatal(err)
	}
	hosts := c.Hosts()
	if len(hosts) != 1 || len(hosts[0].Endpoints) != 1 || len(c.Warnings()) != 0 {
		t.Fatalf("hosts %v, warnings %v", hosts, c.Warnings())
	}
	return hosts[0].Endpoints[0].Tls
}

func TestWeakSample(t *testing.T) {
	tls := sample(t, "sslscan-18443.xml")
	strength := map[string]int{}
	for _, c := range tls.Ciphers {
		strength[c.GetStrength()]++
		if len(c.Partial) > 0 {
			t.Errorf("%s: versions are partial", c.Name)
		}
	}
	check := func(what string, ok bool) {
		t.Helper()
		if !ok {
			t.Errorf("%s: %v", what, tls)
		}
	}
	check("versions", len(tls.Versions) == 3 && tls.Versions[0] == "TLSv1.0" && tls.Versions[2] == "TLSv1.2")
	check("whole lists", len(tls.Partial) == 0 && len(tls.ReportedEmpty) == 0)
	check("29 ciphers, 2 without a certificate", len(tls.Ciphers) == 29 && strength["anonymous"] == 2)
	check("5 groups", len(tls.Groups) == 5 && tls.Groups[0] == "secp256r1")
	check("renegotiation", tls.SecureRenegotiation != nil && *tls.SecureRenegotiation)
	check("heartbleed", tls.Heartbleed != nil && !*tls.Heartbleed)
	check("compression is not known", tls.Compression == nil)
	c := tls.Certificate
	check("key", c.GetKeyType() == "RSA" && c.GetKeyBits() == 1024 && c.GetSignatureAlgorithm() == "sha1WithRSAEncryption")
	check("self-signed", c.SelfSigned != nil && *c.SelfSigned)
	check("no names", len(c.Names) == 0 && len(c.ReportedEmpty) == 1)
	check("validity", c.NotAfter.AsTime().Format("2006-01-02T15:04:05") == "2036-11-19T01:56:00")
}

func TestStrongSample(t *testing.T) {
	tls := sample(t, "sslscan-18444.xml")
	if len(tls.Versions) != 2 || len(tls.Ciphers) != 6 || len(tls.Groups) != 10 || len(tls.Partial) != 0 {
		t.Errorf("versions %v, %d ciphers, groups %v, partial %v", tls.Versions, len(tls.Ciphers), tls.Groups, tls.Partial)
	}
	if tls.SecureRenegotiation != nil {
		t.Error("renegotiation that the scanner did not see is reported")
	}
	if n := tls.Certificate.Names; len(n) != 2 || n[0] != "localhost" || n[1] != "127.0.0.1" {
		t.Errorf("names %v", n)
	}
}
