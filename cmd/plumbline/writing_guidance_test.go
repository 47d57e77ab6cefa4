package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// The page about writing guidance, and the files that come out of it.
var (
	writingGuidance = filepath.Join("..", "..", "docs", "writing-guidance.md")
	ownChecklist    = filepath.Join("..", "..", "examples", "own-checklist")
)

// docBlock is a fenced block of the page: "yaml FILE" is a file or the next part
// of one, "yaml part of FILE" stands somewhere in it, "console KIND" has commands.
type docBlock struct{ info, text string }

func docBlocks(t *testing.T) (out []docBlock, page string) {
	t.Helper()
	data, err := os.ReadFile(writingGuidance)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w[^\n]*)\n(.*?)\n```$").FindAllStringSubmatch(string(data), -1) {
		out = append(out, docBlock{m[1], m[2]})
	}
	return out, string(data)
}

// docFiles are the files that a reader of the page has written, by name.
func docFiles(blocks []docBlock) map[string]string {
	parts := map[string][]string{}
	for _, b := range blocks {
		if name, ok := strings.CutPrefix(b.info, "yaml "); ok && !strings.HasPrefix(name, "part of ") {
			parts[name] = append(parts[name], b.text)
		}
	}
	out := map[string]string{}
	for name, list := range parts {
		out[name] = strings.Join(list, "\n\n") + "\n"
	}
	return out
}

// TestWritingGuidanceFiles holds the files on the page against those that a
// reader can take instead.
func TestWritingGuidanceFiles(t *testing.T) {
	blocks, _ := docBlocks(t)
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(ownChecklist, name))
		if err != nil {
			t.Error(err)
		}
		return string(data)
	}
	files := docFiles(blocks)
	for name, text := range files {
		if name != "draft.yaml" && read(name) != text { // which is wrong on purpose, and only there
			t.Errorf("%s on the page is not examples/own-checklist/%s", name, name)
		}
	}
	if len(files) < 4 {
		t.Errorf("the page has only %d files", len(files))
	}
	const second = "ticketdesk-1.1.0.yaml"
	if got := secondVersion(t, files["ticketdesk-1.0.0.yaml"], blocks); got != read(second) {
		t.Errorf("doing what the page says does not give examples/own-checklist/%s but\n%s", second, got)
	}
}

// TestWritingGuidanceOffline runs the page's commands that need no server, in a
// folder that has the files that a reader has by then.
func TestWritingGuidanceOffline(t *testing.T) {
	if raceDetector {
		t.Skip("see TestScripts")
	}
	blocks, _ := docBlocks(t)
	dir := t.TempDir()
	docScratch(t, dir, blocks)
	runBlocks(t, dir, blocks, "console offline", nil)
}

// TestWritingGuidanceServer runs those that need one.
func TestWritingGuidanceServer(t *testing.T) {
	if raceDetector {
		t.Skip("see TestScripts")
	}
	blocks, _ := docBlocks(t)
	dir := t.TempDir()
	docScratch(t, dir, blocks)
	i := slices.IndexFunc(blocks, func(b docBlock) bool { return b.info == "console serve" })
	if i < 0 {
		t.Fatal("the page starts no server")
	}
	made, serve, ok := strings.Cut(blocks[i].text, "\n$ plumbline serve ")
	if !ok {
		t.Fatalf("%q does not end with plumbline serve", blocks[i].text)
	}
	runBlocks(t, dir, []docBlock{{"console serve", made + "\n…"}}, "console serve", nil)
	p, err := startServer(program(t), dir, append(strings.Fields(serve), "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0")...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.stop(); err != nil {
			t.Error(err)
		}
	}()
	runBlocks(t, dir, blocks, "console server", []string{"PLUMBLINE_SERVER=" + p.grpc})
}

// docScratch writes what a reader has.
func docScratch(t *testing.T, dir string, blocks []docBlock) {
	t.Helper()
	files := docFiles(blocks)
	files["ticketdesk-1.1.0.yaml"] = secondVersion(t, files["ticketdesk-1.0.0.yaml"], blocks)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// secondVersion does to the first version what the page tells the reader to do.
func secondVersion(t *testing.T, text string, blocks []docBlock) string {
	t.Helper()
	i := slices.IndexFunc(blocks, func(b docBlock) bool { return b.info == "yaml part of ticketdesk-1.1.0.yaml" })
	if i < 0 {
		t.Fatal("the page has no new rule")
	}
	before, after, ok := strings.Cut(text, "      - id: restore-tested\n")
	if !ok {
		t.Fatal("the first version has no rule restore-tested")
	}
	before = strings.Replace(before, "version: 1.0.0", "version: 1.1.0", 1)
	before = strings.Replace(before, "default: 45d", "default: 30d", 1)
	after = strings.Replace(after, "severity: medium", "severity: high", 1)
	return before + blocks[i].text + "\n\n      - id: restore-tested\n" + after
}

var exitCode = regexp.MustCompile(` # exit code (\d+)$`)

// runBlocks runs the commands of the blocks with that info, each line that
// begins with "$ ", and compares what they print with the lines below.
func runBlocks(t *testing.T, dir string, blocks []docBlock, info string, env []string) {
	t.Helper()
	ran := 0
	for _, b := range blocks {
		if b.info != info {
			continue
		}
		for _, step := range strings.Split("\n"+b.text, "\n$ ")[1:] {
			line, want, _ := strings.Cut(step, "\n")
			runLine(t, dir, line, want, env)
			ran++
		}
	}
	if ran == 0 {
		t.Errorf("there is no command in a block %q", info)
	}
}

func runLine(t *testing.T, dir, line, want string, env []string) {
	t.Helper()
	code := "0"
	if m := exitCode.FindStringSubmatch(line); m != nil {
		code = m[1]
	}
	c := exec.Command("sh", "-c", line)
	c.Dir, c.Env = dir, environment(append(env, "NO_COLOR=1")...)
	out, err := c.CombinedOutput()
	got := "0"
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = fmt.Sprint(exit.ExitCode())
	} else if err != nil {
		t.Fatal(err)
	}
	if got != code {
		t.Errorf("$ %s\nexit code %s, the page says %s\n%s", line, got, code, out)
	}
	if !printed(string(out), want) {
		t.Errorf("$ %s\nprints\n%s\nthe page says\n%s", line, out, want)
	}
}

// printed tells whether an output is what the page shows: "…" alone on a line
// stands for any lines, within a line for any text; how many blanks there are
// does not count, nor do empty lines.
func printed(out, shown string) bool {
	var pattern strings.Builder
	pattern.WriteString(`^`)
	for _, line := range fullLines(shown) {
		if line == "…" {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*?") + `\n`)
	}
	return regexp.MustCompile(pattern.String() + `$`).MatchString(strings.Join(append(fullLines(out), ""), "\n"))
}

func fullLines(text string) (out []string) {
	for _, line := range strings.Split(text, "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// TestWritingGuidanceRefusals: what the page says is refused is, and what it says
// to write instead is not.
func TestWritingGuidanceRefusals(t *testing.T) {
	_, page := docBlocks(t)
	_, table, ok := strings.Cut(page, "| Refused | Write instead |\n|---|---|\n")
	if !ok {
		t.Fatal("the page has no table of what is refused")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	data, err := os.ReadFile(filepath.Join(ownChecklist, "ticketdesk-1.1.0.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f, found := guidance.Parse("ticketdesk-1.1.0.yaml", data)
	if guidance.HasErrors(found) {
		t.Fatal(found)
	}
	refused := func(check string) bool {
		c := proto.CloneOf(f.Checklist)
		c.Groups = []*pb.Group{{Id: "all", Rules: []*pb.Rule{{Id: "one", Scope: "host", Check: check}}}}
		c.Profiles = []*pb.Profile{{Id: "all"}}
		k, _ := assess.Compile(c)
		return k == nil
	}
	row := regexp.MustCompile("^\\| `(.*)` \\| `(.*)` \\|$")
	rows := strings.Split(table, "\n")
	for _, line := range rows {
		m := row.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%q is no row with two conditions", line)
			continue
		}
		if bad := strings.ReplaceAll(m[1], `\|`, "|"); !refused(bad) {
			t.Errorf("%s is not refused", bad)
		}
		if good := strings.ReplaceAll(m[2], `\|`, "|"); refused(good) {
			t.Errorf("%s is refused", good)
		}
	}
	if len(rows) < 5 {
		t.Errorf("the table has only %d rows", len(rows))
	}
}
