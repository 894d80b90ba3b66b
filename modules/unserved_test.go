package modules_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// TestAMisspeltAPIIsWarnedOf, since keys that are limited to it open nothing here.
func TestAMisspeltAPIIsWarnedOf(t *testing.T) {
	limited := func(name string) string {
		return strings.Replace(shopCaddyfile, "\tapikey_issuer\n", "\tapikey_issuer {\n\t\tapi "+name+"\n\t}\n", 1)
	}
	g := harness.Start(t, limited("Shop 1.0.0"), map[string]string{"shop.yaml": shop})
	require.NotContains(t, g.Log(), "are for what is not served here")
	require.NoError(t, g.Load(limited("Shap 1.0.0")))
	require.Contains(t, g.Log(), `keys of the issuer /apikey are for what is not served here","api":"Shap 1.0.0: no API of this name is served here; the nearest are Shop"`)
}

// TestABackendJWTThatNobodyCanVerifyIsWarnedOf: an issuer publishes its keys.
func TestABackendJWTThatNobodyCanVerifyIsWarnedOf(t *testing.T) {
	const nobody = "nobody can verify backend_jwt"
	signing := strings.Replace(shopCaddyfile, "openapi_auth shop.yaml {", "openapi_auth shop.yaml {\n\t\tbackend_jwt X-Who", 1)
	g := harness.Start(t, signing, map[string]string{"shop.yaml": shop})
	require.NotContains(t, g.Log(), nobody)
	require.NoError(t, g.Load(strings.Replace(signing, "\tapikey_issuer\n", "", 1)))
	require.Contains(t, g.Log(), nobody)
}
