package sslscan

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// signatureNames are OpenSSL's names of the signature algorithms that Go reads.
var signatureNames = map[x509.SignatureAlgorithm]string{
	x509.MD2WithRSA: "md2WithRSAEncryption", x509.MD5WithRSA: "md5WithRSAEncryption",
	x509.SHA1WithRSA: "sha1WithRSAEncryption", x509.SHA256WithRSA: "sha256WithRSAEncryption",
	x509.SHA384WithRSA: "sha384WithRSAEncryption", x509.SHA512WithRSA: "sha512WithRSAEncryption",
	x509.SHA256WithRSAPSS: "rsassaPss", x509.SHA384WithRSAPSS: "rsassaPss", x509.SHA512WithRSAPSS: "rsassaPss",
	x509.DSAWithSHA1: "dsaWithSHA1", x509.DSAWithSHA256: "dsa_with_SHA256",
	x509.ECDSAWithSHA1: "ecdsa-with-SHA1", x509.ECDSAWithSHA256: "ecdsa-with-SHA256",
	x509.ECDSAWithSHA384: "ecdsa-with-SHA384", x509.ECDSAWithSHA512: "ecdsa-with-SHA512",
	x509.PureEd25519: "ED25519",
}

// parseBlob reads the certificate's own bytes, which --show-certificate writes;
// nil if there are none or Go refuses them.
func parseBlob(blob string) *pb.Certificate {
	block, _ := pem.Decode([]byte(strings.TrimSpace(blob)))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(c.Raw)
	m := &pb.Certificate{
		Subject: text(commonName(c.Subject.CommonName, c.Subject.String())), Issuer: text(commonName(c.Issuer.CommonName, c.Issuer.String())),
		NotBefore: timestamppb.New(c.NotBefore), NotAfter: timestamppb.New(c.NotAfter),
		SignatureAlgorithm: text(signatureNames[c.SignatureAlgorithm]), Fingerprint: proto.String(hex.EncodeToString(sum[:])),
		Names: c.DNSNames,
	}
	for _, ip := range c.IPAddresses {
		m.Names = append(m.Names, ip.String())
	}
	if m.Names = unique(m.Names); len(m.Names) == 0 {
		m.ReportedEmpty = []string{"names"}
	}
	m.SelfSigned = selfSigned(c)
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		m.KeyType, m.KeyBits = proto.String("RSA"), proto.Int32(int32(k.N.BitLen()))
	case *ecdsa.PublicKey:
		m.KeyType, m.KeyBits = proto.String("ECDSA"), proto.Int32(int32(k.Params().BitSize))
	case ed25519.PublicKey:
		m.KeyType, m.KeyBits = proto.String("ED25519"), proto.Int32(256)
	}
	return m
}

// selfSigned says whether the certificate is signed with its own key. It is
// absent where it names itself and Go does not verify its algorithm (MD5).
func selfSigned(c *x509.Certificate) *bool {
	if !bytes.Equal(c.RawSubject, c.RawIssuer) {
		return proto.Bool(false)
	}
	err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	var insecure x509.InsecureAlgorithmError
	if errors.As(err, &insecure) || errors.Is(err, x509.ErrUnsupportedAlgorithm) {
		return nil
	}
	return proto.Bool(err == nil)
}

// commonName is what sslscan shows of a name: its common name, else all of it.
func commonName(cn, dn string) string {
	if cn != "" {
		return cn
	}
	return dn
}
