package webhooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/jsonwire"
)

// Headers of a delivery.
const (
	HeaderEvent     = "Plumbline-Event"     // the event's id: the same in every attempt
	HeaderType      = "Plumbline-Type"      // the event's type
	HeaderSignature = "Plumbline-Signature" // t={seconds},v1={hex}
)

// Bounds of what is read of an answer. Nothing of it is used.
const (
	maxAnswer  = 64 << 10
	maxHeaders = 64 << 10
)

// newClient is a client that goes where it is told and nowhere else: an address
// that redirects could send events, and their signatures, to another.
func newClient() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 1, MaxIdleConns: MaxWebhooks, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: maxHeaders, DisableCompression: true, ForceAttemptHTTP2: true,
		},
	}
}

// Signature is the value of HeaderSignature for a body that is sent at an
// instant, in seconds since 1970 UTC: HMAC-SHA256 over the seconds, a dot and the
// body, so that neither can be changed, nor an old delivery be sent again as new.
func Signature(secret string, seconds int64, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	t := strconv.FormatInt(seconds, 10)
	h.Write([]byte(t + "."))
	h.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

// post makes one attempt. status is 0 where there was no answer; the error says
// why the event was not taken.
func (k *Keeper) post(ctx context.Context, w *pb.Webhook, e *pb.Event) (status int, err error) {
	body, err := jsonwire.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("the event cannot be written as JSON: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, k.cfg.Timeout, fmt.Errorf("no answer within %v", k.cfg.Timeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Uri, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "plumbline")
	req.Header.Set(HeaderEvent, e.Id)
	// Also tells net/http that it may try again on a new connection where the
	// address has closed the one that was kept.
	req.Header.Set("Idempotency-Key", e.Id)
	req.Header.Set(HeaderType, e.Type)
	req.Header.Set(HeaderSignature, Signature(w.Secret, k.cfg.Now()/1e6, body))
	resp, err := k.client.Do(req)
	if err != nil {
		return 0, reason(ctx, err)
	}
	defer resp.Body.Close()
	// What is read lets the connection be used again; what is longer closes it.
	_, err = io.CopyN(io.Discard, resp.Body, maxAnswer)
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return resp.StatusCode, nil
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return resp.StatusCode, fmt.Errorf("answered %s; redirects are not followed: give the address itself", resp.Status)
	case err != nil && !errors.Is(err, io.EOF):
		return resp.StatusCode, fmt.Errorf("answered %s, and broke off: %w", resp.Status, reason(ctx, err))
	}
	return resp.StatusCode, fmt.Errorf("answered %s", resp.Status)
}

// reason is what went wrong, without the address, which whoever reads it knows.
func reason(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
