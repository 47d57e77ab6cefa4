package waive

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPattern holds patterns against regular expressions.
func TestPattern(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		subject := rapid.StringMatching(`[ab*/]{0,8}`).Draw(t, "pattern")
		id := rapid.StringMatching(`[ab/]{0,10}`).Draw(t, "id")
		p := patternOf(subject)
		if (p == nil) == strings.Contains(subject, "*") {
			t.Fatalf("%q is a pattern: %v", subject, p != nil)
		}
		if p == nil {
			return
		}
		re := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(subject), `\*`, ".*") + "$")
		if got := p.matches(id); got != re.MatchString(id) {
			t.Errorf("%q matches %q: %v", subject, id, got)
		}
	})
}
