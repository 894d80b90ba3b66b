package command

import (
	"fmt"
	"time"
)

var units = []struct {
	length       time.Duration
	word, letter string
}{
	{365 * 24 * time.Hour, "year", "y"},
	{24 * time.Hour, "day", "d"},
	{time.Hour, "hour", "h"},
	{time.Minute, "minute", "m"},
	{time.Second, "second", "s"},
}

// span returns the largest unit of which a duration has two at least, and how
// many it has: so few words are never far off.
func span(d time.Duration) (n int64, word, letter string) {
	u := units[len(units)-1]
	for _, larger := range units {
		if d >= 2*larger.length {
			u = larger
			break
		}
	}
	return int64(d.Round(u.length) / u.length), u.word, u.letter
}

// fromNow says a moment as seen from now: "in 3 days", "2 hours ago".
func fromNow(t, now time.Time) string {
	d := t.Sub(now)
	n, word, _ := span(d.Abs())
	if n != 1 {
		word += "s"
	}
	switch {
	case n == 0:
		return "now"
	case d < 0:
		return fmt.Sprintf("%d %s ago", n, word)
	}
	return fmt.Sprintf("in %d %s", n, word)
}

// brief is fromNow for tables: "in 3d", "2h ago"; none where there is no moment.
func brief(t *time.Time, now time.Time, none string) string {
	if t == nil {
		return none
	}
	d := t.Sub(now)
	n, _, letter := span(d.Abs())
	switch {
	case n == 0:
		return "now"
	case d < 0:
		return fmt.Sprintf("%d%s ago", n, letter)
	}
	return fmt.Sprintf("in %d%s", n, letter)
}

// exact is a moment for whom a word is not enough: RFC 3339, and in words.
func exact(t *time.Time, now time.Time) string {
	if t == nil {
		return "never"
	}
	return fmt.Sprintf("%s (%s)", t.UTC().Format(time.RFC3339), fromNow(*t, now))
}
