package names

import "strings"

// Plain is an expression's text without what means nothing: comments are left
// out, and what white space there is between two signs is one space. Two
// expressions with one plain text mean the same; it does not change with the
// engine, as a lowered tree may.
func Plain(src string) string {
	var b strings.Builder
	gap := false
	for i := 0; i < len(src); {
		switch {
		case strings.IndexByte(" \t\n\r\f", src[i]) >= 0:
			gap = true
			i++
			continue
		case strings.HasPrefix(src[i:], "//"):
			gap = true
			if n := strings.IndexByte(src[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(src)
			}
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		end := i + 1
		if src[i] == '"' || src[i] == '\'' {
			end = i + literalLength(src[i:], i > 0 && (src[i-1] == 'r' || src[i-1] == 'R') && rawPrefix(src[:i]))
		}
		b.WriteString(src[i:end])
		i = end
	}
	return b.String()
}

// rawPrefix tells whether the text before a quote ends in the sign of a raw
// literal, and not in a name that happens to end so.
func rawPrefix(before string) bool {
	name := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	n := len(before) - 1
	if n > 0 && (before[n-1] == 'b' || before[n-1] == 'B') {
		n--
	}
	return n == 0 || !name(before[n-1])
}

// literalLength is the length of the text literal that src begins with; all
// of src where it does not end.
func literalLength(src string, raw bool) int {
	quote := src[:1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(src, triple) {
		quote = triple
	}
	for i := len(quote); i < len(src); i++ {
		switch {
		case src[i] == '\\' && !raw:
			i++
		case strings.HasPrefix(src[i:], quote):
			return i + len(quote)
		}
	}
	return len(src)
}
