package lint

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

const (
	key    = "components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}\n"
	secret = "security: [{key: []}]\n" + key
)

// messages are pointers and what is said there.
func messages(r *Report) (all []string) {
	for _, f := range r.Findings {
		all = append(all, fmt.Sprintf("%s %d %s: %s", f.Rule, f.Line, f.Pointer, f.Message))
	}
	return all
}

func TestWhatIsFoundAndWhere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text    string
		options Options
		want    []string
	}{
		"a clean document": {text: secret + "paths: {/a: {get: {operationId: a}}}\n"},
		"no operation":     {text: "paths: {}\n"},
		"a scheme for callbacks and webhooks": {
			text: "security: []\nx-caddymgw-lint-ignore: [unauthenticated-write]\ncomponents: {securitySchemes: {back: {type: mutualTLS}, hook: {type: mutualTLS}, spare: {type: mutualTLS}}}\n" +
				"paths: {/a: {post: {operationId: a, callbacks: {c: {'{$url}': {post: {security: [{back: []}]}}}}}}}\nwebhooks: {w: {post: {security: [{hook: []}]}}}\n",
			want: []string{"unused-scheme 5 /components/securitySchemes/spare: no operation asks for spare"},
		},
		"writes by what opens them": {
			text: "security: []\npaths:\n  /a:\n    post: {operationId: a}\n    put: {operationId: b}\n    delete: {operationId: c}\n    patch: {operationId: d}\n",
			want: []string{`unauthenticated-write 3 /security: anybody may call POST /a, PUT /a, DELETE /a and 1 more: "security" asks for nothing`},
		},
		"a write with {}": {
			text: key + "paths:\n  /a:\n    post:\n      operationId: a\n      security:\n      - key: []\n      - {}\n",
			want: []string{"unauthenticated-write 10 /paths/~1a/post/security/1: anybody may call POST /a: {} is an alternative"},
		},
		"a write with {} alone": {
			text: "paths: {/a: {post: {operationId: a, security: [{}]}}}\n",
			want: []string{`unauthenticated-write 3 /paths/~1a/post/security: anybody may call POST /a: "security" asks for nothing`},
		},
		"a write that is switched off": {
			text: secret + "paths: {/a: {post: {operationId: a, x-wso2-disable-security: true}}}\n",
			want: []string{"unauthenticated-write 5 /paths/~1a/post/x-wso2-disable-security: anybody may call POST /a: x-wso2-disable-security is true"},
		},
		"a write by default": {
			text: "paths: {/a: {post: {operationId: a}}}\n", options: Options{Options: openapi.Options{DefaultSecurity: openapi.DefaultSecurity{Mode: openapi.DefaultPublic}}},
			want: []string{"unauthenticated-write 3 /paths: anybody may call POST /a: nothing is declared"},
		},
		"a document that is switched off": {
			text: secret + "x-wso2-disable-security: true\npaths: {/a: {get: {operationId: a}, put: {operationId: b, x-wso2-disable-security: false}}}\n",
			want: []string{`security-disabled 5 /x-wso2-disable-security: anybody may call GET /a: x-wso2-disable-security takes back what "security" asks for`},
		},
		"one that asks for nothing anyway": {
			text: "x-wso2-disable-security: true\npaths: {/a: {get: {operationId: a}}}\n",
			want: []string{"unauthenticated-read 3 /x-wso2-disable-security: anybody may call GET /a: x-wso2-disable-security is true"},
		},
		"preflights are public": {text: "paths: {/a: {options: {operationId: a, security: []}}}\n"},
		"a certificate closes": {
			text: "x-wso2-mutual-ssl: mandatory\npaths: {/a: {post: {operationId: a, security: []}}}\n",
		},
		"security of WSO2 is security": {
			text: "x-wso2-application-security: {security-types: [api_key]}\npaths: {/a: {get: {operationId: a}}}\n",
		},
		"none by WSO2 is none": {
			text: "x-wso2-application-security: {security-types: []}\npaths: {/a: {get: {operationId: a}}}\n",
			want: []string{"no-security-declared 4 /paths: nothing says who may call GET /a: only default_security of the gateway protects them"},
		},
		"by default denied": {
			text: "paths: {/a: {get: {operationId: a}}}\n", options: Options{Options: openapi.Options{DefaultSecurity: openapi.DefaultSecurity{Mode: openapi.DefaultDeny}}},
			want: []string{"no-security-declared 3 /paths: nothing says who may call GET /a: only default_security of the gateway protects them"},
		},
		"what is never served": {text: "paths: {/a//b: {post: {security: []}}}\n"},
		"two scopes of other things": {
			text: "components: {securitySchemes: {o: {type: oauth2}}}\npaths: {/a: {get: {operationId: a, security: [{o: [pets, 'read:users']}]}}}\n",
		},
		"scopes with any of them": {
			text:    "components: {securitySchemes: {o: {type: oauth2}}}\npaths: {/a: {get: {operationId: a, security: [{o: [read, write]}]}}}\n",
			options: Options{Options: openapi.Options{CombineAny: true}},
		},
		"two keys of other names": {
			text: "components: {securitySchemes: {app: {type: apiKey, in: header, name: App-Id}, key: {type: apiKey, in: cookie, name: App-Key}}}\n" +
				"paths: {/a: {get: {operationId: a, security: [{app: [], key: []}]}}}\n",
		},
		"a key twice": {
			text: "components: {securitySchemes: {h: {type: apiKey, in: header, name: X-Api-Key}, c: {type: apiKey, in: cookie, name: x_api_key}}}\n" +
				"paths: {/a: {get: {operationId: a, security: [{h: [], c: []}]}}}\n",
			want: []string{"key-twice 4 /paths/~1a/get/security/0: the key is wanted in the cookie and in the header of each request: c and h must both hold"},
		},
		"a cookie with a certificate": {
			text: "components: {securitySchemes: {c: {type: apiKey, in: cookie, name: c}, m: {type: mutualTLS}}}\npaths: {/a: {post: {operationId: a, security: [{c: [], m: []}]}}}\n",
			want: []string{"key-in-cookie-write 4 /paths/~1a/post/security: a cookie alone lets browsers call POST /a"},
		},
		"roles of a certificate": {
			text: "components: {securitySchemes: {m: {type: mutualTLS}}}\npaths: {/a: {get: {operationId: a, security: [{m: [admin]}]}}}\n",
			want: []string{"impossible-requirement 4 /paths/~1a/get/security/0: nobody gets in to GET /a by this alternative: a certificate (m) has no roles"},
		},
		"scopes in one text": {
			text: "components: {securitySchemes: {o: {type: oauth2}}}\npaths: {/a: {get: {operationId: a, security: [{o: ['read write']}]}}}\n",
			want: []string{`impossible-requirement 4 /paths/~1a/get/security/0: nobody gets in to GET /a by this alternative: the scope "read write" holds a blank`},
		},
		"a list without scopes": {
			text: "components: {securitySchemes: {o: {type: oauth2, flows: {clientCredentials: {scopes: {r: r}}}}}}\nsecurity: [{o: []}]\npaths: {/a: {get: {operationId: a}, put: {operationId: b}}}\n",
			want: []string{"no-scope-asked 4 /security/0/o: any token of o opens GET /a and PUT /a: no scope is asked"},
		},
		"a list that decides nothing": {
			text: "components: {securitySchemes: {o: {type: oauth2, flows: {clientCredentials: {scopes: {r: r}}}}}}\nsecurity: [{o: []}]\npaths: {/a: {get: {operationId: a, security: [{o: [r]}]}}}\n",
		},
		"behind a question mark": {
			text: secret + "paths: {/a: {get: {operationId: a}}, '/a?b=c': {get: {operationId: b}}}\n",
			want: []string{"coinciding-operations 5 /paths/~1a?b=c/get: GET /a and GET /a?b=c are one to a request: the security of both must hold"},
		},
		"below other base paths": {
			text: secret + "paths: {'/a/{x}': {get: {operationId: a, servers: [{url: /v1}]}}, '/a/{y}': {get: {operationId: b, servers: [{url: /v2}]}}}\n",
		},
		"an operation of a referenced path": {
			text: "x-items: {i: {post: {operationId: a, security: []}}}\npaths: {/a: {$ref: '#/x-items/i'}}\n",
			want: []string{"unauthenticated-write 3 /x-items/i/post/security: anybody may call POST /a: \"security\" asks for nothing"},
		},
		"methods of 3.2": {
			text: "openapi: 3.2.0\ninfo: {title: S, version: '1'}\npaths: {/a: {query: {operationId: a, security: []}, additionalOperations: {COPY: {operationId: b, security: []}}}}\n",
			want: []string{
				`unauthenticated-write 3 /paths/~1a/additionalOperations/COPY/security: anybody may call COPY /a: "security" asks for nothing`,
				`unauthenticated-read 3 /paths/~1a/query/security: anybody may call QUERY /a: "security" asks for nothing`,
			},
		},
		"flows of 2.0": {
			text: "swagger: '2.0'\ninfo: {title: S, version: '1'}\nsecurityDefinitions: {o: {type: oauth2, flow: implicit, authorizationUrl: 'http://id.example.com', scopes: {}}}\n" +
				"paths: {/a: {get: {operationId: a, security: [{o: [r]}]}}}\n",
			want: []string{
				"oauth-over-http 3 /securityDefinitions/o/authorizationUrl: the authorizationUrl of o is without TLS",
				"implicit-flow 3 /securityDefinitions/o/flow: o has the implicit flow: tokens in URLs (RFC 9700 section 2.1.2)",
				`undeclared-scope 4 /paths/~1a/get/security/0/o/0: the scheme o declares no scope "r"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, messages(looked(t, tc.text, tc.options)))
		})
	}
}

func TestFindingsAreOrderedAndCounted(t *testing.T) {
	t.Parallel()
	file := written(t, `
paths:
  /a:
    get:
      security: [{q: []}]
    post:
      security: []
components:
  securitySchemes:
    q: {type: apiKey, in: query, name: q}
`)
	r, err := File(file, Options{})
	require.NoError(t, err)
	require.Equal(t, []Finding{
		{"unauthenticated-write", Error, file, 8, "/paths/~1a/post/security", []string{"POST /a"}, `anybody may call POST /a: "security" asks for nothing`},
		{"key-in-query", Warning, file, 11, "/components/securitySchemes/q", []string{}, "the key of q stands in the query, as q"},
		{"missing-operation-id", Note, file, 3, "/paths", []string{"GET /a", "POST /a"}, "keys can't be limited to GET /a and POST /a: no operationId"},
	}, r.Findings)
	require.Equal(t, map[Severity]int{Error: 1, Warning: 1, Note: 1}, r.Counts)
	require.Equal(t, []int{1, 2, 3}, []int{r.Count(Error), r.Count(Warning), r.Count(Note)})
	for _, s := range Severities() {
		parsed, err := ParseSeverity(string(s))
		require.NoError(t, err)
		require.Equal(t, s, parsed)
	}
	_, err = ParseSeverity("fatal")
	require.EqualError(t, err, `"fatal" is no severity: there are error, warning, note`)
}
