package jwks

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://idp.example.com/jwks", "https://idp.example.com", "HTTPS://IDP.example.com:8443/jwks?tenant=a%20b", "https://10.0.0.1/jwks",
		"https://[2001:db8::1]:443/", "http://localhost/jwks", "http://LOCALHOST:8080/", "http://127.0.0.1:1/", "http://127.1.2.3/", "http://[::1]:8080/jwks",
		"http://[::ffff:127.0.0.1]/",
	} {
		require.NoError(t, CheckURL(good), good)
	}
	for bad, reason := range map[string]string{
		"": "https", "jwks.json": "https", "/jwks": "https", "//idp.test/jwks": "https", "file:///etc/passwd": "https", "ftp://idp.test/": "https",
		"javascript:alert(1)": "https", "unix:/run/x": "https", "data:,{}": "https", "gopher://127.0.0.1/": "https", " https://idp.test/": "not a URL", "https://idp.test/ ": "not a URL",
		"https://idp.test\\@evil.test/": "not a URL", "https://idp.test/\n": "not a URL", "https://idp.test/%zz": "not a URL", "https://[::1/": "not a URL", "https://idp.test:x/": "not a URL",
		"https:///jwks": "no host", "https://": "no host", "https:idp.test": "no host", "https://:443/": "no host", "https://?a": "no host",
		"https://user:hunter2@idp.test/": "user", "https://hunter2@idp.test/": "user", "https://@idp.test/": "user", "http://127.0.0.1@evil.test/": "user",
		"https://idp.test/#": "fragment", "https://idp.test/jwks#a": "fragment",
		"http://idp.test/": "loopback", "http://localhost.evil.test/": "loopback", "http://127.0.0.1.evil.test/": "loopback", "http://localhost./": "loopback",
		"http://10.0.0.1/": "loopback", "http://0.0.0.0/": "loopback", "http://[::]/": "loopback", "http://169.254.169.254/": "loopback", "http://127.1/": "loopback",
		"http://2130706433/": "loopback", "http://0x7f.0.0.1/": "loopback", "http://0177.0.0.1/": "loopback", "http://[::1%25lo]/": "loopback", "http://[::ffff:10.0.0.1]/": "loopback",
		"https://idp.test:0/": "port", "https://idp.test:65536/": "port", "https://idp.test:/": "port",
	} {
		err := CheckURL(bad)
		require.ErrorContains(t, err, reason, bad)
		hides(t, err.Error(), "hunter2", "idp.test")
	}
}
