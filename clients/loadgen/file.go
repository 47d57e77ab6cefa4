package loadgen

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"google.golang.org/protobuf/encoding/protojson"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// WriteLines writes items as JSON Lines, one a line, as `plumbline submit` reads
// them, and returns how many there were. The same items give the same bytes.
func WriteLines(w io.Writer, items iter.Seq[*pb.SubmitItem]) (n int, err error) {
	out := bufio.NewWriterSize(w, 1<<16)
	var line bytes.Buffer
	for item := range items {
		text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message(item))
		if err != nil {
			return n, fmt.Errorf("item %d: %w", n, err)
		}
		// protojson varies its blanks on purpose.
		line.Reset()
		if err := json.Compact(&line, text); err != nil {
			return n, fmt.Errorf("item %d: %w", n, err)
		}
		line.WriteByte('\n')
		if _, err := out.Write(line.Bytes()); err != nil {
			return n, err
		}
		n++
	}
	return n, out.Flush()
}
