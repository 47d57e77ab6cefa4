package rpc

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/store/ledger"
)

// Resource names were validated before a handler sees them, so taking them
// apart cannot fail.

func segment(name string, n int) string { return strings.Split(name, "/")[n] }

func lastSegment(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// when reads as_of and known_at.
func when(asOf, knownAt *timestamppb.Timestamp) (past.When, error) {
	var w past.When
	for _, x := range []struct {
		field string
		t     *timestamppb.Timestamp
		to    *int64
	}{{"as_of", asOf, &w.AsOf}, {"known_at", knownAt, &w.KnownAt}} {
		if x.t == nil {
			continue
		}
		if err := x.t.CheckValid(); err != nil {
			return w, fault.InvalidField(x.field, "is no valid time: %v", err)
		}
		*x.to = x.t.AsTime().UnixMicro()
	}
	return w, nil
}

// whenOfPage is when for a list: what is left out is the instant of the first
// page, so that pages are of one state.
func whenOfPage(asOf, knownAt *timestamppb.Timestamp, cur page.Cursor) (past.When, error) {
	w, err := when(asOf, knownAt)
	if asOf == nil {
		w.AsOf = cur.At.UnixMicro()
	}
	if knownAt == nil && len(cur.After) > 0 {
		w.KnownAt = cur.At.UnixMicro()
	}
	return w, err
}

// timestamp is an instant as a message; nil where it is never.
func timestamp(micros int64) *timestamppb.Timestamp {
	if micros >= ledger.MaxInstant || micros <= ledger.MinInstant {
		return nil
	}
	return timestamppb.New(time.UnixMicro(micros))
}

// cut takes the row that was read to see whether there is a next page off
// again, and makes the token.
func cut[T any](pages *page.Codec, cur page.Cursor, rows []T, key func(T) string) ([]T, string) {
	if len(rows) <= cur.Size {
		return rows, ""
	}
	rows = rows[:cur.Size]
	return rows, pages.Next(cur, []byte(key(rows[len(rows)-1])))
}
