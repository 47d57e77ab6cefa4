package estate

import (
	"crypto/sha256"
	"encoding/hex"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/store/ledger"
)

// ValidUntil is the instant until which the states of a system hold.
func ValidUntil(h *storev1.SystemHead) int64 {
	until := h.StaleUntil
	if until == 0 {
		until = ledger.MaxInstant
	}
	for _, e := range h.Series {
		if e.Assignment != "" {
			until = min(until, e.HoldsUntil)
		}
	}
	return until
}

// FirstEngine is the engine of heads that name none.
const FirstEngine = "1"

// LagsBehind tells whether another version of the engine evaluated a system last.
func LagsBehind(h *storev1.SystemHead, engine string) bool {
	by := h.Engine
	if by == "" {
		by = FirstEngine
	}
	return by != engine && h.Retired == 0 && len(h.Sources) > 0
}

// Etag is the tag of a head as it is stored: another after every change.
func Etag(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}
