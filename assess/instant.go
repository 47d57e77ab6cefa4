package assess

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// instant is t in microseconds since 1970 UTC; 0 where it is absent.
func instant(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return 0
	}
	return t.Seconds*1e6 + int64(t.Nanos)/1e3
}

// timestamp is the instant as a message; nil where it is Forever.
func timestamp(micros int64) *timestamppb.Timestamp {
	if micros == Forever {
		return nil
	}
	return timestamppb.New(time.UnixMicro(micros))
}
