package apikey

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// manager is a trusted issuer whose keys can change and go away.
type manager struct {
	keys []token.Key
	err  error
}

func (m *manager) Find(_ context.Context, kid, _ string) (found []token.Key, err error) {
	for _, k := range m.keys {
		if k.ID == kid {
			found = append(found, k)
		}
	}
	return found, m.err
}

func trusting(t *testing.T) (d *desk, m *manager, key func(header, claims members) string) {
	t.Helper()
	signer := newSigner(t, "ES256")
	m = &manager{keys: []token.Key{{ID: "apim", Public: signer.Public()}}}
	d = newDesk(t, func(c *Config) { c.Trusts = []Trust{{Issuer: "https://apim.test", Keys: m}} })
	return d, m, func(header, claims members) string {
		h := members{"kid": "apim", "typ": "JWT"}
		c := members{"iss": "https://apim.test", "aud": absent{}, "subscribedAPIs": []any{members{"name": "Petstore", "version": "1.0", "context": "/pets", "subscriptionTier": "Gold"}}, "allowedAPIs": absent{}}
		for k, v := range header {
			h[k] = v
		}
		for k, v := range claims {
			c[k] = v
		}
		return d.forge(t, h, c, es256(t, signer))
	}
}

func TestKeysOfATrustedIssuer(t *testing.T) {
	t.Parallel()
	d, m, key := trusting(t)
	good := key(nil, nil)
	for range 2 {
		d.requireGood(t, good)
	}
	for name, tc := range map[string]struct {
		header, claims members
		want           caddymgw.Reason
	}{
		"typ absent":                 {members{"typ": absent{}}, nil, caddymgw.ReasonNone},
		"typ in small letters":       {members{"typ": "jwt"}, nil, caddymgw.ReasonNone},
		"allowedAPIs":                {nil, members{"subscribedAPIs": absent{}, "allowedAPIs": []any{}}, caddymgw.ReasonNone},
		"an address":                 {nil, members{"permittedIP": "10.0.0.1, 192.0.2.0/24"}, caddymgw.ReasonNone},
		"no address":                 {nil, members{"permittedIP": "", "permittedReferer": ""}, caddymgw.ReasonNone},
		"our own typ":                {members{"typ": Type}, nil, caddymgw.ReasonType},
		"an access token's typ":      {members{"typ": "at+jwt"}, nil, caddymgw.ReasonType},
		"an access token":            {nil, members{"keytype": absent{}, "subscribedAPIs": absent{}}, caddymgw.ReasonClaims},
		"no list":                    {nil, members{"subscribedAPIs": absent{}}, caddymgw.ReasonClaims},
		"a list that is none":        {nil, members{"subscribedAPIs": "Petstore"}, caddymgw.ReasonClaims},
		"subscribedAPIs comes first": {nil, members{"subscribedAPIs": []any{members{"name": "Other", "version": "1.0"}}, "allowedAPIs": []any{}}, caddymgw.ReasonAPI},
		"another version":            {nil, members{"subscribedAPIs": []any{members{"name": "Petstore", "version": "2.0"}}}, caddymgw.ReasonAPI},
		"no subject":                 {nil, members{"sub": absent{}}, caddymgw.ReasonClaims},
		"no id":                      {nil, members{"jti": absent{}}, caddymgw.ReasonClaims},
		"no end":                     {nil, members{"exp": absent{}}, caddymgw.ReasonClaims},
		"expired":                    {nil, members{"exp": start.Unix()}, caddymgw.ReasonExpired},
		"all that API Manager writes": {nil, members{
			"application": members{"owner": "admin", "tier": "Unlimited", "name": "App", "id": 1}, "tierInfo": members{"Gold": members{"stopOnQuotaReach": true}},
			"keytype": "SANDBOX", "permittedReferer": "", "permittedIP": "", "token_type": "apiKey",
		}, caddymgw.ReasonNone},
		"issued just now, by another clock": {nil, members{"iat": start.Add(d.config.Leeway).Unix()}, caddymgw.ReasonNone},
		"issued in times to come":           {nil, members{"iat": start.Add(d.config.Leeway).Unix() + 1}, caddymgw.ReasonNotYet},
		"API Manager's access token":        {nil, members{"aud": "http://org.wso2.apimgt/gateway", "scope": "default", "consumerKey": "abc", "azp": "abc"}, caddymgw.ReasonType},
		"a token of a client":               {nil, members{"client_id": "abc"}, caddymgw.ReasonType},
		"a refresh token":                   {nil, members{"token_type": "Refresh"}, caddymgw.ReasonType},
		"a key for WSO2's own portal":       {nil, members{"token_type": "InternalKey"}, caddymgw.ReasonType},
		"an ID token":                       {nil, members{"nonce": "n", "at_hash": "h"}, caddymgw.ReasonType},
		"an event":                          {nil, members{"events": members{}}, caddymgw.ReasonType},
		"a token that proof is needed for":  {nil, members{"cnf": members{"jkt": "abc"}}, caddymgw.ReasonClaims},
		"an unknown key":                    {members{"kid": "other"}, nil, caddymgw.ReasonUnknownKey},
		"somebody else's issuer":            {nil, members{"iss": "https://evil.test"}, caddymgw.ReasonUnknownKey},
		"addresses of another form":         {nil, members{"permittedIP": []any{"10.0.0.1"}, "permittedReferer": 5}, caddymgw.ReasonClaims},
	} {
		t.Run(name, func(t *testing.T) {
			text := key(tc.header, tc.claims)
			if tc.want == caddymgw.ReasonNone {
				d.requireGood(t, text)
				return
			}
			d.requireRefused(t, text, tc.want)
		})
	}
	t.Run("roles", func(t *testing.T) {
		require.Equal(t, []string{"read", "chief"}, d.judge(t, key(nil, members{"roles": []any{"chief"}, "scope": "read"}), request()).Principal.Roles)
		d.requireRefused(t, key(nil, members{"roles": "chief"}), caddymgw.ReasonClaims)
	})
	t.Run("not from here", func(t *testing.T) {
		require.Equal(t, caddymgw.Forbidden, d.judge(t, key(nil, members{"permittedIP": "10.0.0.1"}), request()).Outcome)
	})
	t.Run("ours by their key, and theirs by ours", func(t *testing.T) {
		d.requireRefused(t, key(members{"typ": Type}, members{"iss": "https://gw.test", "aud": "gw"}), caddymgw.ReasonUnknownKey)
		d.requireRefused(t, d.forge(t, members{"typ": "JWT"}, members{"iss": "https://apim.test"}, nil), caddymgw.ReasonUnknownKey)
	})
	t.Run("a key that is gone is no longer trusted, seen or not", func(t *testing.T) {
		kept := m.keys
		m.keys = nil
		d.requireRefused(t, good, caddymgw.ReasonUnknownKey)
		m.keys = []token.Key{{ID: "apim", Public: newSigner(t, "ES256").Public()}}
		d.requireRefused(t, good, caddymgw.ReasonSignature)
		m.keys = kept
		d.requireGood(t, good)
	})
	t.Run("keys that can't be known", func(t *testing.T) {
		m.err = errors.New("away")
		v := d.judge(t, good, request())
		require.Equal(t, caddymgw.Unavailable, v.Outcome)
		m.err = nil
	})
	t.Run("revoked", func(t *testing.T) {
		d.revoked.ids["j1"] = true
		d.requireRefused(t, good, caddymgw.ReasonRevoked)
	})
}

func TestTrustsThatAreRefused(t *testing.T) {
	t.Parallel()
	m := &manager{}
	for name, trusts := range map[string][]Trust{
		"ourselves": {{Issuer: "https://gw.test", Keys: m}},
		"no name":   {{Keys: m}},
		"no keys":   {{Issuer: "a"}},
		"twice":     {{Issuer: "a", Keys: m}, {Issuer: "a", Keys: m}},
	} {
		d := newDesk(t, nil)
		c := d.config
		c.Trusts = trusts
		_, err := New(c)
		require.Error(t, err, name)
	}
}
