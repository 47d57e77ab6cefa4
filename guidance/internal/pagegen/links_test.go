package pagegen

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fenceLine   = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	headingLine = regexp.MustCompile(`^#{1,6} +(.*?)(?: +#+)?$`)
	inlineCode  = regexp.MustCompile("(`+)([^`]|[^`].*?[^`])(`+)")
	// A link's text may hold one pair of brackets; its address may stand in <>.
	linkPattern = regexp.MustCompile(`\[(?:\\.|[^\[\]\\]|\[[^\[\]]*\])*\]\((<[^>]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+"[^"]*")?\)`)
	linkText    = regexp.MustCompile(`\[([^\[\]]*)\]\([^()]*\)`)
	idPattern   = regexp.MustCompile(`<a (?:id|name)="([^"]+)">`)
)

// lines are a page's lines without those of code blocks.
func lines(text string) (out []string) {
	fence := ""
	for _, line := range strings.Split(text, "\n") {
		m := fenceLine.FindStringSubmatch(line)
		switch {
		case fence == "" && m != nil:
			fence = m[1]
		case fence == "":
			if !strings.HasPrefix(line, "    ") { // an indented block
				out = append(out, line)
			}
		case m != nil && strings.HasPrefix(m[1], fence) && strings.Trim(strings.TrimSpace(line), fence[:1]) == "":
			fence = ""
		}
	}
	return out
}

// headings are the texts of a page's headings, as they are written.
func headings(text string) (out []string) {
	for _, line := range lines(text) {
		if m := headingLine.FindStringSubmatch(line); m != nil {
			out = append(out, m[1])
		}
	}
	return out
}

// shown is what a reader sees of a heading.
func shown(heading string) string {
	heading = linkText.ReplaceAllString(heading, "$1")
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "`", "", `\`, "", "*", "").Replace(heading)
}

// anchors are what links into a page may name.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, h := range headings(text) {
		out[slug(shown(h))] = true
	}
	for _, m := range idPattern.FindAllStringSubmatch(strings.Join(lines(text), "\n"), -1) {
		out[m[1]] = true
	}
	return out
}

// targets are the addresses of a page's links.
func targets(text string) (out []string) {
	for _, line := range lines(text) {
		line = inlineCode.ReplaceAllString(line, "x")
		for _, m := range linkPattern.FindAllStringSubmatch(line, -1) {
			out = append(out, strings.Trim(m[1], "<>"))
		}
	}
	return out
}

// documented are the files of the repository that people read.
func documented(t *testing.T) (out []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "docs/*/*/*.md", "examples/*.md", "examples/*/*.md", "clients/*.md", "bench/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	if len(out) < 10 {
		t.Fatalf("only %d pages were found", len(out))
	}
	return out
}

// TestLinksLeadSomewhere: every relative link of a page leads to a file that is
// there, and to an anchor that it has.
func TestLinksLeadSomewhere(t *testing.T) {
	texts := map[string]string{} // by cleaned path
	read := func(file string) string {
		if _, ok := texts[file]; !ok {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts[file] = string(data)
		}
		return texts[file]
	}
	found := map[string]map[string]bool{}
	for _, file := range documented(t) {
		for _, to := range targets(read(file)) {
			u, err := url.Parse(to)
			if err != nil {
				t.Errorf("%s: %s: %v", file, to, err)
				continue
			}
			if u.Scheme != "" || u.Host != "" {
				continue
			}
			target := file
			if u.Path != "" {
				target = filepath.Join(filepath.Dir(file), filepath.FromSlash(u.Path))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s leads nowhere", file, to)
				continue
			}
			if u.Fragment == "" || filepath.Ext(target) != ".md" {
				continue
			}
			if found[target] == nil {
				found[target] = anchors(read(target))
			}
			if !found[target][u.Fragment] {
				t.Errorf("%s: %s: there is no such anchor", file, to)
			}
		}
	}
}

// TestReadingMarkdown tries what the test above rests on.
func TestReadingMarkdown(t *testing.T) {
	const text = "# One `two`: three_four\n\n## [five](six.md)\n```sh\n# no heading [a](b)\n```\n<a id=\"seven\"></a>\n" +
		"[x](a.md#b) `[no](link)` [y [z]](<c d.md>) ![w](e.png) [v](f_(g).md)\n"
	for _, want := range []string{"one-two-three_four", "five", "seven"} {
		if !anchors(text)[want] {
			t.Errorf("no anchor %s among %v", want, anchors(text))
		}
	}
	if n := len(anchors(text)); n != 3 {
		t.Errorf("%d anchors: %v", n, anchors(text))
	}
	if got := strings.Join(targets(text), " "); got != "six.md a.md#b c d.md e.png f_(g).md" {
		t.Errorf("links to %s", got)
	}
}
