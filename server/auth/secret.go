package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/plumbline/plumbline/server/fault"
)

// SecretPrefix begins every secret, so that scanners for leaked credentials
// can find them.
const SecretPrefix = "plb_"

const secretBytes = 32

// Hash is what the store keeps of a secret.
type Hash [sha256.Size]byte

// NewSecret makes a secret of random's bytes, which must be fit for keys
// (crypto/rand.Reader).
func NewSecret(random io.Reader) (string, error) {
	b := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", err
	}
	return SecretPrefix + base64.RawURLEncoding.EncodeToString(b), nil
}

// HashSecret hashes a secret. ok is false where it has not the form of one.
func HashSecret(secret string) (h Hash, ok bool) {
	body, found := strings.CutPrefix(secret, SecretPrefix)
	if !found || len(body) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return h, false
	}
	if _, err := base64.RawURLEncoding.Strict().DecodeString(body); err != nil {
		return h, false
	}
	return sha256.Sum256([]byte(secret)), true
}

// Bearer takes the secret out of an Authorization value. It is empty where
// there is no value; anything but one bearer token is UNAUTHENTICATED.
func Bearer(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		scheme, secret, found := strings.Cut(values[0], " ")
		if found && strings.EqualFold(scheme, "Bearer") && secret != "" {
			return strings.TrimSpace(secret), nil
		}
	}
	return "", fault.Unauthenticated(fault.ReasonBadToken, `send one header "Authorization: Bearer SECRET", with a secret that plumbline token create told`)
}

// BearerOf takes the secret out of a call's metadata.
func BearerOf(md metadata.MD) (string, error) { return Bearer(md.Get("authorization")) }
