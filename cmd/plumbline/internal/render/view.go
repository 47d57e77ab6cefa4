package render

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// View is what a command lays out for people.
type View struct {
	p *Printer
	b strings.Builder
}

// Title writes a heading with an empty line before it, unless it comes first.
func (v *View) Title(format string, a ...any) {
	if v.b.Len() > 0 {
		v.b.WriteByte('\n')
	}
	v.b.WriteString(v.paint(text.Colors{text.Bold}, fmt.Sprintf(format, a...)))
	v.b.WriteByte('\n')
}

// Line writes one line, broken at the terminal's width.
func (v *View) Line(format string, a ...any) {
	s := fmt.Sprintf(format, a...)
	if v.p.Width > 0 {
		s = wrap(s, v.p.Width)
	}
	v.b.WriteString(strings.TrimRight(s, " \n"))
	v.b.WriteByte('\n')
}

// Raw writes a line as it is, so that it can be pasted: it is not broken.
func (v *View) Raw(s string) {
	v.b.WriteString(s)
	v.b.WriteByte('\n')
}

// Fields writes names with their values in two columns; those with an empty
// value are left out.
func (v *View) Fields(pairs ...[2]string) {
	rows := make([][]string, 0, len(pairs))
	for _, p := range pairs {
		if p[1] != "" {
			rows = append(rows, []string{p[0], p[1]})
		}
	}
	v.grid(nil, rows)
}

// Table writes rows under a header. Where there are none it writes the word
// instead, so that "nothing" is not mistaken for "nothing was asked".
func (v *View) Table(header []string, rows [][]string, none string) {
	if len(rows) == 0 {
		v.Line("%s", none)
		return
	}
	v.grid(header, rows)
}

func (v *View) grid(header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box = table.StyleBoxDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	if header != nil {
		t.AppendHeader(cells(header, func(s string) string { return v.paint(text.Colors{text.Faint}, s) }))
	}
	for _, r := range rows {
		t.AppendRow(cells(r, func(s string) string { return s }))
	}
	t.SetColumnConfigs(v.widths(header, rows))
	v.b.WriteString(t.Render())
	v.b.WriteByte('\n')
}

// widths gives the last column what the others leave of the terminal, and
// breaks it there; the others hold ids and numbers, which must stay whole.
func (v *View) widths(header []string, rows [][]string) []table.ColumnConfig {
	if v.p.Width == 0 {
		return nil
	}
	columns := len(rows[0])
	used := 0
	for c := range columns - 1 {
		most := 0
		if header != nil {
			most = text.StringWidthWithoutEscSequences(header[c])
		}
		for _, r := range rows {
			most = max(most, text.LongestLineLen(r[c]))
		}
		used += most + 2
	}
	return []table.ColumnConfig{{
		Number: columns, WidthMax: max(24, v.p.Width-used-2), WidthMaxEnforcer: wrap,
	}}
}

// wrap breaks each line of a text by itself.
func wrap(s string, width int) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = text.WrapSoft(line, width)
	}
	return strings.Join(lines, "\n")
}

func cells(in []string, f func(string) string) table.Row {
	out := make(table.Row, len(in))
	for i, s := range in {
		out[i] = f(s)
	}
	return out
}

func (v *View) paint(c text.Colors, s string) string {
	if !v.p.Color || s == "" {
		return s
	}
	return c.Sprint(s)
}
