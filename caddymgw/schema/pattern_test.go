package schema

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPatterns(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pattern         string
		slow            bool
		passes, refused string
	}{
		"plain":                {`^[a-z]+$`, false, "abc", "ab1"},
		"not anchored":         {`b`, false, "abc", "acd"},
		"code points":          {`^[\u00e4\u00C4]$`, false, "ä", "zq"},
		"classes":              {`^\p{L}+$`, false, "äb", "a1"},
		"escaped slash":        {`^\/a\-b$`, false, "/a-b", "/ab"},
		"named group":          {`^(?<y>\d{4})$`, false, "2020", "202"},
		"look ahead":           {`^(?!admin)[a-z]+$`, true, "user", "administrator"},
		"look behind":          {`(?<=a)b$`, true, "ab", "cb"},
		"back reference":       {`^(a|b)\1$`, true, "aa", "ab"},
		"thousands of repeats": {`^[a-z]{2,4096}$`, true, "abc", "!"},
		"lines":                {`^(?!x)a$`, true, "a", "a\nb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, ok := toRE2(tc.pattern)
			require.Equal(t, !tc.slow, ok)
			doc := sound(t, bodyOf("3.0.3", "{type: string, format: date-like, pattern: '"+tc.pattern+"'}", ""))
			op := doc.Operation("POST", "/a")
			require.Empty(t, op.Request(message{"POST", "/a", []string{asJSON}, "x"}.request(), quoted(tc.passes)))
			problems := texts(op.Request(message{"POST", "/a", []string{asJSON}, "x"}.request(), quoted(tc.refused)))
			require.Len(t, problems, 1)
			require.Contains(t, problems[0], "body#: string doesn't match the regular expression")
			require.NotContains(t, problems[0], tc.refused)
		})
	}
}

func quoted(s string) []byte {
	return []byte(`"` + strings.ReplaceAll(s, "\n", `\n`) + `"`)
}

func TestSlowPatternKeepsTheFormat(t *testing.T) {
	t.Parallel()
	op := sound(t, bodyOf("3.0.3", "{type: string, format: date, pattern: '^(?!1)'}", "")).Operation("POST", "/a")
	require.Empty(t, message{"POST", "/a", []string{asJSON}, `"2020-02-29"`}.judged(op))
	require.Equal(t, []string{"body#: string is no date"}, message{"POST", "/a", []string{asJSON}, `"2020-02-30"`}.judged(op))
	require.Equal(t, []string{`body#: string doesn't match the regular expression "^(?!1)"`}, message{"POST", "/a", []string{asJSON}, `"1999-01-01"`}.judged(op))
}

// TestPatternsThatTakeForEver: what is not judged in time is refused, and all of a
// message together gets no more time than one.
func TestPatternsThatTakeForEver(t *testing.T) {
	t.Parallel()
	op := sound(t, bodyOf("3.0.3", "{type: array, items: {type: string, pattern: '^(?!x)(a|aa|aaa|a*)*$'}}", "")).Operation("POST", "/a")
	bad := `"` + strings.Repeat("a", 60) + `!"`
	body := "[" + bad + strings.Repeat(","+bad, 200) + "]"
	start := time.Now()
	problems := message{"POST", "/a", []string{asJSON}, body}.judged(op)
	require.Less(t, time.Since(start), 10*time.Second) // 200 matches in their own time would take as many
	require.Len(t, problems, maxProblems)
	require.Contains(t, problems[0], "could not be judged in time")
	require.Empty(t, message{"POST", "/a", []string{asJSON}, `["aaa"]`}.judged(op), "the next message has its own time")
}

func TestRepeatBombsCompileInTime(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{`(a{1000}){1000}`, `((a{100}){100}){100}`, `(?!x)((a{1,1000}){1,1000}){1,1000}`, strings.Repeat("(", 4000) + strings.Repeat(")", 4000)} {
		start := time.Now()
		if _, ok := toRE2(pattern); !ok {
			_, err := compileSlow(pattern)
			_ = err // either is good, in time
		}
		require.Less(t, time.Since(start), 10*time.Second)
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for format, tc := range map[string]struct{ passes, refused []string }{
		"byte":          {[]string{"", "Zm9v", "Zm8=", "Zm8", "_-8"}, []string{"Zm9v!", "Zm9vY", "Zm\n9v"}},
		"date":          {[]string{"2020-02-29"}, []string{"2021-02-29", "2020-2-1", "2020-02-29T00:00:00Z", ""}},
		"date-time":     {[]string{"2020-02-29T12:00:00Z", "2020-02-29t12:00:00.5+01:00", "2016-12-31T23:59:60Z"}, []string{"2020-02-30T12:00:00Z", "2020-02-29 12:00:00Z", "2020-02-29T12:00:00", "2020-02-29T25:00:00Z", "2020-02-29T12:00:00,5Z"}},
		"duration":      {[]string{"P1Y2M3DT4H5M6S", "PT0.5S", "P2W"}, []string{"1h", "P1H", "-P1D"}},
		"email":         {[]string{"a@example.com", "a.b+c@example.com"}, []string{"a", "a@", "A <a@example.com>", "a@b c"}},
		"hostname":      {[]string{"example.com", "a-b.c"}, []string{"-a.b", "a..b", "a_b", "example.com/", ""}},
		"ipv4":          {[]string{"127.0.0.1"}, []string{"127.0.0.01", "::1", "1.2.3"}},
		"ipv6":          {[]string{"::1", "2001:db8::1"}, []string{"127.0.0.1", "::1%eth0", "1:2"}},
		"time":          {[]string{"12:00:00Z"}, []string{"12:00", "25:00:00Z"}},
		"uri":           {[]string{"https://example.com/a?b#c", "urn:a:b"}, []string{"example.com", "/a", "https://a b", "https://a/{b}", "https://ä.example"}},
		"uri-reference": {[]string{"/a", "../b", "#c", ""}, []string{"/a b", "%zz"}},
		"uuid":          {[]string{"123e4567-e89b-12d3-a456-426614174000"}, []string{"123e4567e89b12d3a456426614174000", "x"}},
		"phone-number":  {[]string{"anything"}, nil},
		"password":      {[]string{"anything"}, nil},
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			op := sound(t, bodyOf("3.0.3", "{type: object, properties: {a: {type: string, format: "+format+"}}}", "")).Operation("POST", "/a")
			for _, s := range tc.passes {
				require.Empty(t, op.Request(message{"POST", "/a", []string{asJSON}, "x"}.request(), []byte(`{"a":`+string(quoted(s))+`}`)), s)
			}
			for _, s := range tc.refused {
				require.Equal(t, []string{"body#/a: string is no " + format}, texts(op.Request(message{"POST", "/a", []string{asJSON}, "x"}.request(), []byte(`{"a":`+string(quoted(s))+`}`))), s)
			}
		})
	}
}
