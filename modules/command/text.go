package command

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// plain escapes what a terminal might obey and what nobody sees: control
// characters, those that turn the direction of writing, and invalid UTF-8. Names
// and subjects are chosen by others.
func plain(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		i += size
	}
	return b.String()
}

// plainJSON does the same to valid JSON, and leaves its meaning: such characters
// stand in strings only, where they may be escaped.
func plainJSON(raw []byte) []byte {
	var b []byte
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRune(raw[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, `\ufffd`...)
		case r < ' ' || strconv.IsPrint(r): // a valid string holds no character below a space
			b = append(b, raw[i:i+size]...)
		case r > 0xffff:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		i += size
	}
	return b
}

// columns is how wide a character is on a terminal.
func columns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

func widthOf(s string) (n int) {
	for _, r := range s {
		n += columns(r)
	}
	return n
}

// cut shortens a plain text to a width, and shows that it did.
func cut(s string, most int) string {
	if widthOf(s) <= most {
		return s
	}
	n := 1 // the ellipsis
	for i, r := range s {
		if n += columns(r); n > most {
			return s[:i] + "…"
		}
	}
	return s
}
