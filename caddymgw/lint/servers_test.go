package lint

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServersWithoutTLS(t *testing.T) {
	t.Parallel()
	const basic = "components: {securitySchemes: {b: {type: http, scheme: basic}}}\n"
	const one = "paths: {/a: {get: {operationId: a}}}\n"
	const two = "swagger: '2.0'\ninfo: {title: S, version: '1'}\nsecurityDefinitions: {key: {type: apiKey, in: header, name: X-Key}}\nsecurity: [{key: []}]\n"
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"https":          {secret + "servers: [{url: 'https://a.example.com'}]\n" + one, nil},
		"relative":       {secret + "servers: [{url: /v1}, {url: //a.example.com/v1}]\n" + one, nil},
		"this machine":   {secret + "servers: [{url: 'http://localhost:80/v1'}, {url: 'HTTP://127.1.2.3'}, {url: 'http://[::1]:80'}, {url: 'http://a.localhost.'}, {url: 'http://0.0.0.0:1'}]\n" + one, nil},
		"http":           {secret + "servers: [{url: 'HTTP://a.example.com/v1'}]\n" + one, []string{"http-server 5 /servers/0/url: requests to HTTP://a.example.com/v1 are sent without TLS"}},
		"WebSocket":      {secret + "servers: [{url: 'ws://a.example.com/v1'}]\n" + one, []string{"http-server 5 /servers/0/url: requests to ws://a.example.com/v1 are sent without TLS"}},
		"like localhost": {secret + "servers: [{url: 'http://localhost.example.com'}]\n" + one, []string{"http-server 5 /servers/0/url: requests to http://localhost.example.com are sent without TLS"}},
		"by a variable": {
			secret + "servers: [{url: '{s}://a.example.com', variables: {s: {default: https, enum: [https, http]}}}, {url: '{s}://a.example.com', variables: {s: {default: https}}}]\n" + one,
			[]string{"http-server 5 /servers/0/url: requests to {s}://a.example.com are sent without TLS"},
		},
		"of a path": {
			secret + "servers: [{url: 'http://a.example.com'}]\npaths: {/a: {servers: [{url: 'http://b.example.com'}], get: {operationId: a}}}\n",
			[]string{"http-server 6 /paths/~1a/servers/0/url: requests to http://b.example.com are sent without TLS"},
		},
		"of an operation": {
			secret + "paths: {/a: {servers: [{url: 'http://b.example.com'}], get: {operationId: a, servers: [{url: 'http://c.example.com'}]}}}\n",
			[]string{"http-server 5 /paths/~1a/get/servers/0/url: requests to http://c.example.com are sent without TLS"},
		},
		"passwords": {
			basic + "security: [{b: []}]\nservers: [{url: 'http://a.example.com'}, {url: 'https://a.example.com'}]\npaths: {/a: {get: {operationId: a}, post: {operationId: b}}}\n",
			[]string{"basic-over-http 5 /servers/0/url: requests to http://a.example.com are sent without TLS, with the passwords of GET /a and POST /a"},
		},
		"passwords elsewhere": {
			basic + "security: [{b: []}]\nservers: [{url: 'https://a.example.com'}]\npaths: {/a: {get: {operationId: a}, post: {operationId: b, security: [{b: []}], servers: [{url: 'http://a.example.com'}]}}}\n",
			[]string{"basic-over-http 6 /paths/~1a/post/servers/0/url: requests to http://a.example.com are sent without TLS, with the passwords of POST /a"},
		},
		"2.0":                 {two + "host: a.example.com\nschemes: [https, http]\n" + one, []string{"http-server 6 /schemes/1: requests to http://a.example.com are sent without TLS"}},
		"2.0 of an operation": {two + "host: a.example.com\nschemes: [http]\npaths: {/a: {get: {operationId: a, schemes: [https]}}}\n", nil},
		"2.0 without a host":  {two + "schemes: [http]\n" + one, []string{"http-server 5 /schemes/0: requests to http://HOST are sent without TLS"}},
		"2.0 on this machine": {two + "host: localhost:8080\nschemes: [http]\n" + one, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, messages(looked(t, tc.text, Options{})))
		})
	}
}
