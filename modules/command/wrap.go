package command

import "strings"

// wrap breaks a plain text into lines of a width: at spaces, else behind a slash,
// else anywhere.
func wrap(text string, width int) (lines []string) {
	for widthOf(text) > width {
		end, n := 0, 0
		space, slash := -1, -1
		for i, r := range text {
			wide := columns(r)
			if r == ' ' {
				space = i
			}
			if n += wide; n > width {
				break
			}
			end = i + len(string(r))
			if r == '/' && i > 0 {
				slash = end
			}
		}
		switch {
		case space > 0:
			end = space
		case slash > 0:
			end = slash
		case end == 0: // a character that is wider than the column
			end = len(text)
		}
		lines = append(lines, text[:end])
		text = strings.TrimLeft(text[end:], " ")
	}
	return append(lines, text)
}

// grid is a table whose cells take more than one line where they need to. It is
// written whole: its widths depend on its rows.
type grid struct {
	titles []string
	rows   [][]cell
}

// add adds a row. Its texts may be anybody's.
func (g *grid) add(cells ...cell) {
	for i := range cells {
		cells[i].text = plain(cells[i].text)
	}
	g.rows = append(g.rows, cells)
}

// widths gives each column what it needs, and where that is too much, the wide ones
// equal parts of what the others leave.
func (g *grid) widths(most int) []int {
	need := make([]int, len(g.titles))
	for i, title := range g.titles {
		need[i] = widthOf(title)
		for _, row := range g.rows {
			need[i] = max(need[i], widthOf(row[i].text))
		}
	}
	left, open := most-gap*(len(need)-1), len(need)
	fixed := make([]bool, len(need))
	for {
		settled := true
		for i, n := range need {
			if !fixed[i] && n <= left/open {
				fixed[i], settled = true, false
				left, open = left-n, open-1
			}
		}
		if open == 0 {
			return need
		}
		if settled {
			break
		}
	}
	for i := range need {
		if !fixed[i] {
			need[i] = left / open
			left, open = left-need[i], open-1
		}
	}
	return need
}

// lines writes the table for a screen.
func (g *grid) lines(most int, p paint) string {
	widths := g.widths(most)
	var b strings.Builder
	titles := make([]cell, len(g.titles))
	for i, title := range g.titles {
		titles[i] = cell{title, bold}
	}
	for _, row := range append([][]cell{titles}, g.rows...) {
		parts, tallest := make([][]string, len(row)), 0
		for i, c := range row {
			parts[i] = wrap(c.text, widths[i])
			tallest = max(tallest, len(parts[i]))
		}
		for n := range tallest {
			pad := 0
			for i, c := range row {
				text := ""
				if n < len(parts[i]) {
					text = parts[i][n]
				}
				if text != "" {
					b.WriteString(strings.Repeat(" ", pad))
					b.WriteString(p.text(text, c.colour))
					pad = 0
				}
				pad += max(0, widths[i]-widthOf(text)) + gap
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
