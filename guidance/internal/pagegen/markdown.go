package pagegen

import (
	"regexp"
	"strings"
	"unicode"
)

// special are the signs that mean something to Markdown, to GitHub's additions
// to it ($ begins mathematics) or to HTML, wherever they stand in a line.
var special = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "[", `\[`, "]", `\]`, "~", `\~`, "$", `\$`,
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
)

var (
	// An underscore within a word is no emphasis, and names have many.
	loneUnderscore = regexp.MustCompile(`(^|[^\pL\pN_])(_+)|(_+)([^\pL\pN_]|$)`)
	lineStart      = regexp.MustCompile(`^(#|[-+=]|\d+[.)])`)
	lastSign       = regexp.MustCompile(`.$`)
)

// escape writes a plain text so that Markdown shows it as it is within a line.
func escape(text string) string {
	return escapeWithin(strings.Join(strings.Fields(text), " "))
}

// escapeWithin is escape for a piece of a line, which keeps the blanks around it.
func escapeWithin(text string) string {
	return loneUnderscore.ReplaceAllStringFunc(special.Replace(text), func(s string) string {
		return strings.ReplaceAll(s, "_", `\_`)
	})
}

// escapeLine is escape for a text at the beginning of a line, where some more
// signs mean something.
func escapeLine(text string) string {
	return lineStart.ReplaceAllStringFunc(escape(text), func(s string) string { return lastSign.ReplaceAllString(s, `\$0`) })
}

// code is a text as inline code, whatever it holds.
func code(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return ""
	}
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// codes are texts as inline code, with commas between.
func codes(texts []string) string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = code(t)
	}
	return strings.Join(out, ", ")
}

// longestRun is the length of the longest run of a sign.
func longestRun(text string, sign rune) int {
	longest, run := 0, 0
	for _, r := range text {
		if run++; r != sign {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// link is a link with a text that is Markdown already.
func link(text, to string) string {
	if strings.ContainsAny(to, " ()<>") {
		to = "<" + strings.NewReplacer("<", "%3C", ">", "%3E", " ", "%20").Replace(to) + ">"
	}
	return "[" + text + "](" + to + ")"
}

// template shows a message: its text, and its {placeholders} as code.
func template(text string) string {
	const opening, closing = "\x01", "\x02" // stand for {{ and }}, which are braces
	text = strings.NewReplacer("{{", opening, "}}", closing).Replace(text)
	var out strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(escapeWithin(before))
		expr, after, closed := strings.Cut(rest, "}")
		if found && closed {
			out.WriteString(code("{" + expr + "}"))
		}
		text = after
	}
	return strings.TrimSpace(strings.NewReplacer(opening, "{", closing, "}").Replace(out.String()))
}

// slug is the anchor that GitHub gives to a heading: small letters, digits, _
// and -, with - for a blank.
func slug(heading string) string {
	var out strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(heading)) {
		switch {
		case r == ' ':
			out.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			out.WriteRune(r)
		}
	}
	return out.String()
}
