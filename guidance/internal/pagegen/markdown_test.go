package pagegen

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var escaped = regexp.MustCompile(`\\([!-/:-@\[-` + "`" + `{-~])`)

// TestEscapeKeepsTheText: reading what was escaped, as Markdown does, gives the
// text, and no sign is left that means something.
func TestEscapeKeepsTheText(t *testing.T) {
	bare := regexp.MustCompile(`[*\[\]<>~$` + "`" + `]|^(#|[-+=]( |$)|\d+[.)])|(^|\s)_|_(\s|$)`)
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[-a-z0-9_*`+"`"+`\[\]<>~$&|#+.()\\=é]{1,8}`), 1, 6).Draw(t, "words")
		text := strings.Join(words, " ")
		got := escapeLine(text)
		if read := html.UnescapeString(escaped.ReplaceAllString(got, "$1")); read != text {
			t.Fatalf("%q is read back from %q as %q", text, got, read)
		}
		left := strings.NewReplacer("&amp;", "x", "&lt;", "x", "&gt;", "x").Replace(escaped.ReplaceAllString(got, "x"))
		if m := bare.FindString(left); m != "" {
			t.Fatalf("%q leaves %q of %q bare", got, m, text)
		}
	})
}

// TestCodeKeepsTheText: inline code and blocks hold what they were given,
// backticks and all.
func TestCodeKeepsTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching("[a`|]{1,12}").Draw(t, "text")
		got := code(text)
		fence := got[:len(got)-len(strings.TrimLeft(got, "`"))]
		inside := strings.TrimSuffix(strings.TrimPrefix(got, fence), fence)
		if strings.HasPrefix(inside, " ") && strings.HasSuffix(inside, " ") {
			inside = inside[1 : len(inside)-1]
		}
		if inside != text || longestRun(text, '`') >= len(fence) {
			t.Fatalf("%q became %q", text, got)
		}
		p := &page{}
		p.block("cel", text)
		if got := p.String(); len(lines(got+"after")) != len(lines("\nafter")) {
			t.Fatalf("%q does not stay in its block %q", text, got)
		}
	})
}

func TestTableEscapesBars(t *testing.T) {
	p := &page{}
	p.table([]string{"a", "b"}, [][]string{{code("x || y"), escape("p|q\nr")}})
	want := "\n| a | b |\n| --- | --- |\n| `x \\|\\| y` | p\\|q r |\n"
	if p.String() != want {
		t.Errorf("got %q, want %q", p.String(), want)
	}
}

func TestTemplate(t *testing.T) {
	for text, want := range map[string]string{
		"{host.id} has {host.ports.filter(p, p < 10)}.": "`{host.id}` has `{host.ports.filter(p, p < 10)}`.",
		"{{x}} <b> of * {y}":                            "{x} &lt;b&gt; of \\* `{y}`",
	} {
		if got := template(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestSlug(t *testing.T) {
	for heading, want := range map[string]string{
		"sps-01-farm":                      "sps-01-farm",
		"Between servers (group servers)":  "between-servers-group-servers",
		"Table end_of_support":             "table-end_of_support",
		"What's new: 2007.1.0 & 2026.1.0?": "whats-new-200710--202610",
	} {
		if got := slug(heading); got != want {
			t.Errorf("%q became %q, want %q", heading, got, want)
		}
	}
}
