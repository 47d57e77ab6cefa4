package assess

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// timestamp is the instant as a message; nil where it is Forever.
func timestamp(micros int64) *timestamppb.Timestamp {
	if micros == Forever {
		return nil
	}
	return timestamppb.New(time.UnixMicro(micros))
}
