package question_test

import (
	"testing"

	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/assess/question"
)

func TestOf(t *testing.T) {
	for path, want := range map[string]string{
		"hosts/web1/virtual":                 `Is "virtual" true of host web1?`,
		"hosts/web1/os/open_alerts":          "What is the os open alerts of host web1? Answer with a whole number.",
		"hosts/web1/labels/a%2Fb":            `What is the label "a/b" of host web1? Answer with a text.`,
		"hosts/web1/names":                   "Which names does host web1 have? Answer with the whole list of texts.",
		"hosts/web1/endpoints":               "Which endpoints does host web1 have? Submit the whole list.",
		"zones":                              "Which zones does the system have? Submit the whole list.",
		"hosts/ghost":                        "What is known of host ghost, which something refers to? Submit it, or mend what refers to it.",
		"hosts/a/components/b":               "What is known of component b of host a, which something refers to? Submit it, or mend what refers to it.",
		"hosts/web1/os":                      "What is known of the os of host web1? Submit it.",
		"hosts/a/ports/tcp%2F443/process":    "What is the process of listening port tcp/443 of host a? Answer with a text.",
		"hosts/a/ipsec/rules/r/encrypted":    `Is "encrypted" true of ipsec rule r of host a?`,
		"system/product":                     "What is the product of the system? Answer with a text.",
		"hosts/a/endpoints/443/hsts_max_age": "What is the hsts max age of endpoint 443 of host a? Answer with a span of time, such as 3600s.",
	} {
		p, ok := attest.Locate(path)
		if !ok {
			t.Fatalf("%s stands nowhere", path)
		}
		if got := question.Of(p); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
