package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/server/events"
)

// flushTimeout is how long a caller may take to read what was flushed.
const flushTimeout = time.Minute

// FlushError sends what was written so far. Only streamed answers are flushed:
// from the first time on nothing is held back any more, so that such an answer
// has no ETag and is not compressed. It is what http.ResponseController calls.
func (w *response) FlushError() error {
	under := http.NewResponseController(w.ResponseWriter)
	// The server's own limits are for answers that are made in one piece. That of
	// reading would end the request itself, although it was read long ago.
	if err := errors.Join(under.SetReadDeadline(time.Time{}), w.limitWrites(time.Now().Add(flushTimeout))); err != nil && !errors.Is(err, http.ErrNotSupported) {
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
	if err := under.Flush(); err != nil {
		return err
	}
	// Over HTTP/2 the limit would end a stream that has nothing to say for a while.
	return w.limitWrites(time.Time{})
}

// limitWrites sets until when the caller must have read what is written.
func (w *response) limitWrites(until time.Time) error {
	err := http.NewResponseController(w.ResponseWriter).SetWriteDeadline(until)
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// begin sends the headers of a stream that may have nothing to say for long, so
// that the caller knows that it stands, and from where. grpc-gateway calls it
// without a message when a stream begins; one that failed at once has no cursor.
func begin(ctx context.Context, w http.ResponseWriter, m proto.Message) error {
	md, ok := runtime.ServerMetadataFromContext(ctx)
	cursor := md.HeaderMD.Get(events.CursorHeader)
	if m != nil || !ok || len(cursor) != 1 {
		return nil
	}
	w.Header().Set(events.CursorHeader, cursor[0])
	w.Header().Set("Content-Type", marshaler{}.StreamContentType(nil))
	return http.NewResponseController(w).Flush()
}
