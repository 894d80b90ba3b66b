package diff

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func TestWhatBecameOfAnOperation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before, after string
		want          string // "": the same
	}{
		"the same in another order":         {"[{k: [], o: [x, y]}, {b: []}]", "[{b: []}, {o: [y, x], k: []}]", ""},
		"what is implied says nothing":      {"[{o: []}]", "[{o: []}, {o: [x]}, {k: [], o: []}]", ""},
		"{} makes all else idle":            {"[{}]", "[{k: []}, {}]", ""},
		"an alternative more":               {"[{k: []}]", "[{k: []}, {b: []}]", "weaker GET /a: (k) (k, or b) opens"},
		"an alternative less":               {"[{k: []}, {b: []}]", "[{k: []}]", "stronger GET /a: (k, or b) (k)"},
		"a requirement less":                {"[{k: [], o: []}]", "[{o: []}]", "weaker GET /a: (k and o) (o) opens"},
		"a requirement more":                {"[{o: []}]", "[{k: [], o: []}]", "stronger GET /a: (o) (k and o)"},
		"a scope less":                      {"[{o: [x, y]}]", "[{o: [x]}]", "weaker GET /a: (o[x y]) (o[x]) opens"},
		"a scope more":                      {"[{o: [x]}]", "[{o: [x, y]}]", "stronger GET /a: (o[x]) (o[x y])"},
		"another scope":                     {"[{o: [x]}]", "[{o: [y]}]", "changed GET /a: (o[x]) (o[y]) opens"},
		"another scheme":                    {"[{k: []}]", "[{b: []}]", "changed GET /a: (k) (b) opens"},
		"AND became OR":                     {"[{k: [], b: []}]", "[{k: []}, {b: []}]", "weaker GET /a: (k and b) (k, or b) opens"},
		"OR became AND":                     {"[{k: []}, {b: []}]", "[{k: [], b: []}]", "stronger GET /a: (k, or b) (k and b)"},
		"public":                            {"[{k: []}]", "[]", "weaker GET /a: (k) (everybody) opens"},
		"no longer public":                  {"[]", "[{k: []}]", "stronger GET /a: (everybody) (k)"},
		"anonymous beside":                  {"[{k: []}]", "[{k: []}, {}]", "weaker GET /a: (k) (k, or everybody) opens"},
		"weaker here and stronger there":    {"[{k: []}, {b: [], o: []}]", "[{k: [], m: []}, {b: []}]", "changed GET /a: (k, or b and o) (k and m, or b) opens"},
		"an alternative that needs two is":  {"[{k: [], b: []}, {o: []}]", "[{k: [], b: [], m: []}, {o: []}]", "stronger GET /a: (k and b, or o) (k and b and m, or o)"},
		"of which one was never needed":     {"[{k: []}, {k: [], b: []}]", "[{k: []}]", ""},
		"by a certificate more, for anyone": {"[{}]", "[{m: []}]", "stronger GET /a: (everybody) (m)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := func(security string) *openapi.Document {
				return document(t, openapi.Options{}, "  /a: {get: {security: "+security+"}}\n")
			}
			r := Compare(one(tc.before), one(tc.after))
			var want []string
			if tc.want != "" {
				want = append(want, tc.want)
			} else {
				require.Equal(t, 1, r.Counts[Same])
			}
			require.Equal(t, want, lines(r))
		})
	}
}

func TestOperationsAreThoseThatRequestsSee(t *testing.T) {
	t.Parallel()
	const key = "security: [{k: []}]"
	for name, tc := range map[string]struct {
		before, after string
		want          []string
	}{
		"parameters may be renamed": {
			"  /a/{x}: {get: {security: [{k: []}]}}\n",
			"  /a/{y}: {get: {security: [{b: []}]}}\n",
			[]string{"changed GET /a/{y}: (k) (b) opens"},
		},
		"escapes are one spelling": {
			"  '/a b': {get: {" + key + "}}\n", "  /a%20b: {get: {" + key + "}}\n", nil,
		},
		"new": {
			"  /a: {get: {security: []}}\n",
			"  /a: {get: {security: []}, put: {" + key + "}}\n  /b/{x}: {get: {operationId: b, " + key + "}}\n",
			[]string{"new PUT /a: - (k)", "new GET /b/{x}: - (k)"},
		},
		"new and open to everybody": {
			"  /a: {get: {}}\n",
			"  /a: {get: {}}\n  /b: {get: {security: []}}\n  /c: {get: {security: [{k: []}, {}]}}\n",
			[]string{"new GET /b: - (everybody) opens", "new GET /c: - (k, or everybody) opens"},
		},
		"gone": {
			"  /a: {get: {}}\n  /b: {get: {security: []}}\n", "  /a: {get: {}}\n",
			[]string{"gone GET /b: (everybody) -"},
		},
		"a base path moves all": {
			"  /a: {get: {" + key + ", servers: [{url: /v1}]}}\n",
			"  /a: {get: {" + key + ", servers: [{url: /v2}]}}\n",
			[]string{"new GET /v2/a: - (k)", "gone GET /v1/a: (k) -"},
		},
		"a base path more": {
			"  /a: {get: {" + key + ", servers: [{url: /v1}]}}\n",
			"  /a: {get: {" + key + ", servers: [{url: /v1}, {url: /v2}]}}\n",
			[]string{"new GET /v2/a: - (k)"},
		},
		"what remains gets the requests": {
			"  /a/b: {get: {security: [{o: [x]}]}}\n  /a/{x}: {get: {" + key + "}}\n",
			"  /a/{x}: {get: {" + key + "}}\n",
			[]string{"changed GET /a/b: (o[x]) (k by GET /a/{x}) opens"},
		},
		"and may ask for the same": {
			"  /a/b: {get: {" + key + "}}\n  /a/{x}: {get: {" + key + "}}\n",
			"  /a/{x}: {get: {" + key + "}}\n",
			[]string{"gone GET /a/b: (k) (k by GET /a/{x})"},
		},
		"what is new takes requests of others": {
			"  /a/{x}: {get: {" + key + "}}\n",
			"  /a/b: {get: {security: []}}\n  /a/{x}: {get: {" + key + "}}\n",
			[]string{"weaker GET /a/b: (k by GET /a/{x}) (everybody) opens"},
		},
		"and may ask for more": {
			"  /a/{x}: {get: {" + key + "}}\n",
			"  /a/b: {get: {security: [{k: [], m: []}]}}\n  /a/{x}: {get: {" + key + "}}\n",
			[]string{"stronger GET /a/b: (k by GET /a/{x}) (k and m)"},
		},
		"and be open as before": {
			"  /a/{x}: {get: {security: []}}\n",
			"  /a/b: {get: {security: []}}\n  /a/{x}: {get: {security: []}}\n",
			[]string{"new GET /a/b: (everybody by GET /a/{x}) (everybody)"},
		},
		"some of them": {
			"  /{x}/b: {get: {" + key + "}}\n",
			"  /{x}/b: {get: {" + key + "}}\n  /a/{x}: {get: {security: []}}\n",
			[]string{"weaker GET /a/{x}: (k by GET /{x}/b) (everybody) opens"},
		},
		"some, and open to everybody beyond": {
			"  /a/b: {get: {security: []}}\n",
			"  /a/b: {get: {security: []}}\n  /a/{x}: {get: {security: []}}\n",
			[]string{"new GET /a/{x}: - (everybody) opens"},
		},
		"by another order": {
			"  /a/{x}.j: {get: {" + key + "}}\n  /a/b{y}: {get: {security: []}}\n",
			"  /a/b{y}: {get: {security: []}}\n  /a/{x}.j: {get: {" + key + "}}\n",
			[]string{"weaker GET /a/b{y}: (k by GET /a/{x}.j) (everybody) opens", "weaker GET /a/{x}.j: (k) (everybody by GET /a/b{y}) opens"},
		},
		"of another method no": {
			"  /a/{x}: {put: {" + key + "}}\n",
			"  /a/b: {get: {" + key + "}}\n  /a/{x}: {put: {" + key + "}}\n",
			[]string{"new GET /a/b: - (k)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Compare(document(t, openapi.Options{}, tc.before), document(t, openapi.Options{}, tc.after))
			require.Equal(t, tc.want, lines(r))
		})
	}
}

func TestTransportIsSecurityToo(t *testing.T) {
	t.Parallel()
	const only = "x-wso2-transports: [https]"
	paths := "  /a: {get: {security: [{k: []}]}}\n  /b: {get: {security: []}}\n"
	open, closed := document(t, openapi.Options{}, paths), document(t, openapi.Options{}, paths, only)
	require.Equal(t, []string{
		"weaker GET /a: (k; over TLS only) (k) opens", "weaker GET /b: (everybody; over TLS only) (everybody) opens",
	}, lines(Compare(closed, open)))
	require.Len(t, lines(Compare(open, closed)), 2)
	require.Empty(t, lines(Compare(closed, closed)))
}

func TestSchemesAreCompared(t *testing.T) {
	t.Parallel()
	one := func(schemes string) *openapi.Document {
		return document(t, openapi.Options{}, "  /a: {get: {security: [{k: []}]}}\n", "components: {securitySchemes: {"+schemes+"}}")
	}
	header := one("k: {type: apiKey, in: header, name: x-key}, d: {type: http, scheme: digest}")
	query := one("k: {type: apiKey, in: query, name: key}, m: {type: mutualTLS}")
	r := Compare(header, query)
	require.Equal(t, []Scheme{
		{Gone, "d", "http digest in header Authorization", ""},
		{Changed, "k", "apiKey in header X-Key", "apiKey in query key"},
		{New, "m", "", "mutualTLS"},
	}, r.Schemes)
	require.Equal(t, []string{"changed GET /a: (k (apiKey in header X-Key)) (k (apiKey in query key)) opens"}, lines(r), "the name is the same, the credential is not")
	require.Empty(t, Compare(header, header).Schemes)

	flow := func(name string) *openapi.Document {
		return one("k: {type: oauth2, flows: {" + name + ": {tokenUrl: 'https://id.test/" + name + "', scopes: {}}}}")
	}
	r = Compare(flow("clientCredentials"), flow("password"))
	require.Empty(t, append(lines(r), lines(Compare(flow("password"), flow("clientCredentials")))...), "clients get tokens another way, of whom the gateway trusts")
	require.Empty(t, r.Schemes)
}

func TestTheDefaultCounts(t *testing.T) {
	t.Parallel()
	one := func(mode openapi.DefaultMode) *openapi.Document {
		return document(t, openapi.Options{DefaultSecurity: openapi.DefaultSecurity{Mode: mode}}, "  /a: {get: {}}\n")
	}
	deny, token, public := one(openapi.DefaultDeny), one(openapi.DefaultOAuth2), one(openapi.DefaultPublic)
	require.Equal(t, "weaker GET /a: (default_security deny) (default_security oauth2) opens", lines(Compare(deny, token))[0])
	require.Equal(t, "stronger GET /a: (everybody) (default_security deny)", lines(Compare(public, deny))[0])
	require.Empty(t, lines(Compare(deny, deny)))
}

func TestKindsOfDifferencesAreCounted(t *testing.T) {
	t.Parallel()
	before := document(t, openapi.Options{}, `
  /weaker: {get: {security: [{k: []}]}}
  /changed: {get: {security: [{k: []}]}}
  /stronger: {get: {security: [{k: []}]}}
  /gone: {get: {security: [{k: []}]}}
  /same: {get: {security: [{k: []}]}}
`)
	after := document(t, openapi.Options{}, `
  /weaker: {get: {security: [{k: []}, {o: []}]}}
  /changed: {get: {security: [{b: []}]}}
  /stronger: {get: {security: [{k: [], o: []}]}}
  /new: {get: {security: [{k: []}]}}
  /open: {get: {security: []}}
  /same: {get: {security: [{k: []}]}}
`, "components: {securitySchemes: {k: {type: apiKey, in: header, name: X-Key}, b: {type: http, scheme: basic}, o: {type: oauth2}}}")
	r := Compare(before, after)
	require.Equal(t, map[Change]int{Weaker: 1, Changed: 1, Stronger: 1, New: 2, Gone: 1, Same: 1}, r.Counts)
	require.Equal(t, 3, r.Count(FailOnWeaker))
	require.Equal(t, 4, r.Count(FailOnChanged))
	require.Equal(t, 7, r.Count(FailOnAny), "with a scheme that is gone")
	for _, kind := range []FailOn{FailOnWeaker, FailOnChanged, FailOnAny} {
		parsed, err := ParseFailOn(string(kind))
		require.NoError(t, err)
		require.Equal(t, kind, parsed)
		require.Zero(t, Compare(before, before).Count(kind))
	}
	_, err := ParseFailOn("stronger")
	require.EqualError(t, err, `"stronger" is no kind of differences: there are weaker, changed, any`)
}
