package gateway

import (
	"errors"
	"io"
	"net/http"

	"github.com/plumbline/plumbline/server/fault"
)

// body is a request's body. It remembers why it could not be read or decoded:
// the generated handlers turn every error of decoding into a text, and the
// error handler, which has the request and so the body, wants the details.
type body struct {
	io.ReadCloser
	limit int64
	fault error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		b.fault = tooLarge(b.limit)
	case err != nil && !errors.Is(err, io.EOF) && b.fault == nil:
		b.fault = fault.InvalidField("", "the body could not be read to its end; send it again").Because(err)
	}
	return n, err
}

// faultOf is why the request's body was not read or decoded; nil where it was.
func faultOf(r *http.Request) error {
	if b, ok := r.Body.(*body); ok {
		return b.fault
	}
	return nil
}
