package operations

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestCronNext follows expressions, also over the days on which clocks are set.
func TestCronNext(t *testing.T) {
	for _, c := range []struct{ name, cron, zone, from, want string }{
		{"daily", "0 2 * * *", "", "2026-03-01T00:00:00Z", "2026-03-01T02:00:00Z 2026-03-02T02:00:00Z"},
		{"strictly after", "0 2 * * *", "", "2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"},
		{"working days", "0 2 * * mon-FRI", "", "2026-03-06T03:00:00Z", "2026-03-09T02:00:00Z"},
		{"either day", "0 0 13 * 5", "", "2026-03-01T00:00:00Z", "2026-03-06T00:00:00Z 2026-03-13T00:00:00Z 2026-03-20T00:00:00Z"},
		{"steps and lists", "5,50-59/5 */12 * * *", "", "2026-03-01T00:00:00Z", "2026-03-01T00:05:00Z 2026-03-01T00:50:00Z 2026-03-01T00:55:00Z 2026-03-01T12:05:00Z"},
		{"leap day over a century", "0 0 29 2 *", "", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"},
		{"zone", "30 1 * * *", "Asia/Kolkata", "2026-03-01T00:00:00Z", "2026-03-01T20:00:00Z"},
		{"left out: at its end", "30 2 * * *", "Europe/Oslo", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T00:30:00Z"},
		{"left out: once", "*/15 2 * * *", "Europe/Oslo", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T00:00:00Z"},
		{"twice: the first", "30 2 * * *", "Europe/Oslo", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z"},
		{"twice: every hour means both", "30 * * * *", "Europe/Oslo", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z 2026-10-25T01:30:00Z 2026-10-25T02:30:00Z"},
		{"half an hour", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z 2026-10-04T15:15:00Z"},
		{"a day left out", "0 12 * * *", "Pacific/Apia", "2011-12-29T23:00:00Z", "2011-12-30T10:00:00Z 2011-12-30T22:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, err := parseCron(c.cron, c.zone)
			if err != nil {
				t.Fatal(err)
			}
			at := instant(t, c.from)
			for _, want := range strings.Fields(c.want) {
				var ok bool
				if at, ok = x.next(at); !ok || !at.Equal(instant(t, want)) {
					t.Fatalf("got %v %v, want %s", at.UTC(), ok, want)
				}
			}
		})
	}
}

// TestCronErrors: every mistake is refused, and the place of it is named.
func TestCronErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "has 0 fields",
		"0 2 * *":              "has 4 fields",
		"0 0 2 * * *":          "has 6 fields",
		"@daily":               "has 1 fields",
		"TZ=UTC":               "has 1 fields",
		"60 2 * * *":           "at character 1: \"60\" is no minute",
		"0 2,24 * * *":         "at character 5: \"24\" is no hour",
		"0  5-2 * * *":         "at character 4: \"5-2\" is no hour",
		"0 2 0 * *":            "at character 5: \"0\" is no day of the month",
		"0 2 * foo *":          "at character 7: \"foo\" is no month",
		"0 2 * * 7":            "at character 9: \"7\" is no day of the week",
		"*/0 2 * * *":          "at character 1: \"*/0\" is no minute",
		"*/9999999999 2 * * *": "at character 1",
		"1,,2 2 * * *":         "at character 3: \"\" is no minute",
		"+1 2 * * *":           "at character 1",
		"1-2-3 2 * * *":        "at character 1",
		"TZ=UTC 0 2 * *":       "at character 1",
		"0 2 30 2 *":           "no day that ever comes",
		"0 2 31 4,6 *":         "no day that ever comes",
	} {
		if _, err := parseCron(text, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, zone := range []string{"Local", "Mars/Olympus", "../etc/passwd"} {
		if _, err := parseCron("* * * * *", zone); err == nil {
			t.Errorf("the zone %q is taken", zone)
		}
	}
}

var drawn = []string{"* * * * *", "*/7 * * * *", "30 2 * * *", "0 0 1 * *", "15,45 1-4 * * *", "0 3 * * 0", "59 23 31 12 *"}
var zones = []string{"", "Europe/Oslo", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"}

// TestCronOrder: the next instant is later, and none lies between an instant and
// the next one.
func TestCronOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, err := parseCron(rapid.SampledFrom(drawn).Draw(t, "cron"), rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		from := time.Unix(rapid.Int64Range(946684800, 4102444800).Draw(t, "from"), rapid.Int64Range(0, 999999999).Draw(t, "nanos"))
		next, ok := x.next(from)
		if !ok || !next.After(from) {
			t.Fatalf("after %v comes %v %v", from, next, ok)
		}
		between := from.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(from))-1).Draw(t, "between")))
		if again, _ := x.next(between); !again.Equal(next) {
			t.Fatalf("after %v comes %v, but after %v comes %v", from, next, between, again)
		}
	})
}

// FuzzCron: no text makes the parser panic, and what it takes goes on.
func FuzzCron(f *testing.F) {
	for _, s := range drawn {
		f.Add(s, "Europe/Oslo")
	}
	f.Add("TZ=x", "UTC")
	f.Add("0 2 * * 1-5/2", "")
	f.Fuzz(func(t *testing.T, text, zone string) {
		x, err := parseCron(text, zone)
		if err != nil {
			return
		}
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for range 3 {
			next, ok := x.next(from)
			if !ok || !next.After(from) {
				t.Fatalf("%q in %q: after %v comes %v %v", text, zone, from, next, ok)
			}
			from = next
		}
	})
}
