package command

import (
	"io"
	"strings"
)

// column is one of a table.
type column struct {
	title string
	width int  // at least
	share int  // of the columns that are left over
	whole bool // never cut: somebody will copy it
}

const gap = 2

// table writes rows as they come, however many: its widths depend on no row.
type table struct {
	out     io.Writer
	paint   paint
	columns []column
}

// newTable writes the heading. Screen is where out ends.
func newTable(out, screen io.Writer, columns ...column) (*table, error) {
	left, shares := columnsOf(screen)-gap*(len(columns)-1), 0
	for _, c := range columns {
		left, shares = left-c.width, shares+c.share
	}
	t := &table{out: out, paint: painter(screen), columns: columns}
	titles := make([]cell, len(columns))
	for i := range columns {
		if c := &t.columns[i]; shares > 0 && left > 0 {
			c.width += left * c.share / shares
		}
		titles[i] = cell{t.columns[i].title, bold}
	}
	return t, t.row(titles...)
}

// cell is a text of anybody's, and its colour.
type cell struct{ text, colour string }

func (t *table) row(cells ...cell) error {
	var b strings.Builder
	pad := 0
	for i, c := range cells {
		text := plain(c.text)
		if !t.columns[i].whole {
			text = cut(text, t.columns[i].width)
		}
		if text != "" {
			b.WriteString(strings.Repeat(" ", pad))
			b.WriteString(t.paint.text(text, c.colour))
			pad = 0
		}
		pad += max(0, t.columns[i].width-widthOf(text)) + gap
	}
	b.WriteByte('\n')
	_, err := io.WriteString(t.out, b.String())
	return err
}

// sheet writes what is known of one thing, a label and its values.
type sheet struct {
	out   io.Writer
	paint paint
	width int   // of values
	err   error // the first
}

const labelWidth = 13

func newSheet(out io.Writer) *sheet {
	return &sheet{out: out, paint: painter(out), width: columnsOf(out) - labelWidth}
}

// sentence writes a text on as many lines as it needs, and all of it.
func (s *sheet) sentence(label, text string) {
	if text = strings.Join(strings.Fields(plain(text)), " "); text != "" {
		s.line(label, wrap(text, s.width)...)
	}
}

// some is line where there is something to say.
func (s *sheet) some(label, value string) {
	if value != "" {
		s.line(label, value)
	}
}

// line writes values below each other. Without one there is no line.
func (s *sheet) line(label string, values ...string) { s.coloured(label, "", values...) }

func (s *sheet) coloured(label, colour string, values ...string) {
	for i, v := range values {
		if i > 0 {
			label = ""
		}
		if s.err == nil {
			_, s.err = io.WriteString(s.out, label+strings.Repeat(" ", max(1, labelWidth-len(label)))+s.paint.text(cut(plain(v), s.width), colour)+"\n")
		}
	}
}
