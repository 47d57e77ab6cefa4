package schemagen

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
)

var (
	messageLine = regexp.MustCompile(`^message\s+(\w+)\s*\{`)
	fieldLine   = regexp.MustCompile(`^(?:optional\s+|repeated\s+)?[\w.<>, ]+\s+(\w+)\s*=\s*\d+`)
)

// readComments reads the comments before messages and their fields in the
// .proto files of a folder. It understands what our own files look like: one
// declaration a line, line comments above it, no message within another.
func readComments(protos fs.FS) (map[string]string, error) {
	out := map[string]string{}
	files, err := fs.Glob(protos, "*.proto")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		data, err := fs.ReadFile(protos, path.Clean(name))
		if err != nil {
			return nil, err
		}
		readFile(string(data), out)
	}
	return out, nil
}

func readFile(text string, out map[string]string) {
	message, comment := "", []string(nil)
	for _, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if c, ok := strings.CutPrefix(trimmed, "//"); ok {
			comment = append(comment, strings.TrimSpace(c))
			continue
		}
		words := strings.Join(comment, " ")
		comment = nil
		if m := messageLine.FindStringSubmatch(line); m != nil {
			message = m[1]
			out[message] = words
		} else if m := fieldLine.FindStringSubmatch(trimmed); m != nil && message != "" && words != "" {
			out[message+"."+m[1]] = words
		} else if line == "}" {
			message = ""
		}
	}
}
