package bearer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

func TestTheHeaderTypesOfAccessTokens(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for _, typ := range []any{absent{}, "JWT", "jwt", "at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+JWT"} {
		d.requireGood(t, d.forge(t, members{"typ": typ}, nil))
	}
	for _, typ := range []string{
		"apikey+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "token-introspection+jwt", "oauth-authz-req+jwt",
		"application/jwt", "application/apikey+jwt", "JWS", "JWT ", " JWT", "at+jwt\x00", "ID", "application/application/at+jwt",
	} {
		d.requireNever(t, d.forge(t, members{"typ": typ}, nil), caddymgw.ReasonType)
	}
	for _, typ := range []any{"", 1, nil, []string{"JWT"}} {
		d.requireNever(t, d.forge(t, members{"typ": typ}, nil), caddymgw.ReasonMalformed)
	}
	// U+212A is a K in another case.
	require.ErrorIs(t, d.mayBeAccess(token.Header{Algorithm: "ES256", Type: "at+jwt\u212a"}), token.ErrType)
}

func TestAnIssuerMayBeHeldToOneType(t *testing.T) {
	t.Parallel()
	d := newDesk(t, issuerOf(func(i *Issuer) { i.Types = []string{"AT+JWT"} }))
	for _, typ := range []string{"at+jwt", "application/at+jwt", "Application/At+Jwt"} {
		d.requireGood(t, d.forge(t, members{"typ": typ}, nil))
	}
	for _, typ := range []any{absent{}, "JWT", "application/jwt", "application/"} {
		d.requireNever(t, d.forge(t, members{"typ": typ}, nil), caddymgw.ReasonType)
	}
}

func TestOtherTokensOfTheIssuerAreNoAccessTokens(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for name, claims := range map[string]members{
		"an ID token with nonce":            {"nonce": "n"},
		"an ID token with an empty nonce":   {"nonce": nil},
		"an ID token with at_hash":          {"at_hash": "h"},
		"an ID token with c_hash":           {"c_hash": "h"},
		"an ID token with s_hash":           {"s_hash": "h"},
		"an ID token by RFC 8693":           {"token_type": "urn:ietf:params:oauth:token-type:id_token"},
		"a refresh token, spelt otherwise":  {"token_use": "refresh-token"},
		"a code":                            {"token_use": "authorization_code"},
		"a kind that nobody knows":          {"typ": "Serialized-ID"},
		"an API key of WSO2":                {"keytype": "PRODUCTION", "client_id": absent{}},
		"an API key of WSO2 by its type":    {"token_type": "apiKey"},
		"an ID token of Keycloak":           {"typ": "ID"},
		"an ID token of Cognito":            {"token_use": "id"},
		"a logout token":                    {"events": members{"http://schemas.openid.net/event/backchannel-logout": members{}}},
		"a logout token of Keycloak":        {"typ": "Logout"},
		"a refresh token of Keycloak":       {"typ": "Refresh"},
		"a refresh token in small letters":  {"typ": "refresh"},
		"an offline token of Keycloak":      {"typ": "Offline"},
		"a refresh token of Hydra":          {"token_use": "refresh_token"},
		"a refresh token of others":         {"token_type": "refresh"},
		"a token that needs more than this": {"token_type": "DPoP"},
		"a kind that is no string":          {"typ": 1},
		"a kind that is a list":             {"token_use": []string{"access"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d.requireNever(t, d.forge(t, nil, claims), caddymgw.ReasonType)
			d.requireNever(t, d.forge(t, members{"typ": "JWT"}, claims), caddymgw.ReasonType)
		})
	}
	for _, claims := range []members{
		{"keytype": "PRODUCTION", "consumerKey": "c", "client_id": absent{}},
		{"token_use": "Access-Token"},
		{"typ": "at+jwt"},
		{"typ": "Bearer"},
		{"token_use": "access"},
		{"token_use": "access_token"},
		{"token_type": "Bearer"},
		{"token_type": "access"},
	} {
		d.requireGood(t, d.forge(t, nil, claims))
	}
}

func TestWhatIsOpaque(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	jwt := d.forge(t, nil, nil)
	header, rest, _ := strings.Cut(jwt, ".")
	for name, tc := range map[string]struct {
		text   string
		opaque bool
	}{
		"letters":                      {"hunter2", true},
		"the alphabet of RFC 6750":     {"aZ09-._~+/==", true},
		"a UUID":                       {"94ad5974-ed24-4cbd-9fe6-b0cf259149d1", true},
		"three parts that are no JWT":  {"v4.public.abc", false},
		"one dot":                      {"ory_at_a.b", true},
		"a JWE":                        {header + ".a.b.c.d", true},
		"a JWT":                        {jwt, false},
		"a JWT of a broken payload":    {header + ".a.b", false},
		"a padded JWT":                 {header + "=." + rest, false},
		"a JWT with crit":              {d.forge(t, members{"crit": []string{"exp"}}, nil), false},
		"a JWT without alg":            {d.forge(t, members{"alg": absent{}}, nil), false},
		"a JWT of two alg":             {encode(`{"alg":"ES256","alg":"none"}`) + "." + rest, false},
		"a JWT behind a space":         {encode(` {"alg":"ES256"}`) + ".a.b", false},
		"one with crit behind a space": {encode(` {"alg":"ES256","crit":[]}`) + ".a.b", false},
		"another last bit":             {header[:len(header)-1] + "_." + rest, false},
		"nothing":                      {"", false},
		"padding only":                 {"==", false},
		"padding within":               {"a=b", false},
		"a space":                      {"a b", false},
		"a line":                       {"a\r\nb", false},
		"NUL":                          {"a\x00", false},
		"a quote":                      {`a"b`, false},
		"not ASCII":                    {"é", false},
		"not UTF-8":                    {"\xff", false},
		"a parameter of its own":       {"a&token_type_hint=b", false},
		"a percent sign":               {"a%26", false},
	} {
		require.Equal(t, tc.opaque, isOpaque(tc.text), name)
	}
}
