package diff

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// TestFormulasSayWhatEverySetOfCredentialsSays compares by the formulas and by
// trying every set of credentials.
func TestFormulasSayWhatEverySetOfCredentialsSays(t *testing.T) {
	t.Parallel()
	seen := map[[2]bool]int{}
	for _, anyScope := range []bool{false, true} {
		const n = 60
		r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
		var paths strings.Builder
		for i := range n {
			fmt.Fprintf(&paths, "  /%d: {get: {security: %s}}\n", i, someSecurity(r))
		}
		operations := document(t, openapi.Options{CombineAny: anyScope}, paths.String()).API.Operations
		require.Len(t, operations, n)
		for _, a := range operations {
			for _, b := range operations {
				opens, closes := compare(a, b)
				wantOpens, wantCloses := tried(a, b)
				require.Equal(t, [2]bool{wantOpens, wantCloses}, [2]bool{opens, closes}, "%s -> %s", securityOf(a), securityOf(b))
				seen[[2]bool{opens, closes}]++
			}
		}
	}
	for _, n := range seen {
		require.Greater(t, n, 100, "%v", seen)
	}
	require.Len(t, seen, 4)
}

func TestTooManyTermsAreToldFromNothing(t *testing.T) {
	t.Parallel()
	api := new(caddymgw.API)
	s := &caddymgw.Scheme{Name: "o", Type: caddymgw.OAuth2}
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprint(i))
	}
	anyOf := func(lists ...[]string) *caddymgw.Operation {
		var alt caddymgw.Alternative
		for _, scopes := range lists {
			alt = append(alt, caddymgw.Requirement{Scheme: s, Scopes: scopes, AnyScope: true})
		}
		return &caddymgw.Operation{API: api, Alternatives: []caddymgw.Alternative{alt}}
	}
	few := anyOf(many, many[:2])
	opens, closes := compare(few, few)
	require.False(t, opens || closes)
	opens, closes = compare(anyOf(many, many), anyOf(many))
	require.True(t, opens && closes, "unknown is both")
	one := anyOf(many).Alternatives[0]
	repeated := &caddymgw.Operation{API: api}
	for range 30 {
		repeated.Alternatives = append(repeated.Alternatives, one)
	}
	opens, closes = compare(few, repeated)
	require.True(t, opens && closes)
}
