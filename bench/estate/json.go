package estate

import (
	"encoding/json"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Document is the JSON that a policy engine is asked about: the host, and the
// instant in nanoseconds since 1970. It is what somebody would write who has no
// protobuf: numbers are numbers, and a list that is empty is [].
func Document(h *pb.Host) (map[string]any, error) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(h)
	if err != nil {
		return nil, err
	}
	var host map[string]any
	if err := json.Unmarshal(raw, &host); err != nil {
		return nil, err
	}
	delete(host, "reported_empty")
	if host["shares"] == nil {
		host["shares"] = []any{}
	}
	volumes, _ := host["volumes"].([]any)
	for _, v := range volumes {
		volume := v.(map[string]any)
		// protojson writes 64-bit numbers as texts.
		n, err := strconv.ParseInt(fmt.Sprint(volume["size_bytes"]), 10, 64)
		if err != nil {
			return nil, err
		}
		volume["size_bytes"] = n
	}
	return map[string]any{"host": host, "now": Now.UnixNano()}, nil
}
