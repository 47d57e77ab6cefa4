package cli

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// Number writes a whole number.
func Number[N int32 | int64 | int](n N) string { return strconv.FormatInt(int64(n), 10) }

// Count writes how many there are of something: "1 host", "2 hosts".
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// Or gives s, or other where s is empty.
func Or(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// Known says how long a list is: none where it is reported empty, and not
// reported where nobody said.
func Known(n int, field string, reportedEmpty []string) string {
	if n > 0 {
		return Number(n)
	}
	for _, f := range reportedEmpty {
		if f == field {
			return "none"
		}
	}
	return "not reported"
}

// Since gives the first instant that is there.
func Since(list ...*timestamppb.Timestamp) *timestamppb.Timestamp {
	for _, t := range list {
		if t != nil {
			return t
		}
	}
	return nil
}
