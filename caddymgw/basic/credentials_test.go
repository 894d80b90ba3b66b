package basic

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
)

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestParseCredentials(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ b64, user, password string }{
		"the example of RFC 7617 section 2":   {"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"},
		"the example of RFC 7617 section 2.1": {"dGVzdDoxMjPCow==", "test", "123£"},
		"the first colon ends the user":       {encode("u:p:q:"), "u", "p:q:"},
		"empty user":                          {encode(":p"), "", "p"},
		"empty password":                      {encode("u:"), "u", ""},
		"both empty":                          {encode(":"), "", ""},
		"spaces stay":                         {encode(" u : p "), " u ", " p "},
		"case stays":                          {encode("Alice:P"), "Alice", "P"},
		"no normalization":                    {encode("e\u0301:\u00e9"), "e\u0301", "\u00e9"},
		"invisible, but no control":           {encode("u\u2028\ufeff:\u200b"), "u\u2028\ufeff", "\u200b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user, password, err := ParseCredentials(tc.b64)
			require.NoError(t, err)
			require.Equal(t, tc.user, user)
			require.Equal(t, tc.password, password)
		})
	}
}

func TestParseCredentialsRefuses(t *testing.T) {
	t.Parallel()
	for name, b64 := range map[string]string{
		"nothing":                  "",
		"no base64":                "!!!",
		"no colon":                 encode("alice"),
		"missing padding":          "QWxhZGRpbjpvcGVuIHNlc2FtZQ",
		"half of the padding":      "QWxhZGRpbjpvcGVuIHNlc2FtZQ=",
		"too much padding":         "QWxhZGRpbjpvcGVuIHNlc2FtZQ===",
		"padding amid":             "dTpw=dTpw",
		"unused bits":              "QWxhZGRpbjpvcGVuIHNlc2FtZR==",
		"unused bits of one pad":   "YTpiYzF=",
		"line feed":                "dTpw\n",
		"carriage return":          "dT\rpw",
		"folded":                   "dTpw\r\n dTpw",
		"space around":             " dTpw ",
		"two credentials":          "dTpw,Basic dTpw",
		"URL alphabet":             base64.URLEncoding.EncodeToString([]byte("u:\u00ff\u00fe?>")),
		"NUL in the user":          encode("u\x00:p"),
		"NUL in the password":      encode("u:p\x00p"),
		"line break in the user":   encode("u\r\n:p"),
		"tab in the password":      encode("u:p\t"),
		"DEL":                      encode("u:p\x7f"),
		"C1 control":               encode("u:p\u0085"),
		"ISO 8859-1":               encode("test:123\xa3"),
		"UTF-8 that is cut":        encode("u:\xe2\x82"),
		"overlong UTF-8":           encode("u:\xc0\xba"),
		"surrogate":                encode("u:\xed\xa0\x80"),
		"overlong colon, no other": encode("u\xc0\xbap"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user, password, err := ParseCredentials(b64)
			require.Equal(t, ErrMalformed, err, "and nothing of the value")
			require.Empty(t, user+password)
		})
	}
}

func FuzzParseCredentials(f *testing.F) {
	for _, s := range []string{"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "dTpw\n", "YTpiYzF=", encode("u:p:q"), encode("u\x00:p")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b64 string) {
		user, password, err := ParseCredentials(b64)
		if err != nil {
			require.Equal(t, ErrMalformed, err)
			require.Empty(t, user+password)
			return
		}
		require.Equal(t, b64, encode(user+":"+password), "each pair has one spelling")
		require.NotContains(t, user, ":")
		require.True(t, presentable(user) && presentable(password))
	})
}
