package modules_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// TestTwoGatewaysOfOneSite are compared like two documents of one directive.
func TestTwoGatewaysOfOneSite(t *testing.T) {
	pets := apiFile("Pets", "/v1", "/pets: {get: {operationId: list}}, '/at/{id}': {get: {}}")
	files := map[string]string{
		"pets.yaml": pets, "same.yaml": strings.Replace(pets, "/v1", "/v7", 1), "base.yaml": apiFile("Base", "/V1", "/birds: {get: {}}"), "path.yaml": apiFile("Path", "/v1", "/pets: {post: {operationId: add}}"),
		"shop.yaml": apiFile("Shop", "/v1/shop", "'/{id}': {get: {}}"), "below.yaml": apiFile("Below", "/v1/pets", "'/{id}': {get: {}}"), "else.yaml": apiFile("Else", "/v2", "/x: {get: {}}"), "root.yaml": apiFile("Root", "/", "/x: {get: {}}"),
	}
	g := harness.New(t, files)
	gateway := func(file string) string { return "openapi_gateway " + file + ".yaml $UPSTREAM" }
	for name, tc := range map[string]struct {
		lines []string
		want  string // "": fine
	}{
		"one name and version":     {[]string{gateway("pets"), gateway("same")}, `both are API "Pets" version "1"`},
		"one base path":            {[]string{gateway("pets"), gateway("base")}, "pets.yaml and base.yaml both have the base path /V1"},
		"one path":                 {[]string{gateway("pets"), gateway("path")}, "claim the same path below /v1, by the operations list and add"},
		"a claim of the first":     {[]string{gateway("pets"), gateway("below")}, "pets.yaml: the operation list lies below the base path /v1/pets of below.yaml"},
		"a claim of the second":    {[]string{gateway("below"), gateway("pets")}, "pets.yaml: the operation list lies below the base path /v1/pets of below.yaml"},
		"one document twice":       {[]string{gateway("pets"), gateway("pets")}, "pets.yaml stands twice on one site"},
		"the deeper one last":      {[]string{gateway("pets"), gateway("shop")}, "shop.yaml lies below a base path of pets.yaml, whose openapi_gateway stands before and takes all requests"},
		"the deeper one first":     {[]string{gateway("shop"), gateway("pets")}, ""},
		"below the root, last":     {[]string{gateway("root"), gateway("pets")}, "pets.yaml lies below a base path of root.yaml"},
		"below the root, first":    {[]string{gateway("pets"), gateway("root")}, ""},
		"side by side":             {[]string{gateway("pets"), gateway("else")}, ""},
		"for other methods":        {[]string{"@get method GET", "handle @get {\n\t\t" + gateway("pets") + "\n\t}", "handle {\n\t\t" + gateway("pets") + "\n\t}"}, ""},
		"below other paths":        {[]string{"route /a/* {\n\t\turi strip_prefix /a\n\t\t" + gateway("pets") + "\n\t}", "route /b/* {\n\t\turi strip_prefix /b\n\t\t" + gateway("pets") + "\n\t}"}, ""},
		"in one block":             {[]string{"handle /v1/* {\n\t\t" + gateway("pets") + "\n\t\t" + gateway("base") + "\n\t}"}, "pets.yaml and base.yaml both have the base path /V1"},
		"behind openapi_auth":      {[]string{"openapi_auth else.yaml", gateway("pets")}, "else.yaml stands before openapi_gateway"},
		"beside openapi_auth":      {[]string{"handle /v2/* {\n\t\topenapi_auth else.yaml\n\t\treverse_proxy $UPSTREAM\n\t}", gateway("pets")}, ""},
		"before openapi_auth":      {[]string{"route {\n\t\t" + gateway("pets") + "\n\t\topenapi_auth else.yaml\n\t\treverse_proxy $UPSTREAM\n\t}"}, ""},
		"before one with its path": {[]string{"route {\n\t\t" + gateway("pets") + "\n\t\topenapi_auth path.yaml\n\t\treverse_proxy $UPSTREAM\n\t}"}, "claim the same path below /v1"},
		"two of openapi_auth":      {[]string{"handle /v1/pets/* {\n\t\topenapi_auth pets.yaml\n\t\treverse_proxy $UPSTREAM\n\t}", "handle {\n\t\topenapi_auth path.yaml\n\t\treverse_proxy $UPSTREAM\n\t}"}, ""},
		"with another proxy":       {[]string{"openapi_gateway pets.yaml {\n\t\tproxy {\n\t\t\tdynamic a localhost 1\n\t\t}\n\t}", gateway("base")}, "pets.yaml and base.yaml both have the base path /V1"},
	} {
		t.Run(name, func(t *testing.T) {
			err := g.Load(gatewayCaddyfile(tc.lines...))
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.Contains(t, strings.ReplaceAll(err.Error(), g.Dir+"/", ""), tc.want)
		})
	}
	t.Run("on two sites", func(t *testing.T) {
		first := gatewayCaddyfile(gateway("pets"))
		require.NoError(t, g.Load(strings.Replace(first, "http://:$HTTP, https://localhost:$HTTPS", "http://a.test:$HTTP, https://localhost:$HTTPS", 1)+"http://b.test:$HTTP {\n\t"+gateway("pets")+"\n}\n"))
	})
}

// TestAProxyThatAsksIsNoEnd: behind forward_auth the request goes on.
func TestAProxyThatAsksIsNoEnd(t *testing.T) {
	g := harness.New(t, map[string]string{"a.yaml": apiFile("A", "/v1", "/x: {get: {}}")})
	asks := "forward_auth " + harness.NewRecorder(t).Addr + " {\n\t\turi /ask\n\t}"
	for name, lines := range map[string][]string{
		"before openapi_gateway": {asks, "openapi_gateway a.yaml $UPSTREAM"},
		"behind openapi_auth":    {"openapi_auth a.yaml", asks, "reverse_proxy $UPSTREAM"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, g.Load(gatewayCaddyfile(lines...)))
			require.Equal(t, 200, g.Get("/v1/x").Status)
			require.Len(t, g.Upstream.Take(), 1)
			require.NotContains(t, g.Log(), "requests are rewritten between")
		})
	}
	t.Run("for all, where some were decided on", func(t *testing.T) {
		require.NoError(t, g.Load(gatewayCaddyfile("route {\n\t\troute /v1/* {\n\t\t\topenapi_auth a.yaml\n\t\t}\n\t\t"+asks+"\n\t\trespond rest\n\t}")))
	})
}

// TestAProxyForRefusedRequestsIsToldOf: handle_errors gets what was not let through.
func TestAProxyForRefusedRequestsIsToldOf(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	require.NoError(t, g.Load(gatewayCaddyfile("openapi_gateway shop.yaml $UPSTREAM {\n\t\tfaults caddy\n\t}", "handle_errors {\n\t\treverse_proxy $UPSTREAM\n\t}")))
	require.Contains(t, g.Log(), "an upstream behind openapi_auth is also reached without it")
}
