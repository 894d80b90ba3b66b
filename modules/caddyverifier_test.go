package modules_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

func init() {
	caddy.RegisterModule(new(portal))
}

// portal is an authentication provider as others write them: it reads a cookie
// of its own and answers with redirects.
type portal struct {
	Name string `json:"name"`
}

func (*portal) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.authentication.providers.mgw_test_portal", New: func() caddy.Module { return new(portal) }}
}

func (p *portal) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	p.Name = d.RemainingArgs()[0]
	return nil
}

func (p *portal) Authenticate(w http.ResponseWriter, r *http.Request) (caddyauth.User, bool, error) {
	body, _ := io.ReadAll(r.Body)
	r.Header.Set("X-From-Provider", "1")
	c, _ := r.Cookie("session")
	switch {
	case len(body) > 0:
		return caddyauth.User{}, false, errors.New("a body has come")
	case c != nil && c.Value == "good":
		return caddyauth.User{ID: p.Name, Metadata: map[string]string{"roles": "chief clerk"}}, true, nil
	case c != nil && c.Value == "broken":
		return caddyauth.User{}, false, errors.New("the portal is down")
	}
	w.Header().Set("WWW-Authenticate", `Portal realm="x"`)
	w.Header().Set("Set-Cookie", "tracker=1")
	http.Redirect(w, r, "https://portal.test/login", http.StatusFound)
	return caddyauth.User{}, false, nil
}

func TestAnyProviderOfCaddyCanVerify(t *testing.T) {
	g := shopWith(t, "scheme login caddy {\n\t\t\tmgw_test_portal pat\n\t\t}", shop)
	a := g.Get("/shop/v1/roles", "Cookie: session=good")
	require.Equal(t, 200, a.Status)
	came := g.Upstream.Take()
	require.Equal(t, []string{"pat"}, harness.Header(came[0], "X-Auth-User"))
	require.Empty(t, harness.Header(came[0], "X-From-Provider"), "it had a copy")
	a = g.Get("/shop/v1/roles")
	require.Equal(t, 401, a.Status)
	require.Equal(t, []string{`Portal realm="x"`}, a.Header.Values("Www-Authenticate"))
	require.Empty(t, a.Header.Values("Set-Cookie"))
	require.Empty(t, a.Header.Values("Location"))
	require.Equal(t, 503, g.Get("/shop/v1/roles", "Cookie: session=broken").Status)
	require.Equal(t, 401, g.Get("/shop/v1/roles", "Cookie: session=bad", bob).Status, "a password that the provider does not know")
	require.Equal(t, 401, g.Get("/shop/v1/both", "Cookie: session=good").Status, "the key is missing")
	require.Equal(t, 200, g.Get("/shop/v1/both", "Cookie: session=good", "X-Api-Key: "+key(t, g, alice)).Status)
}

func TestCaddysBasicProviderByJSON(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	config, err := g.Adapt(strings.Replace(shopCaddyfile, "openapi_auth shop.yaml {", "openapi_auth shop.yaml {\n\t\tscheme login basic", 1))
	require.NoError(t, err)
	provider := `"verifier": "caddy", "providers": {"http_basic": {"accounts": [{"username": "carl", "password": "$2a$10$wn7woFbyCfu4bagVs.Ul3uQRp6AIr.4VlmZgVsRRXpv0jXwUkLXai"}]}}`
	require.NoError(t, g.LoadJSON([]byte(strings.ReplaceAll(string(config), `"verifier": "basic"`, provider))))
	require.Equal(t, 200, g.Get("/shop/v1/admin/stats", login("carl", "builder")).Status)
	a := g.Get("/shop/v1/admin/stats", login("carl", "wrong"))
	require.Equal(t, 401, a.Status)
	require.Equal(t, []string{`Basic realm="restricted"`}, a.Header.Values("Www-Authenticate"))
}

func TestAProviderBesideAnonymousIsRefused(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": strings.Replace(shop, "[{}, {header: []}]", "[{}, {login: []}]", 1)})
	err := g.Validate(strings.Replace(shopCaddyfile, "openapi_auth shop.yaml {", "openapi_auth shop.yaml {\n\t\tscheme login caddy {\n\t\t\tmgw_test_portal pat\n\t\t}", 1))
	require.ErrorContains(t, err, "scheme login: the operation optional lets anonymous requests in ({})")
}
