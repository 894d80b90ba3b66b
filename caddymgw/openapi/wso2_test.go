package openapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDisableSecurity(t *testing.T) {
	t.Parallel()
	const on, off = "x-wso2-disable-security: true", "x-wso2-disable-security: false"
	for name, tc := range map[string]struct{ document, operation, want string }{
		"of an operation":                       {"security: [{k: []}]", on, "public"},
		"of an operation with security":         {"", "security: [{k: []}], " + on, "public"},
		"false leaves it as it is":              {"security: [{k: []}]", off, "(k[])"},
		"false leaves an empty list":            {"security: []", off, "public"},
		"of the document":                       {on, "", "public"},
		"of the document, not of the operation": {on, "security: [{k: []}], " + off, "(k[])"},
		"the operation counts more":             {on, off, "(default_security oauth2[])"},
		"a YAML spelling of true":               {"", "x-wso2-disable-security: TRUE", "public"},
		"of another vendor":                     {"security: [{k: []}]", "x-auth-type: None, x-disable-security: true", "(k[])"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := load(t, head+schemes+tc.document+"\npaths: {/a: {get: {"+tc.operation+"}}}\n", Options{})
			require.Equal(t, []string{"GET /a: " + tc.want}, operations(doc))
			const warning = "public operations, without any authentication: GET /a"
			if tc.want == "public" {
				require.Contains(t, doc.Warnings, warning)
			} else {
				require.NotContains(t, doc.Warnings, warning)
			}
		})
	}
	doc := load(t, head+schemes+"security: [{k: []}]\npaths: {/a: {x-wso2-disable-security: true, get: {}}}\n", Options{})
	require.Equal(t, []string{"GET /a: (k[])"}, operations(doc), "a path item can't be switched off")
	require.Contains(t, doc.Warnings, "/paths/~1a/x-wso2-disable-security: x-wso2-disable-security has no meaning in a path item and is not followed: write it at the operations")
}

func TestExtensionsThatAreNotEnforcedAreRefused(t *testing.T) {
	t.Parallel()
	operation := func(member string) string { return head + "paths:\n  /a:\n    get:\n      " + member + "\n" }
	refusals{
		"the string true":             {operation("x-wso2-disable-security: 'true'"), `api.yaml:6: /paths/~1a/get/x-wso2-disable-security: must be true or false, is a string`},
		"the string false in JSON":    {toJSON(t, operation("x-wso2-disable-security: 'false'")), `api.json:10: /paths/~1a/get/x-wso2-disable-security: must be true or false, is a string`},
		"yes":                         {operation("x-wso2-disable-security: yes"), `api.yaml:6: /paths/~1a/get/x-wso2-disable-security: must be true or false, is a string`},
		"one":                         {head + "x-wso2-disable-security: 1\n", `api.yaml:3: /x-wso2-disable-security: must be true or false, is a number`},
		"null":                        {head + "x-wso2-disable-security:\n", `api.yaml:3: /x-wso2-disable-security: must be true or false, is null`},
		"a misspelling":               {operation("x-wso2-disable-securty: true"), `api.yaml:6: /paths/~1a/get/x-wso2-disable-securty: x-wso2-disable-securty is no extension of WSO2: correct the name, or take it out`},
		"another case":                {operation("x-wso2-Disable-Security: true"), `api.yaml:6: /paths/~1a/get/x-wso2-Disable-Security: x-wso2-Disable-Security is no extension of WSO2: correct the name, or take it out`},
		"another case of the prefix":  {operation("X-WSO2-disable-security: true"), `api.yaml:6: /paths/~1a/get/X-WSO2-disable-security: X-WSO2-disable-security is no extension of WSO2: correct the name, or take it out`},
		"mutual TLS in another case":  {head + "X-Wso2-Mutual-SSL: mandatory\n", `api.yaml:3: /X-Wso2-Mutual-SSL: X-Wso2-Mutual-SSL is no extension of WSO2: correct the name, or take it out`},
		"an extension that is unread": {head + "x-wso2-transport-security: {}\n", `api.yaml:3: /x-wso2-transport-security: x-wso2-transport-security is no extension of WSO2: correct the name, or take it out`},
	}.run(t, Options{})
	load(t, head+"x-wso2-cors: {}\nx-wso2-throttling-tier: Gold\nx-wso2-owner: admin\nx-wso2-production-endpoints: {urls: ['http://a']}\n"+rest, Options{})
}
