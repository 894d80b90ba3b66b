package openapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	const paths = "\npaths: {/x: {get: {security: []}}}\n"
	head := func(cors string) string {
		return "openapi: 3.0.0\ninfo: {title: T, version: '1'}\nx-wso2-cors: " + cors + paths
	}
	for name, tc := range map[string]struct {
		cors string
		want *CORS
		err  string
	}{
		"camelCase": {
			`{accessControlAllowOrigins: ["https://a.test"], accessControlAllowMethods: [GET], accessControlAllowHeaders: [X-A], accessControlExposeHeaders: [X-B], accessControlAllowCredentials: true}`,
			&CORS{[]string{"https://a.test"}, []string{"GET"}, []string{"X-A"}, []string{"X-B"}, true}, "",
		},
		"kebab-case":        {`{access-control-allow-origins: ["*"], access-control-allow-credentials: false}`, &CORS{Origins: []string{"*"}}, ""},
		"empty":             {`{}`, &CORS{}, ""},
		"switched off":      {`{corsConfigurationEnabled: false, accessControlAllowOrigins: ["*"]}`, nil, ""},
		"switched on":       {`{corsConfigurationEnabled: true}`, &CORS{}, ""},
		"an unknown member": {`{allowOrigins: []}`, nil, "allowOrigins is no member of x-wso2-cors"},
		"both spellings":    {`{accessControlAllowOrigins: [], access-control-allow-origins: []}`, nil, "stands twice"},
		"a text for a list": {`{accessControlAllowOrigins: "*"}`, nil, "x-wso2-cors/accessControlAllowOrigins"},
		"a text for a word": {`{accessControlAllowCredentials: "true"}`, nil, "x-wso2-cors/accessControlAllowCredentials"},
		"no object":         {`[]`, nil, "x-wso2-cors"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := Load(put(t, head(tc.cors)), Options{})
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, doc.CORS)
		})
	}
}
