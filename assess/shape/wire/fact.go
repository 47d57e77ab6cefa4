package wire

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The tables of the messages that a FactValue may hold.
var (
	timestamps = For[timestamppb.Timestamp]()
	durations  = For[durationpb.Duration]()
	textLists  = For[pb.StringList]()
)

// The tags of a FactValue's fields.
const (
	factBool     = 1<<3 | uint64(protowire.VarintType)
	factInt      = 2<<3 | uint64(protowire.VarintType)
	factDouble   = 3<<3 | uint64(protowire.Fixed64Type)
	factText     = 4<<3 | uint64(protowire.BytesType)
	factTime     = 5<<3 | uint64(protowire.BytesType)
	factDuration = 6<<3 | uint64(protowire.BytesType)
	factTexts    = 7<<3 | uint64(protowire.BytesType)
)

// fact decodes a declared fact's value: of several the last counts.
func (d *decoder) fact(t *table, v *pb.FactValue, at, end int) bool {
	for at < end {
		tag, next := d.uvarint(at, end)
		if next < 0 {
			return false
		}
		switch tag {
		case factBool, factInt, factDouble:
			at = d.factNumber(v, tag, next, end)
		case factText, factTime, factDuration, factTexts:
			at = d.factSpan(v, tag, next, end)
		default:
			if d.strict && tag>>3 <= factTexts>>3 {
				return false
			}
			at = d.keepUnknown(place[[]byte](ptr(v), t.unknown), at, end)
		}
		if at < 0 {
			return false
		}
	}
	return true
}

func (d *decoder) factNumber(v *pb.FactValue, tag uint64, at, end int) int {
	f := &d.a.facts
	if tag == factDouble {
		if end-at < 8 {
			return -1
		}
		x := f.doubles.one()
		x.DoubleValue = math.Float64frombits(binary.LittleEndian.Uint64(d.raw(at, at+8)))
		v.Value = x
		return at + 8
	}
	n, next := d.uvarint(at, end)
	if next < 0 {
		return -1
	}
	if tag == factBool {
		x := f.bools.one()
		x.BoolValue = n != 0
		v.Value = x
	} else {
		x := f.ints.one()
		x.IntValue = int64(n)
		v.Value = x
	}
	return next
}

func (d *decoder) factSpan(v *pb.FactValue, tag uint64, at, end int) int {
	from, to := d.span(at, end)
	if to < 0 {
		return -1
	}
	f := &d.a.facts
	ok := true
	switch tag {
	case factText:
		x := f.texts.one()
		x.StringValue = d.b[from:to]
		v.Value = x
	case factTime:
		x, again := v.Value.(*pb.FactValue_TimeValue)
		if !again {
			x = f.times.one()
			x.TimeValue = (*timestamppb.Timestamp)(d.a.take(timestamps.t, 1))
			v.Value = x
		}
		ok = d.message(timestamps.t, ptr(x.TimeValue), from, to)
	case factDuration:
		x, again := v.Value.(*pb.FactValue_DurationValue)
		if !again {
			x = f.spans.one()
			x.DurationValue = (*durationpb.Duration)(d.a.take(durations.t, 1))
			v.Value = x
		}
		ok = d.message(durations.t, ptr(x.DurationValue), from, to)
	case factTexts:
		x, again := v.Value.(*pb.FactValue_StringList)
		if !again {
			x = f.lists.one()
			x.StringList = (*pb.StringList)(d.a.take(textLists.t, 1))
			v.Value = x
		}
		ok = d.message(textLists.t, ptr(x.StringList), from, to)
	}
	if !ok {
		return -1
	}
	return to
}
