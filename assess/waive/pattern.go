package waive

import "strings"

// pattern is a subject in which "*" stands for any text, the empty one and
// slashes included.
type pattern struct {
	head, tail string
	middle     []string // what stands between two stars
}

// patternOf makes the pattern of a waiver's subject; nil where it has no star.
func patternOf(subject string) *pattern {
	parts := strings.Split(subject, "*")
	if len(parts) == 1 {
		return nil
	}
	last := len(parts) - 1
	return &pattern{head: parts[0], middle: parts[1:last], tail: parts[last]}
}

// Pattern tells what a waiver's subject stands for, in which "*" is any text.
func Pattern(subject string) func(id string) bool {
	p := patternOf(subject)
	if p == nil {
		return func(id string) bool { return id == subject }
	}
	return p.matches
}

// matches takes what stands between stars as early as it can, which finds a
// way if there is one, in time that grows with the text.
func (p *pattern) matches(id string) bool {
	rest, ok := strings.CutPrefix(id, p.head)
	if !ok {
		return false
	}
	if rest, ok = strings.CutSuffix(rest, p.tail); !ok {
		return false
	}
	for _, part := range p.middle {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return true
}
