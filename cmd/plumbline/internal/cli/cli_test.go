package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func TestParseInstant(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"now":                         "2026-11-22T12:00:00Z",
		"2026-03-01":                  "2026-03-01T00:00:00Z",
		"2026-03-01T09:30:00Z":        "2026-03-01T09:30:00Z",
		"2026-03-01T09:30:00+02:00":   "2026-03-01T07:30:00Z",
		"2026-03-01T09:30Z":           "2026-03-01T09:30:00Z",
		"2026-03-01 09:30:00Z":        "2026-03-01T09:30:00Z",
		"2026-03-01T09:30:00.123456Z": "2026-03-01T09:30:00.123456Z",
		"-36h":                        "2026-11-21T00:00:00Z",
		"-7d":                         "2026-11-15T12:00:00Z",
		"+365d":                       "2027-11-22T12:00:00Z",
	} {
		got, err := parseInstant(in, now)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %v %v", in, got, err)
		}
	}
	for _, in := range []string{"", "yesterday", "2026-03-01T09:30:00", "03/01/2026", "-", "7d", "2026-13-01"} {
		if got, err := parseInstant(in, now); err == nil {
			t.Errorf("%q is taken for %v", in, got)
		}
	}
}

func TestEnd(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	start := timestamppb.New(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	a := &App{Now: func() time.Time { return now }}
	for in, want := range map[string]string{
		"90d": "2027-04-01T00:00:00Z", "+1d": "2026-11-23T12:00:00Z", "2027-02-01": "2027-02-01T00:00:00Z", "P10D": "2027-01-11T00:00:00Z",
	} {
		i := a.End()
		if err := i.Set(in); err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if got, err := i.After(start); err != nil || got.AsTime().Format(time.RFC3339) != want {
			t.Errorf("%q: %v %v", in, got, err)
		}
	}
	i := a.End()
	if err := i.Set("36h"); err != nil {
		t.Fatal(err)
	}
	if got, err := i.Timestamp(); err != nil || !got.AsTime().Equal(now.Add(36*time.Hour)) {
		t.Errorf("without a start: %v %v", got, err)
	}
	if err := a.End().Set("soon"); err == nil || !strings.Contains(err.Error(), "90d") {
		t.Errorf("soon: %v", err)
	}
}

func TestPages(t *testing.T) {
	data := make([]int, 2345)
	for i := range data {
		data[i] = i
	}
	calls := 0
	fetch := func(size int32, token string) ([]int, string, error) {
		calls++
		from := 0
		if token != "" {
			if _, err := fmt.Sscan(token, &from); err != nil {
				return nil, "", err
			}
		}
		to := min(from+int(size), len(data))
		if to == len(data) {
			return data[from:to], "", nil
		}
		return data[from:to], fmt.Sprint(to), nil
	}
	for rows, want := range map[int][2]int{0: {2345, 3}, 10: {10, 1}, 1500: {1500, 2}, 5000: {2345, 3}} {
		calls = 0
		got, err := Pages(Limit{rows}, fetch)
		if err != nil || len(got) != want[0] || calls != want[1] || got[len(got)-1] != len(got)-1 {
			t.Errorf("limit %d: %d rows in %d calls, %v", rows, len(got), calls, err)
		}
	}
	if _, err := Pages(Limit{}, func(int32, string) ([]int, string, error) { return nil, "same", nil }); err == nil {
		t.Error("a server that answers for ever is asked for ever")
	}
}

func TestThreshold(t *testing.T) {
	for name, c := range map[string]struct {
		args            []string
		score, coverage *float64
		words           string
	}{
		"nothing asked":       {nil, nil, nil, ""},
		"at":                  {[]string{"--fail-under=80"}, proto.Float64(80), nil, ""},
		"below":               {[]string{"--fail-under=80"}, proto.Float64(79.9), nil, "x: score 79.9 is below 80"},
		"nothing scored":      {[]string{"--fail-under=0"}, nil, nil, "x: score none is below 0"},
		"coverage":            {[]string{"--fail-under-coverage=95"}, nil, proto.Float64(0.949), "x: coverage 94.9 % is below 95 %"},
		"both":                {[]string{"--fail-under=1", "--fail-under-coverage=1"}, nil, nil, "x: score none is below 1; x: coverage none is below 1 %"},
		"coverage good":       {[]string{"--fail-under-coverage=95"}, nil, proto.Float64(0.95), ""},
		"score not asked for": {[]string{"--fail-under-coverage=95"}, nil, proto.Float64(1), ""},
	} {
		var th Threshold
		cmd := &cobra.Command{}
		th.Flags(cmd)
		if err := cmd.ParseFlags(c.args); err != nil {
			t.Fatal(err)
		}
		err := th.Check("x", c.score, c.coverage)
		var below *BelowError
		if (err == nil) != (c.words == "") || err != nil && (!errors.As(err, &below) || err.Error() != c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestExplain(t *testing.T) {
	st, err := status.New(codes.InvalidArgument, "2 fields are not as they must be").WithDetails(
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "name", Description: "must match"}, {Description: "whole request"}}},
		&errdetails.RequestInfo{RequestId: "r-7"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"plain":  {errors.New("no such file"), "plumbline: no such file\n"},
		"fields": {st.Err(), "plumbline: 2 fields are not as they must be\n  name: must match\n  whole request\n  request id: r-7\n"},
		"wrapped": {fmt.Errorf("read the assessment: %w", status.Error(codes.NotFound, "systems/x does not exist")),
			"plumbline: read the assessment: systems/x does not exist\n  " + remedies[codes.NotFound] + "\n"},
		"no connection": {status.Error(codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`),
			"plumbline: no connection: dial tcp 127.0.0.1:1: connect: connection refused\n  " + remedies[codes.Unavailable] + "\n"},
		"retried": {fmt.Errorf("max retries exhausted: failed after 4 attempts: %w", status.Error(codes.Unavailable, "shutting down")),
			"plumbline: shutting down\n  " + remedies[codes.Unavailable] + "\n"},
		"usage": {Misuse("plumbline assess", "give %s", "--checklist"), "plumbline: give --checklist\nSee: plumbline assess --help\n"},
	} {
		var b bytes.Buffer
		(&App{Err: &b}).Explain(c.err)
		if b.String() != c.want {
			t.Errorf("%s: got %q, want %q", name, b.String(), c.want)
		}
	}
}

func TestConsole(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	c := &Console{w: &b, live: true, now: func() time.Time { return now }}
	step := func(d time.Duration, text string) { now = now.Add(d); c.Status("%s", text) }
	step(time.Second, "one")
	step(10*time.Millisecond, "too soon")
	c.Line("a line")
	step(time.Second, "two")
	c.End()
	c.End()
	if got := b.String(); got != "one\r\x1b[Ka line\none\r\x1b[Ktwo\r\x1b[K" {
		t.Errorf("%q", got)
	}
	b.Reset()
	quiet := &Console{w: &b, now: time.Now}
	quiet.Status("nothing")
	quiet.Line("a line")
	quiet.End()
	if b.String() != "a line\n" {
		t.Errorf("not on a terminal: %q", b.String())
	}
}

func TestResource(t *testing.T) {
	if Child("a", "waivers", "b") != "systems/a/waivers/b" || Child("a", "waivers", "systems/c/waivers/b") != "systems/c/waivers/b" ||
		Version("checklists", "a@1", "latest") != "checklists/a/versions/1" || Version("tailorings", "a", "latest") != "tailorings/a/versions/latest" {
		t.Error("names of children and versions")
	}
	if Resource("systems", "a") != "systems/a" || Resource("systems", "systems/a") != "systems/a" || ID("systems/a/series/b") != "b" || ID("b") != "b" {
		t.Error("names")
	}
	if !strings.Contains(Known(0, "hosts", []string{"zones"}), "not reported") || Known(0, "hosts", []string{"hosts"}) != "none" || Known(3, "hosts", nil) != "3" {
		t.Error("lists")
	}
	if Count(1, "host") != "1 host" || Count(0, "host") != "0 hosts" {
		t.Error("counts")
	}
}
