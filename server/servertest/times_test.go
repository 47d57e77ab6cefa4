package servertest_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/plumbline/plumbline/server/servertest"
)

var day0 = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func day(n int) time.Time { return day0.Add(time.Duration(n) * 24 * time.Hour) }

// oneHostJSON is a submission as REST takes it.
func oneHostJSON(static bool, observed time.Time) string {
	return fmt.Sprintf(`{"source":"cmdb","observedTime":%q,"inventory":{"system":{"id":"s","reportedEmpty":["channels"]},
		"hosts":[{"id":"a","addresses":[{"ip":"10.0.0.1","static":%v}]}]}}`, observed.Format(time.RFC3339), static)
}

// TestTwoInstantsTwoKnowledges does a whole submission over REST and over gRPC
// and reads it back as of two instants, as known at two.
func TestTwoInstantsTwoKnowledges(t *testing.T) {
	for _, over := range []string{"REST", "gRPC"} {
		t.Run(over, func(t *testing.T) {
			clock := servertest.NewClock(day(-1))
			c := start(t, servertest.Options{Config: server.Config{Clock: clock.Now}})
			submit := func(now time.Time, static bool, observed time.Time) {
				t.Helper()
				clock.Set(now)
				if over == "gRPC" {
					req := view("s", host("a", static))
					req.ObservedTime = timestamppb.New(observed)
					c.submit(req)
				} else if code, body := c.rest("POST", "/v1/systems/s:submit", oneHostJSON(static, observed)); code != 200 {
					t.Fatal(code, body)
				}
			}
			submit(day(0), true, day(0))
			submit(day(4), true, day(4))
			// On day 5 it is learned how it was on day 2.
			submit(day(5), false, day(2))
			clock.Set(day(6))
			read := c.readREST
			if over == "gRPC" {
				read = c.readGRPC
			}
			for _, x := range []struct {
				asOf, knownAt time.Time
				score         float64
			}{
				{day(1), day(4), 100}, {day(3), day(4), 100}, // as was known on day 4
				{day(1), day(6), 100}, {day(3), day(6), 0}, {day(4), day(6), 100}, // as is known now
			} {
				if got := read(x.asOf, x.knownAt); got != x.score {
					t.Errorf("as of %v known at %v: score %v, want %v", x.asOf, x.knownAt, got, x.score)
				}
			}
			for _, known := range []time.Time{day(4), day(6)} {
				want := map[time.Time]int{day(4): 1, day(6): 3}[known]
				list, err := c.assessment.ListBreakpoints(t.Context(), &pb.ListBreakpointsRequest{
					Parent: "systems/s/series/test~all~default", KnownAt: timestamppb.New(known),
				})
				if err != nil || len(list.Breakpoints) != want {
					t.Errorf("breakpoints known at %v: %v, %v; want %d", known, list, err, want)
				}
			}
		})
	}
}

func (c *client) readGRPC(asOf, knownAt time.Time) float64 {
	c.t.Helper()
	a, err := c.assessment.GetAssessment(c.t.Context(), &pb.GetAssessmentRequest{
		Name: "systems/s/series/test~all~default", AsOf: timestamppb.New(asOf), KnownAt: timestamppb.New(knownAt),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return a.Raw.Scores[0].GetValue()
}

func (c *client) readREST(asOf, knownAt time.Time) float64 {
	c.t.Helper()
	q := url.Values{"asOf": {asOf.Format(time.RFC3339)}, "knownAt": {knownAt.Format(time.RFC3339)}}
	code, body := c.rest("GET", "/v1/systems/s/series/test~all~default?"+q.Encode(), "")
	if code != 200 {
		c.t.Fatal(code, body)
	}
	var a struct {
		Raw struct {
			Scores []struct{ Value float64 }
		}
	}
	b, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return a.Raw.Scores[0].Value
}
