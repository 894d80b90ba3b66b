package basic

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ user, refusal string }{
		"plain":            {"alice", ""},
		"mail address":     {"alice@example.com", ""},
		"spaces":           {" alice b ", ""},
		"UTF-8":            {"Zoë", ""},
		"long":             {strings.Repeat("a", 10_000), ""},
		"empty":            {"", "empty"},
		"colon":            {"a:b", `":"`},
		"NUL":              {"a\x00", "control"},
		"line break":       {"a\nb", "control"},
		"DEL":              {"a\x7f", "control"},
		"C1 control":       {"a\u0085", "control"},
		"ISO 8859-1":       {"Zo\xeb", "UTF-8"},
		"escape for colon": {"a%3ab", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkName(tc.user)
			if tc.refusal == "" {
				require.NoError(t, err)
				// What New takes, a request can present.
				user, _, err := ParseCredentials(encode(tc.user + ":p"))
				require.NoError(t, err)
				require.Equal(t, tc.user, user)
				return
			}
			require.ErrorContains(t, err, tc.refusal)
		})
	}
}
