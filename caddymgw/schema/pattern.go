package schema

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// Patterns are ECMA-262 in name. RE2, which needs linear time, compiles nearly
// all real ones; the rest, mostly with look-around, goes to a backtracking engine
// under a time limit.
const (
	maxPattern   = 8 << 10                // bytes
	matchTimeout = 50 * time.Millisecond  // of one match by backtracking
	matchBudget  = 100 * time.Millisecond // of all of them in one message
	maxBacktrack = 1 << 18                // stack slots
)

var errPatternSize = fmt.Errorf("the pattern is longer than %d bytes", maxPattern)

// codePoint is \uXXXX, which RE2 spells \x{XXXX}.
var codePoint = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)

// toRE2 returns the pattern for RE2; ok is false where it can't compile it.
func toRE2(pattern string) (re2 string, ok bool) {
	re2 = codePoint.ReplaceAllString(pattern, `\x{$1}`)
	_, err := regexp.Compile(re2)
	return re2, err == nil
}

// slowPattern is one that only backtracking can match. It is checked as if it
// were a format: kin-openapi takes formats per call, and patterns for ever.
type slowPattern struct {
	name   string // of the made-up format
	text   string
	format string // that the schema has besides
	re     *regexp2.Regexp
}

const slowPrefix = "mgw.slow."

func compileSlow(pattern string) (*regexp2.Regexp, error) {
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript, regexp2.OptionMaxBacktrackingStackSize(maxBacktrack))
	if err != nil {
		return nil, fmt.Errorf("the pattern can't be compiled: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	re.MatchTimeout = matchTimeout
	return re, nil
}

// budget is what one message may still spend on slow patterns.
type budget struct {
	left time.Duration
	now  func() time.Time
}

// errNotJudged means that a value was not found to be good in time.
var errNotJudged = errors.New("the value could not be judged in time")

// match reports why a string does not fit.
func (b *budget) match(p *slowPattern, s string) error {
	if b.left <= 0 {
		return errNotJudged
	}
	start := b.now()
	ok, err := p.re.MatchString(s)
	b.left -= b.now().Sub(start)
	switch {
	case err != nil:
		return errNotJudged
	case !ok:
		return fmt.Errorf("string doesn't match the regular expression %q", p.text)
	}
	return nil
}
