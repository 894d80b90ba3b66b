package fault

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChallenges(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ got, want string }{
		"basic":                       {BasicChallenge("Pets"), `Basic realm="Pets", charset="UTF-8"`},
		"bearer":                      {BearerChallenge("Pets", "", ""), `Bearer realm="Pets"`},
		"bearer with error":           {BearerChallenge("Pets", "invalid_token", ""), `Bearer realm="Pets", error="invalid_token"`},
		"bearer with scope":           {BearerChallenge("Pets", "", "read write"), `Bearer realm="Pets", scope="read write"`},
		"bearer with error and scope": {BearerChallenge("Pets", "insufficient_scope", "read"), `Bearer realm="Pets", error="insufficient_scope", scope="read"`},
		"api key":                     {APIKeyChallenge("Pets", "header", "X-API-Key"), `ApiKey realm="Pets", in="header", name="X-API-Key"`},
		"empty realm":                 {BearerChallenge("", "", ""), `Bearer realm=""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, tc.got)
		})
	}
}

func TestQuotingLeavesOutWhatAHeaderCannotHold(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ realm, quoted string }{
		"visible ASCII and space":     {"Pets 1.0 ~!#,;=", `"Pets 1.0 ~!#,;="`},
		"quotes":                      {`a"b`, `"a\"b"`},
		"backslash":                   {`a\b`, `"a\\b"`},
		"backslash before the end":    {`a\`, `"a\\"`},
		"a parameter of its own":      {`a", error="x`, `"a\", error=\"x"`},
		"a header of its own":         {"a\r\nSet-Cookie: b", `"aSet-Cookie: b"`},
		"line feed":                   {"a\nb", `"ab"`},
		"tab, NUL, escape, DEL":       {"a\tb\x00c\x1bd\x7fe", `"abcde"`},
		"non-ASCII":                   {"Café 犬", `"Caf "`},
		"other line ends":             {"a\u0085b\u2028c", `"abc"`},
		"overlong and invalid UTF-8":  {"a\xc0\x8ab\xffc", `"abc"`},
		"nothing that can be told":    {"犬\r\n", `""`},
		"truncated to a byte, CR, LF": {"a\u010d\u010ab", `"ab"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "Bearer realm="+tc.quoted, BearerChallenge(tc.realm, "", ""))
		})
	}
}

// oneChallenge is a scheme and its parameters, all of them quoted-strings of
// visible ASCII (RFC 9110 sections 5.6.4 and 11.6.1).
var (
	oneChallenge = regexp.MustCompile(`\A[A-Za-z]+ [a-z]+="(?:[ !#-\[\]-~]|\\["\\])*"(?:, [a-z]+="(?:[ !#-\[\]-~]|\\["\\])*")*\z`)
	parameter    = regexp.MustCompile(`([a-z]+)="((?:[^"\\]|\\.)*)"`)
	unescape     = strings.NewReplacer(`\\`, `\`, `\"`, `"`)
)

func parameters(challenge string) [][2]string {
	var list [][2]string
	for _, m := range parameter.FindAllStringSubmatch(challenge, -1) {
		list = append(list, [2]string{m[1], unescape.Replace(m[2])})
	}
	return list
}

func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

func FuzzQuote(f *testing.F) {
	f.Add("Pets", "invalid_token", "read write")
	f.Add(`a", error="x`, `\`, `"`)
	f.Add("a\r\nSet-Cookie: b", "\x00\x7f\t", "Café\xff")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for challenge, want := range map[string][][2]string{
			BasicChallenge(a):        {{"realm", a}, {"charset", "UTF-8"}},
			APIKeyChallenge(a, b, c): {{"realm", a}, {"in", b}, {"name", c}},
			// Where they are empty they are not written at all.
			BearerChallenge(a, b+".", c+"."): {{"realm", a}, {"error", b + "."}, {"scope", c + "."}},
		} {
			for i := range want {
				want[i][1] = visible(want[i][1])
			}
			require.Regexp(t, oneChallenge, challenge)
			require.Equal(t, want, parameters(challenge))
		}
	})
}
