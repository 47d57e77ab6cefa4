package sslscan

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/testing/protocmp"
)

// collect reads files of testdata with one collector.
func collect(t *testing.T, c Config, files ...string) *Collector {
	t.Helper()
	col := NewCollector(c)
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join("testdata", f))
		if err != nil {
			t.Fatal(err)
		}
		if err := col.Read(bytes.NewReader(data)); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
	}
	return col
}

// want compares hosts with their JSON.
func want(t *testing.T, got []*pb.Host, json ...string) {
	t.Helper()
	var hosts []*pb.Host
	for _, j := range json {
		h := &pb.Host{}
		if err := protojson.Unmarshal([]byte(j), h); err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, h)
	}
	if d := cmp.Diff(hosts, got, protocmp.Transform()); d != "" {
		t.Errorf("hosts (-want +got):\n%s", d)
	}
}

// TestFailedScanIsAbsent shows that what could not be seen is not reported, and
// above all not as empty.
func TestFailedScanIsAbsent(t *testing.T) {
	for file, words := range map[string]string{
		"unreachable.xml": "Connection refused", "silent.xml": "nothing answered",
	} {
		c := collect(t, Config{}, file)
		if n := len(c.Hosts()); n != 0 {
			t.Errorf("%s: %d hosts reported", file, n)
		}
		if w := c.Warnings(); len(w) != 1 || !strings.Contains(w[0].String(), words) {
			t.Errorf("%s: warnings %v, want one with %q", file, w, words)
		}
	}
}

func TestInterruptedScanIsPartial(t *testing.T) {
	c := collect(t, Config{}, "interrupted.xml")
	want(t, c.Hosts(), `{"id": "web1.example", "partial": ["endpoints"], "endpoints": [{
		"id": "443", "address": "portal.example", "port": 443, "tls": {
			"enabled": true, "versions": ["SSLv3", "TLSv1.0", "TLSv1.2"], "secureRenegotiation": false, "compression": true,
			"ciphers": [{"name": "AES128-SHA", "bits": 128, "strength": "acceptable", "versions": ["TLSv1.2"], "partial": ["versions"]}],
			"partial": ["versions", "ciphers"]}}]}`)
}

func TestScanOfTLSOnly(t *testing.T) {
	c := collect(t, Config{}, "tls-only.xml")
	want(t, c.Hosts(), `{"id": "192.0.2.7", "partial": ["endpoints"], "endpoints": [{
		"id": "636", "address": "192.0.2.7", "port": 636, "tls": {
			"enabled": true, "versions": ["TLSv1.2", "TLSv1.3"], "secureRenegotiation": true, "compression": false, "heartbleed": true,
			"ciphers": [
				{"name": "TLS_AES_256_GCM_SHA384", "bits": 256, "strength": "strong", "versions": ["TLSv1.3"], "partial": ["versions"]},
				{"name": "ECDHE-ECDSA-AES256-GCM-SHA384", "bits": 256, "strength": "strong", "versions": ["TLSv1.2"], "partial": ["versions"]}],
			"groups": ["x25519"], "trustedAuthorities": ["/C=DE/O=Example/CN=Example Client CA"],
			"certificate": {"subject": "ldap.example", "issuer": "192.0.2.7", "names": ["ldap.example", "192.0.2.7"],
				"notBefore": "2026-01-05T08:00:00Z", "notAfter": "2026-04-05T08:00:00Z",
				"keyType": "ECDSA", "keyBits": 256, "signatureAlgorithm": "ecdsa-with-SHA256"},
			"partial": ["versions", "ciphers", "groups"]}}]}`)
}

// TestOldVersion reads 1.11, which lists no protocols: what ciphers were
// accepted with is offered, and nothing is known of the rest.
func TestOldVersion(t *testing.T) {
	c := collect(t, Config{}, "version-1.11.xml")
	want(t, c.Hosts(), `{"id": "mail.example", "partial": ["endpoints"], "endpoints": [{
		"id": "993", "address": "mail.example", "port": 993, "tls": {
			"enabled": true, "versions": ["TLSv1.0", "TLSv1.2"], "secureRenegotiation": true, "compression": false,
			"ciphers": [
				{"name": "ECDHE-RSA-AES128-GCM-SHA256", "bits": 128, "versions": ["TLSv1.2"], "partial": ["versions"]},
				{"name": "DES-CBC3-SHA", "bits": 112, "versions": ["TLSv1.0"], "partial": ["versions"]}],
			"certificate": {"subject": "mail.example", "issuer": "Example CA", "selfSigned": false,
				"notBefore": "2019-01-05T08:00:00Z", "notAfter": "2029-04-05T08:00:00Z",
				"keyType": "RSA", "keyBits": 2048, "signatureAlgorithm": "sha1WithRSAEncryption"},
			"partial": ["versions", "ciphers"]}}]}`)
}

func TestResolve(t *testing.T) {
	resolve := func(address string, _ int32) (Target, error) {
		switch address {
		case "web1.example":
			return ParseTarget("web1/portal")
		case "mail.example":
			return ParseTarget("mail1")
		}
		return Target{Host: "not a host id"}, nil
	}
	c := collect(t, Config{Resolve: resolve}, "version-1.11.xml", "interrupted.xml", "tls-only.xml", "version-1.11.xml")
	var ids []string
	for _, h := range c.Hosts() {
		for _, e := range h.Endpoints {
			ids = append(ids, h.Id+"/"+e.Id)
			if (e.Port == nil) != (e.Id == "portal") {
				t.Errorf("%s: port %v: it is left out only where the endpoint is named", e.Id, e.Port)
			}
		}
	}
	if d := cmp.Diff([]string{"mail1/993", "web1/portal"}, ids); d != "" {
		t.Error(d)
	}
	text := ""
	for _, w := range c.Warnings() {
		text += w.String() + "\n"
	}
	for _, words := range []string{`192.0.2.7:636: left out: "not a host id"`, `mail.example:993: endpoint "993" of host "mail1" was scanned before`} {
		if !strings.Contains(text, words) {
			t.Errorf("no warning %q in:\n%s", words, text)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for _, s := range []string{"", "/443", "web1/", "web1/a/b", "web 1", "web1/a\nb"} {
		if got, err := ParseTarget(s); err == nil {
			t.Errorf("%q: taken as %+v", s, got)
		}
	}
}
