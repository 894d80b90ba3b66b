package token

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNoTokenIsOfTwoKinds(t *testing.T) {
	t.Parallel()
	const access, key = "an access token", "an API key"
	for name, tc := range map[string]struct {
		claims map[string]any
		want   []string
	}{
		"nothing tells":                         {map[string]any{"sub": "a"}, []string{access, key}},
		"a client":                              {map[string]any{"client_id": "c"}, []string{access}},
		"an authorized party":                   {map[string]any{"azp": "c"}, []string{access}},
		"a consumer key":                        {map[string]any{"consumerKey": "c"}, []string{access}},
		"a keytype":                             {map[string]any{"keytype": "PRODUCTION"}, []string{key}},
		"a keytype and a client":                {map[string]any{"keytype": "PRODUCTION", "consumerKey": "c"}, []string{access}},
		"the token_type of an API key":          {map[string]any{"token_type": "apiKey", "keytype": "PRODUCTION"}, []string{key}},
		"that of WSO2's key for its own portal": {map[string]any{"token_type": "InternalKey", "keytype": "PRODUCTION"}, nil},
		"Keycloak's access token":               {map[string]any{"typ": "Bearer"}, []string{access}},
		"Cognito's":                             {map[string]any{"token_use": "access"}, []string{access}},
		"Hydra's":                               {map[string]any{"token_use": "access_token", "token_type": "Bearer"}, []string{access}},
		"in another spelling":                   {map[string]any{"token_use": "Access-Token"}, []string{access}},
		"by RFC 9068":                           {map[string]any{"typ": "at+jwt"}, []string{access}},
		"by RFC 8693":                           {map[string]any{"token_type": "urn:ietf:params:oauth:token-type:access_token"}, []string{access}},
		"one of two says otherwise":             {map[string]any{"typ": "Bearer", "token_use": "refresh"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			if MayBeAccessToken(tc.claims) {
				got = append(got, access)
			}
			if MayBeAPIKey(tc.claims) {
				got = append(got, key)
			}
			require.Equal(t, tc.want, got)
		})
	}
}

func TestTokensOfOtherKindsAreNeither(t *testing.T) {
	t.Parallel()
	for _, mark := range []string{"nonce", "at_hash", "c_hash", "s_hash", "events"} {
		claims := map[string]any{"sub": "a", mark: "x"}
		require.False(t, MayBeAccessToken(claims), mark)
		require.False(t, MayBeAPIKey(claims), mark)
	}
	for _, claim := range []string{"typ", "token_use", "token_type"} {
		for _, kind := range []any{
			"ID", "id_token", "id", "Refresh", "refresh_token", "refresh-token", "RefreshToken", "Offline", "Logout", "logout_token", "DPoP", "code",
			"authorization_code", "device", "N_A", "Serialized-ID", "urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:refresh_token",
			"", nil, true, Number("1"),
			[]any{"Bearer"},
		} {
			claims := map[string]any{claim: kind}
			require.False(t, MayBeAccessToken(claims), "%s %v", claim, kind)
			require.False(t, MayBeAPIKey(claims), "%s %v", claim, kind)
		}
	}
}
