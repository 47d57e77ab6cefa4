package pagegen

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// value is a value of a parameter or a table as a file writes it, in Markdown.
// Lists are plain text, since GitHub does not wrap long code in a cell.
func value(v *pb.Value) string {
	switch x := v.GetValue().(type) {
	case *pb.Value_BoolValue:
		return code(strconv.FormatBool(x.BoolValue))
	case *pb.Value_IntValue:
		return code(strconv.FormatInt(x.IntValue, 10))
	case *pb.Value_DoubleValue:
		return code(number(x.DoubleValue))
	case *pb.Value_StringValue:
		return code(strconv.Quote(x.StringValue))
	case *pb.Value_DurationValue:
		return code(span(x.DurationValue))
	case *pb.Value_TimeValue:
		return code(instant(x.TimeValue.AsTime()))
	case *pb.Value_Strings:
		return list(x.Strings.GetValues())
	case *pb.Value_Ints:
		var texts []string
		for _, n := range x.Ints.GetValues() {
			texts = append(texts, strconv.FormatInt(n, 10))
		}
		return list(texts)
	}
	return ""
}

func list(texts []string) string {
	if len(texts) == 0 {
		return code("[]")
	}
	return escape(strings.Join(texts, ", "))
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// span is a span of time as a file writes it: "90d", "12h30m0s".
func span(d *durationpb.Duration) string {
	const day = 24 * time.Hour
	if x := d.AsDuration(); x != 0 && x%day == 0 {
		return fmt.Sprintf("%dd", x/day)
	}
	return d.AsDuration().String()
}

// instant is a date where it is a midnight.
func instant(t time.Time) string {
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339Nano)
}

// weight is a weight, which is 1 where it is absent.
func weight(w *float64) string {
	if w == nil {
		return "1"
	}
	return number(*w)
}

// count is a number with its noun: "1 rule", "3 rules", "2 entries".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		noun = stem + "ie"
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
