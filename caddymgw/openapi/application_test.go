package openapi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

const wso2Schemes = `components:
  securitySchemes:
    k: {type: apiKey, in: header, name: X-Key}
    o: {type: oauth2}
    b: {type: http, scheme: basic}
    m: {type: mutualTLS}
`

func TestApplicationSecurityAndMutualTLS(t *testing.T) {
	t.Parallel()
	const types = "x-wso2-application-security: {security-types: "
	const mandatory = "x-wso2-mutual-ssl: mandatory"
	const optional = "x-wso2-application-security: {optional: true}"
	for name, tc := range map[string]struct{ document, operation, want string }{
		"a type of the document":                      {types + "[basic_auth]}", "", "(b[])"},
		"types are alternatives":                      {types + "[basic_auth, api_key]}", "", "(b[]) or (k[])"},
		"they stand before security on a level":       {"security: [{k: []}]\n" + types + "[basic_auth]}", "", "(b[])"},
		"security of the operation counts more":       {types + "[basic_auth]}", "security: [{k: []}]", "(k[])"},
		"types of the operation count more still":     {types + "[basic_auth]}", "security: [{k: []}], " + types + "[oauth2]}", "(o[])"},
		"what security asks of the type is asked":     {"", "security: [{k: [], o: [read]}], " + types + "[oauth2]}", "(o[read])"},
		"a certificate beside it stays":               {"", "security: [{m: [], o: [read]}, {k: []}], " + types + "[oauth2, api_key]}", "(m[] and o[read]) or (k[])"},
		"one that all ask for stays beside all":       {"", "security: [{m: [], o: [read]}, {m: [], k: []}], " + types + "[oauth2, basic_auth]}", "(m[] and o[read]) or (b[] and m[])"},
		"so does one that is alone":                   {"security: [{m: []}]\n" + types + "[oauth2]}", "", "(m[] and o[])"},
		"but not one of several":                      {"security: [{m: []}, {k: []}]\n" + types + "[oauth2]}", "", "(o[])"},
		"{} asks for none":                            {"security: [{m: []}, {}]\n" + types + "[oauth2]}", "", "(o[])"},
		"no types change nothing":                     {"security: [{k: []}]\nx-wso2-application-security: {optional: false}", "", "(k[])"},
		"mandatory mutual TLS and a key":              {"security: [{k: []}]\n" + mandatory, "", "(k[] and m[])"},
		"and each alternative":                        {"security: [{k: []}, {b: []}, {}]\n" + mandatory, "", "(k[] and m[]) or (b[] and m[]) or (m[])"},
		"and what is asked of a certificate once":     {"security: [{m: [], k: []}]\n" + mandatory, "", "(k[] and m[])"},
		"and the default":                             {mandatory, "", "(default_security oauth2[] and m[])"},
		"and a public operation":                      {"security: []\n" + mandatory, "", "(m[])"},
		"or, where application security is optional":  {"security: [{k: []}]\n" + mandatory + "\n" + optional, "", "(m[]) or (k[])"},
		"of {} it takes the place":                    {"security: [{k: []}, {}]\n" + mandatory + "\n" + optional, "", "(m[]) or (k[])"},
		"or nothing, where nothing is declared":       {mandatory + "\n" + optional, "", "(m[])"},
		"optional of one operation":                   {"security: [{k: []}]\n" + mandatory, optional, "(m[]) or (k[])"},
		"not optional of one operation":               {"security: [{k: []}]\n" + mandatory + "\n" + optional, "x-wso2-application-security: {optional: false}", "(k[] and m[])"},
		"optional mutual TLS asks nothing":            {"security: [{k: []}]\nx-wso2-mutual-ssl: optional", "", "(k[])"},
		"disabled is disabled":                        {"security: [{k: []}]\n" + mandatory, "x-wso2-disable-security: true", "public"},
		"disabled in the document, not in operations": {"security: [{k: []}]\nx-wso2-disable-security: true\n" + mandatory, "x-wso2-disable-security: false", "(k[] and m[])"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := load(t, strings.Replace(head, "3.0", "3.1", 1)+wso2Schemes+tc.document+"\npaths: {/a: {get: {"+tc.operation+"}}}\n", Options{})
			require.Equal(t, []string{"GET /a: " + tc.want}, operations(doc))
		})
	}
}

func TestApplicationSecurityBringsItsOwnSchemes(t *testing.T) {
	t.Parallel()
	doc := load(t, head+"x-wso2-mutual-ssl: mandatory\nx-wso2-auth-header: x-auth\nx-wso2-application-security: {security-types: [oauth2, basic_auth, api_key]}\n"+rest, Options{})
	auth := credential.Place{In: credential.Header, Name: "X-Auth"}
	require.Equal(t, []*caddymgw.Scheme{
		{Name: "x-wso2-application-security oauth2", Type: caddymgw.OAuth2, Place: auth, Realm: "T"},
		{Name: "x-wso2-application-security basic_auth", Type: caddymgw.HTTP, HTTPScheme: "basic", Place: auth, Realm: "T"},
		{Name: "x-wso2-application-security api_key header", Type: caddymgw.APIKey, Param: "apikey", Place: credential.Place{In: credential.Header, Name: "Apikey"}, Realm: "T"},
		{Name: "x-wso2-application-security api_key query", Type: caddymgw.APIKey, Param: "apikey", Place: credential.Place{In: credential.Query, Name: "apikey"}, Realm: "T"},
		{Name: "x-wso2-mutual-ssl", Type: caddymgw.MutualTLS, Realm: "T"},
	}, doc.API.Schemes)
}

func TestAuthHeader(t *testing.T) {
	t.Parallel()
	place := func(document string, options Options) credential.Place {
		return load(t, head+document+rest, options).API.Schemes[0].Place
	}
	require.Equal(t, "Authorization", place("", Options{}).Name)
	require.Equal(t, "X-Auth", place("x-wso2-auth-header: X-AUTH\n", Options{}).Name)
	require.Equal(t, "X-Other", place("x-wso2-auth-header: X-AUTH\n", Options{AuthHeader: "x-other"}).Name)
}

func TestCombineAny(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ security, want string }{
		"an and becomes an or":           {"[{k: [], b: []}]", "(k[]) or (b[])"},
		"scopes of all, any suffices":    {"[{o: [r]}, {o: [w], k: []}, {b: []}]", "(o[any of r w]) or (k[]) or (b[any of r w])"},
		"a certificate stays beside":     {"[{m: [], k: []}, {b: []}]", "(k[] and m[]) or (b[])"},
		"a certificate alone stays":      {"[{m: []}, {k: []}]", "(m[]) or (k[])"},
		"anonymous stays":                {"[{}, {k: [], b: []}]", "(k[]) or (b[]) or ()"},
		"none is public as it is":        {"[]", "public"},
		"the same twice is there once":   {"[{k: []}, {k: []}]", "(k[])"},
		"roles of a key are not asked":   {"[{k: [admin]}]", "(k[])"},
		"one alternative of one is same": {"[{o: [r]}]", "(o[any of r])"},
		"roles of Basic are asked":       {"[{b: [admin]}]", "(b[admin])"},
		"all of them, whatever scopes":   {"[{o: [r]}, {b: [admin, chief]}]", "(o[any of r]) or (b[admin chief])"},
		"and each list by itself":        {"[{b: [admin]}, {b: [chief]}, {b: []}]", "(b[admin]) or (b[chief]) or (b[])"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := load(t, strings.Replace(head, "3.0", "3.1", 1)+wso2Schemes+"security: "+tc.security+"\n"+rest, Options{CombineAny: true})
			require.Equal(t, []string{"GET /a: " + tc.want}, operations(doc))
		})
	}
}

func TestRolesThatAreNotAskedAreWarnedOf(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"3.0", "3.1"} {
		doc := load(t, strings.Replace(head, "3.0", version, 1)+wso2Schemes+"security: [{k: [admin]}]\n"+rest, Options{CombineAny: true})
		require.Equal(t, []string{"/security/0/k: with combine any no roles are asked of API keys: those of k are not asked"}, doc.Warnings)
	}
}

// TestAnyOfTwoListsIsAskedTwice is for operations that no request can tell apart:
// whoever may read must not be let in where another document asks for admin.
func TestAnyOfTwoListsIsAskedTwice(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ one, other, want string }{
		"two lists":               {"[{o: [read]}]", "[{o: [admin]}]", "(o[any of admin] and o[any of read])"},
		"one list":                {"[{o: [read, write]}]", "[{o: [read, write]}]", "(o[any of read write])"},
		"one list among two":      {"[{o: [read]}, {k: []}]", "[{o: [read]}]", "(o[any of read]) or (k[] and o[any of read])"},
		"a list and none":         {"[{o: [read]}]", "[{o: []}]", "(o[] and o[any of read])"},
		"roles of Basic together": {"[{b: [admin]}]", "[{b: [chief]}]", "(b[admin chief])"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := load(t, strings.Replace(head, "3.0", "3.1", 1)+wso2Schemes+"paths:\n  /a/{x}: {get: {security: "+tc.one+"}}\n  /a/{y}: {get: {security: "+tc.other+"}}\n", Options{CombineAny: true})
			require.Equal(t, []string{"GET /a/{x}: " + tc.want}, operations(doc))
		})
	}
}

func TestOperationsThatAnybodyMayCallAreNamed(t *testing.T) {
	t.Parallel()
	const paths = "paths: {/a: {get: {security: []}}, /b: {get: {security: [{k: []}, {}]}}, /c: {get: {security: [{k: []}]}}}\n"
	document := strings.Replace(head, "3.0", "3.1", 1) + wso2Schemes + paths
	require.Equal(t, []string{"public operations, without any authentication: GET /a, GET /b ({})"}, load(t, document, Options{}).Warnings)
	require.Empty(t, load(t, document+"x-wso2-mutual-ssl: mandatory\n", Options{}).Warnings, "a certificate is asked for")
}

func TestWSO2SecurityThatMeansNothingIsRefused(t *testing.T) {
	t.Parallel()
	operation := func(member string) string { return head + "paths:\n  /a:\n    get:\n      " + member + "\n" }
	refusals{
		"an unknown type":                  {head + "x-wso2-application-security: {security-types: [jwt]}\n", `api.yaml:3: /x-wso2-application-security/security-types/0: "jwt" is no security type: there are oauth2, basic_auth and api_key`},
		"an unknown member":                {head + "x-wso2-application-security: {types: [oauth2]}\n", `api.yaml:3: /x-wso2-application-security/types: types is no member of x-wso2-application-security: there are security-types and optional`},
		"optional without mutual TLS":      {operation("x-wso2-application-security: {optional: true}"), `api.yaml:6: /paths/~1a/get/x-wso2-application-security: application security is optional, but mutual TLS is not mandatory: anybody could call. Add x-wso2-mutual-ssl: mandatory, or take optional out`},
		"optional as text":                 {head + "x-wso2-application-security: {optional: 'true'}\n", `api.yaml:3: /x-wso2-application-security/optional: must be true or false, is a string`},
		"another word for mutual TLS":      {head + "x-wso2-mutual-ssl: required\n", `api.yaml:3: /x-wso2-mutual-ssl: "required": must be mandatory or optional`},
		"mutual TLS of an operation":       {operation("x-wso2-mutual-ssl: mandatory"), `api.yaml:6: /paths/~1a/get/x-wso2-mutual-ssl: x-wso2-mutual-ssl has a meaning at the top of the document only: write it there`},
		"an auth header of an operation":   {operation("x-wso2-auth-header: X-A"), `api.yaml:6: /paths/~1a/get/x-wso2-auth-header: x-wso2-auth-header has a meaning at the top of the document only: write it there`},
		"an auth header that is no header": {head + "x-wso2-auth-header: 'X A'\n", `api.yaml:3: /x-wso2-auth-header: "X A" is no header name (RFC 9110 section 5.6.2)`},
		"security of a path item":          {head + "paths:\n  /a:\n    x-wso2-application-security: {security-types: [basic_auth]}\n", `api.yaml:5: /paths/~1a/x-wso2-application-security: x-wso2-application-security has no meaning in a path item: write it at the operations`},
	}.run(t, Options{})
}
