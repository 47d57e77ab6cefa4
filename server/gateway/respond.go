package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// compressFrom is the length in bytes from which compressing pays: below it a
// response fits a packet anyway.
const compressFrom = 1024

// response holds a response back until it is whole, for its ETag and for
// gzip. Responses of unary calls are made in one piece anyway; those of streams
// are flushed, see FlushError.
type response struct {
	http.ResponseWriter
	request   *http.Request
	etag      bool // whether the response to a GET gets an ETag
	status    int
	body      bytes.Buffer
	streaming bool // something was flushed
}

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(code int) {
	if w.status == 0 {
		w.status = code
	}
}

// Write implements http.ResponseWriter.
func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// reset forgets what was written, for an error that comes late.
func (w *response) reset() {
	w.status, w.etag = 0, false
	w.body.Reset()
}

// send sends the response.
func (w *response) send() {
	if w.streaming {
		_ = w.limitWrites(time.Now().Add(flushTimeout)) // one that cannot be set is not there
		_, _ = w.ResponseWriter.Write(w.body.Bytes())   // a caller that has gone needs no answer
		return
	}
	h := w.Header()
	h.Del("Transfer-Encoding") // grpc-gateway sets it for streams, also for those that fail at once
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.etag && w.status == http.StatusOK {
		tag := etagOf(w.body.Bytes())
		h.Set("ETag", tag)
		// A browser may keep it, but asks each time whether it still holds.
		h.Set("Cache-Control", "private, no-cache")
		if matches(w.request.Header.Values("If-None-Match"), tag) {
			h.Del("Content-Type")
			w.ResponseWriter.WriteHeader(http.StatusNotModified)
			return
		}
	}
	out := w.body.Bytes()
	if len(out) >= compressFrom {
		h.Add("Vary", "Accept-Encoding")
		if wantsGzip(w.request.Header.Values("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			out = compress(out)
		}
	}
	if w.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(out)))
	}
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = w.ResponseWriter.Write(out) // a caller that has gone needs no answer
}

// etagOf is a weak tag: the same content has it compressed or not.
func etagOf(b []byte) string {
	sum := sha256.Sum256(b)
	return `W/"` + hex.EncodeToString(sum[:12]) + `"`
}

// matches says whether If-None-Match names the tag (RFC 9110, 13.1.2: compared
// weakly).
func matches(values []string, tag string) bool {
	tag = strings.TrimPrefix(tag, "W/")
	for _, v := range values {
		for one := range strings.SplitSeq(v, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// wantsGzip says whether Accept-Encoding allows gzip.
func wantsGzip(values []string) bool {
	for _, v := range values {
		for one := range strings.SplitSeq(v, ",") {
			coding, q, _ := strings.Cut(strings.TrimSpace(one), ";")
			if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				continue
			}
			weight, found := strings.CutPrefix(strings.ReplaceAll(q, " ", ""), "q=")
			if !found {
				return true
			}
			w, err := strconv.ParseFloat(weight, 64)
			return err == nil && w > 0
		}
	}
	return false
}

var writers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for an unknown level only
	return w
}}

func compress(b []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(b) / 3)
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(&out)
	// Writes to a bytes.Buffer do not fail.
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}
