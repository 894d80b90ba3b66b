package openapi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// schemes are lines 3 to 8 of an inline document.
const schemes = `components:
  securitySchemes:
    k: {type: apiKey, in: header, name: X-Key}
    q: {type: apiKey, in: query, name: key}
    o: {type: oauth2}
    Bad: {type: apikey, in: header, name: K}
`

func TestEffectiveSecurity(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ document, operation, want string }{
		"nothing declared is OAuth 2":           {"", "{}", "(default_security oauth2[])"},
		"the document's":                        {"security: [{k: []}]", "{}", "(k[])"},
		"an empty list of the document":         {"security: []", "{}", "public"},
		"an empty object of the document":       {"security: [{}]", "{}", "public"},
		"its own":                               {"security: [{k: []}]", "{security: [{q: []}]}", "(q[])"},
		"its own empty list":                    {"security: [{k: []}]", "{security: []}", "public"},
		"its own empty object":                  {"security: [{k: []}]", "{security: [{}]}", "public"},
		"its own under a public document":       {"security: []", "{security: [{k: []}]}", "(k[])"},
		"or, in document order":                 {"", "{security: [{q: []}, {k: []}]}", "(q[]) or (k[])"},
		"and":                                   {"", "{security: [{q: [], k: []}]}", "(k[] and q[])"},
		"anonymous is moved last":               {"", "{security: [{}, {q: []}, {}, {k: []}]}", "(q[]) or (k[]) or ()"},
		"scopes":                                {"", "{security: [{o: [read, 'write:all']}]}", "(o[read write:all])"},
		"scopes of a key are asked":             {"", "{security: [{k: [admin]}]}", "(k[admin])"},
		"an unreadable scheme that is not used": {"security: [{k: []}]", "{}", "(k[])"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := load(t, head+schemes+tc.document+"\npaths: {/a: {get: "+tc.operation+"}}\n", Options{})
			require.Equal(t, "GET /a: "+tc.want, strings.Join(operations(doc), "\n"))
		})
	}
}

func TestSecurityThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	at := func(requirement string) string {
		return head + schemes + "paths:\n  /a:\n    get:\n      security:\n      - " + requirement + "\n"
	}
	refusals{
		"undeclared":                  {at("key: []"), `api.yaml:13: /paths/~1a/get/security/0/key: no security scheme "key" is declared: there are Bad, k, o, q`},
		"another case":                {at("K: []"), `api.yaml:13: /paths/~1a/get/security/0/K: no security scheme "K" is declared: did you mean k?`},
		"one of two is undeclared":    {at("{k: [], key: []}"), `api.yaml:13: /paths/~1a/get/security/0/key: no security scheme "key" is declared: there are Bad, k, o, q`},
		"undeclared in the document":  {head + schemes + "security: [{key: []}]\n", `api.yaml:9: /security/0/key: no security scheme "key" is declared: there are Bad, k, o, q`},
		"in a document without any":   {head + "security: [{key: []}]\n", `api.yaml:3: /security/0/key: no security scheme "key" is declared: the document declares none`},
		"a scheme by URI":             {at("'./schemes.yaml#/k': []"), `api.yaml:13: /paths/~1a/get/security/0/.~1schemes.yaml#~1k: a requirement that names a scheme by URI is not followed: declare the scheme under components and name it`},
		"an unreadable scheme":        {at("Bad: []"), `api.yaml:8: /components/securitySchemes/Bad: type "apikey" is no security scheme type of OpenAPI 3.0: there are apiKey, http, mutualTLS, oauth2 and openIdConnect`},
		"a stand-in by name":          {head + "paths:\n  /a: {get: {}}\n  /b: {get: {security: [{'default_security oauth2': []}]}}\n", `api.yaml:5: /paths/~1b/get/security/0/default_security oauth2: no security scheme "default_security oauth2" is declared: the document declares none`},
		"security is null":            {head + schemes + "security:\n", `api.yaml:9: /security: must be a list, is null`},
		"security is an object":       {head + schemes + "security: {k: []}\n", `api.yaml:9: /security: must be a list, is an object`},
		"a requirement is text":       {at("k"), `api.yaml:13: /paths/~1a/get/security/0: must be an object, is a string`},
		"scopes are null":             {at("k:"), `api.yaml:13: /paths/~1a/get/security/0/k: must be a list, is null`},
		"scopes are text":             {at("o: read"), `api.yaml:13: /paths/~1a/get/security/0/o: must be a list, is a string`},
		"a scope is a boolean":        {at("o: [true]"), `api.yaml:13: /paths/~1a/get/security/0/o/0: must be a string, is a boolean`},
		"wrong security of an unused": {head + schemes + "security: []\nx-wso2-disable-security: true\npaths: {/a: {get: {security: [{key: []}]}}}\n", `api.yaml:11: /paths/~1a/get/security/0/key: no security scheme "key" is declared: there are Bad, k, o, q`},
		"schemes are a list":          {head + "components:\n  securitySchemes: []\n", `api.yaml:4: /components/securitySchemes: must be an object, is a list`},
		"components is text":          {head + "components: none\n", `api.yaml:3: /components: must be an object, is a string`},
	}.run(t, Options{})
}

func TestSchemes(t *testing.T) {
	t.Parallel()
	auth := credential.Place{In: credential.Header, Name: "Authorization"}
	for name, tc := range map[string]struct {
		version, scheme string
		want            caddymgw.Scheme
	}{
		"key in a header":           {"3.0", "{type: apiKey, in: header, name: x-KEY}", caddymgw.Scheme{Type: caddymgw.APIKey, Param: "x-KEY", Place: credential.Place{In: credential.Header, Name: "X-Key"}}},
		"key in the query":          {"2.0", "{type: apiKey, in: query, name: Key}", caddymgw.Scheme{Type: caddymgw.APIKey, Param: "Key", Place: credential.Place{In: credential.Query, Name: "Key"}}},
		"key in a cookie":           {"3.0", "{type: apiKey, in: cookie, name: k}", caddymgw.Scheme{Type: caddymgw.APIKey, Param: "k", Place: credential.Place{In: credential.Cookie, Name: "k"}}},
		"key in Authorization":      {"2.0", "{type: apiKey, in: header, name: authorization}", caddymgw.Scheme{Type: caddymgw.APIKey, Param: "authorization", Place: auth}},
		"basic of 2.0":              {"2.0", "{type: basic}", caddymgw.Scheme{Type: caddymgw.HTTP, HTTPScheme: "basic", Place: auth}},
		"OAuth 2 of 2.0":            {"2.0", "{type: oauth2, flow: implicit}", caddymgw.Scheme{Type: caddymgw.OAuth2, Place: auth}},
		"HTTP schemes have no case": {"3.0", "{type: http, scheme: BEARER}", caddymgw.Scheme{Type: caddymgw.HTTP, HTTPScheme: "bearer", Place: auth}},
		"OpenID Connect":            {"3.0", "{type: openIdConnect}", caddymgw.Scheme{Type: caddymgw.OpenIDConnect, Place: auth}},
		"mutual TLS has no place":   {"3.1", "{type: mutualTLS}", caddymgw.Scheme{Type: caddymgw.MutualTLS}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := load(t, schemeDocument(tc.version, tc.scheme), Options{})
			tc.want.Name, tc.want.Realm = "s", "T"
			require.Equal(t, []*caddymgw.Scheme{&tc.want}, doc.API.Schemes)
			require.Same(t, doc.API.Schemes[0], doc.API.Operations[0].Alternatives[0][0].Scheme)
		})
	}
}

// schemeDocument asks for the scheme s, declared in line 4.
func schemeDocument(version, scheme string) string {
	const operation = "\npaths: {/a: {get: {security: [{s: []}]}}}\n"
	if version == "2.0" {
		return "swagger: '2.0'\ninfo: {title: T, version: '1'}\nsecurityDefinitions:\n  s: " + scheme + operation
	}
	return "openapi: " + version + ".0\ninfo: {title: T, version: '1'}\ncomponents: {securitySchemes:\n  {s: " + scheme + "}}" + operation
}

func TestUnreadableSchemesRefuseTheirRequirements(t *testing.T) {
	t.Parallel()
	refusals{
		"no type":                    {schemeDocument("3.0", "{}"), `api.yaml:4: /components/securitySchemes/s: type "" is no security scheme type of OpenAPI 3.0: there are apiKey, http, mutualTLS, oauth2 and openIdConnect`},
		"an unknown type":            {schemeDocument("3.0", "{type: hmac}"), `api.yaml:4: /components/securitySchemes/s: type "hmac" is no security scheme type of OpenAPI 3.0: there are apiKey, http, mutualTLS, oauth2 and openIdConnect`},
		"a type of another version":  {schemeDocument("3.0", "{type: basic}"), `api.yaml:4: /components/securitySchemes/s: type "basic" is no security scheme type of OpenAPI 3.0: there are apiKey, http, mutualTLS, oauth2 and openIdConnect`},
		"http in 2.0":                {schemeDocument("2.0", "{type: http, scheme: basic}"), `api.yaml:4: /securityDefinitions/s: type "http" is no security scheme type of OpenAPI 2.0: there are apiKey, basic and oauth2`},
		"OpenID Connect in 2.0":      {schemeDocument("2.0", "{type: openIdConnect}"), `api.yaml:4: /securityDefinitions/s: type "openIdConnect" is no security scheme type of OpenAPI 2.0: there are apiKey, basic and oauth2`},
		"mutual TLS in 2.0":          {schemeDocument("2.0", "{type: mutualTLS}"), `api.yaml:4: /securityDefinitions/s: type "mutualTLS" is no security scheme type of OpenAPI 2.0: there are apiKey, basic and oauth2`},
		"http without a scheme":      {schemeDocument("3.0", "{type: http}"), `api.yaml:4: /components/securitySchemes/s: the member scheme is missing: it names the HTTP authentication scheme, such as basic or bearer`},
		"a key without a name":       {schemeDocument("3.0", "{type: apiKey, in: header}"), `api.yaml:4: /components/securitySchemes/s: the member name is missing: it names the header, query parameter or cookie`},
		"a key without a place":      {schemeDocument("3.0", "{type: apiKey, name: k}"), `api.yaml:4: /components/securitySchemes/s: in "": must be header, query or cookie`},
		"a key in the body":          {schemeDocument("3.0", "{type: apiKey, name: k, in: body}"), `api.yaml:4: /components/securitySchemes/s: in "body": must be header, query or cookie`},
		"a key in a cookie of 2.0":   {schemeDocument("2.0", "{type: apiKey, name: k, in: cookie}"), `api.yaml:4: /securityDefinitions/s: in "cookie": must be header or query`},
		"a header that is no token":  {schemeDocument("3.0", "{type: apiKey, name: 'X Key', in: header}"), `api.yaml:4: /components/securitySchemes/s: "X Key" is no header name (RFC 9110 section 5.6.2)`},
		"a scheme that is text":      {schemeDocument("3.0", "none"), `api.yaml:4: /components/securitySchemes/s: must be an object, is a string`},
		"a type that stands twice":   {schemeDocument("3.0", "{type: http, scheme: basic, type: mutualTLS}"), `api.yaml:4: /components/securitySchemes/s/type: the member "type" stands twice in one object: keep one`},
		"a reference out of reach":   {schemeDocument("3.0", "{$ref: 'https://example.com/s.yaml'}"), `api.yaml:4: /components/securitySchemes/s/$ref: remote references are not followed: copy the file beside the document`},
		"a reference without target": {schemeDocument("3.0", "{$ref: '#/components/securitySchemes/x'}"), `api.yaml:4: /components/securitySchemes/s/$ref: "#/components/securitySchemes/x" names nothing`},
	}.run(t, Options{})
	doc := load(t, head+schemes+rest, Options{})
	require.Len(t, doc.API.Schemes, 4, "three that can be read, and the stand-in")
	require.Contains(t, doc.Warnings[0], `the security scheme Bad can't be read: `)
}

func TestScopesOfAnAPIKeyAreRoles(t *testing.T) {
	t.Parallel()
	for version, warns := range map[string]bool{"2.0": true, "3.0": true, "3.1": false, "3.2": false} {
		document := strings.Replace(schemeDocument(version, "{type: apiKey, in: header, name: K}"), "s: []", "s: [admin]", 1)
		doc := load(t, document, Options{})
		require.Equal(t, []string{"GET /a: (s[admin])"}, operations(doc), version)
		if warns {
			require.Equal(t, []string{"/paths/~1a/get/security/0/s: OpenAPI " + version + " knows scopes of oauth2 and openIdConnect only; those of s are asked as roles, as 3.1 does"}, doc.Warnings)
		} else {
			require.Empty(t, doc.Warnings, version)
		}
	}
}

func TestDefaultSecurity(t *testing.T) {
	t.Parallel()
	const document = head + schemes + "paths: {/a: {get: {}, put: {security: []}}, /b: {get: {}}}\n"
	for name, tc := range map[string]struct {
		mode DefaultSecurity
		want string
		typ  caddymgw.SchemeType
	}{
		"oauth2":  {DefaultSecurity{}, "(default_security oauth2[])", caddymgw.OAuth2},
		"deny":    {DefaultSecurity{Mode: DefaultDeny}, "(default_security deny[])", ""},
		"public":  {DefaultSecurity{Mode: DefaultPublic}, "public", caddymgw.OAuth2},
		"schemes": {DefaultSecurity{DefaultSchemes, []string{"q", "k"}}, "(q[]) or (k[])", caddymgw.OAuth2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := load(t, document, Options{DefaultSecurity: tc.mode})
			require.Equal(t, []string{"GET /a: " + tc.want, "PUT /a: public", "GET /b: " + tc.want}, operations(doc))
			last := doc.API.Schemes[len(doc.API.Schemes)-1]
			require.Equal(t, tc.typ, last.Type, "declared or stand-in: whoever binds verifiers finds it in the API")
		})
	}
	for name, tc := range map[string]struct {
		names []string
		want  string
	}{
		"no name":           {nil, `api.yaml:1: default_security names no scheme`},
		"an unknown name":   {[]string{"k", "Q"}, `api.yaml:1: default_security names the scheme "Q", which the document does not declare: did you mean q?`},
		"an unreadable one": {[]string{"Bad"}, `api.yaml:8: /components/securitySchemes/Bad: type "apikey" is no security scheme type of OpenAPI 3.0: there are apiKey, http, mutualTLS, oauth2 and openIdConnect`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, refusal(t, put(t, document), Options{DefaultSecurity: DefaultSecurity{DefaultSchemes, tc.names}}))
		})
	}
}
