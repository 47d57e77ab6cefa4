package gateway

import (
	"errors"
	"net/http"
	"time"
)

// flushTimeout is how long a caller may take to read what was flushed.
const flushTimeout = time.Minute

// FlushError sends what was written so far. Only streamed answers are flushed:
// from the first time on nothing is held back any more, so that such an answer
// has no ETag and is not compressed. It is what http.ResponseController calls.
func (w *response) FlushError() error {
	under := http.NewResponseController(w.ResponseWriter)
	// The server's own limit is for answers that are made in one piece.
	if err := under.SetWriteDeadline(time.Now().Add(flushTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if !w.streaming {
		w.streaming = true
		w.WriteHeader(http.StatusOK)
		w.ResponseWriter.WriteHeader(w.status)
	}
	if _, err := w.ResponseWriter.Write(w.body.Bytes()); err != nil {
		return err
	}
	w.body.Reset()
	return under.Flush()
}
