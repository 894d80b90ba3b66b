package authserver_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/authserver"
)

const audience = "https://api.test"

func start(t *testing.T, algorithm string) *authserver.Server {
	t.Helper()
	s, err := authserver.Start(authserver.Config{
		Algorithm: algorithm,
		Audience:  []string{audience},
		Clients: []authserver.Client{
			{ID: "jwt", Secret: "s 1:%", Scopes: []string{"read:pets", "write:pets"}},
			{ID: "opaque", Secret: "s2", Scopes: []string{"read:pets"}, Opaque: true},
			{ID: "web", Secret: "s3", Scopes: []string{"read:pets"}, Redirect: "http://localhost/back"},
			{ID: "gateway", Secret: "s4", Introspect: true},
		},
		Users: map[string]string{"alice": "wonder"},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestTokensAreWhatAnotherLibraryExpects verifies them with go-oidc, over
// discovery.
func TestTokensAreWhatAnotherLibraryExpects(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s := start(t, algorithm)
			ctx := t.Context()
			provider, err := oidc.NewProvider(ctx, s.Issuer)
			require.NoError(t, err)
			verify := func(raw, client string) (c struct{ Scope, Nonce string }, subject string) {
				token, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: client}).Verify(ctx, raw)
				require.NoError(t, err)
				require.NoError(t, token.Claims(&c))
				return c, token.Subject
			}
			own, err := s.Token("jwt")
			require.NoError(t, err)
			claims, subject := verify(own, audience)
			require.Equal(t, "jwt", subject)
			require.Equal(t, "read:pets write:pets", claims.Scope)

			tokens, err := s.Login("web", "alice", "n-1", "openid", "read:pets")
			require.NoError(t, err)
			claims, subject = verify(tokens.Access, audience)
			require.Equal(t, "alice", subject)
			require.Equal(t, "openid read:pets", claims.Scope)
			claims, subject = verify(tokens.ID, "web")
			require.Equal(t, "alice", subject)
			require.Equal(t, "n-1", claims.Nonce)
		})
	}
}

func TestWhoMayHaveWhat(t *testing.T) {
	t.Parallel()
	s := start(t, "ES256")
	_, err := s.Token("jwt", "admin")
	require.ErrorContains(t, err, "invalid_scope")
	_, err = s.Token("nobody")
	require.ErrorContains(t, err, "401")
	_, err = s.Login("web", "mallory", "", "openid")
	require.ErrorContains(t, err, "status 401")
	_, err = s.Login("jwt", "alice", "", "openid")
	require.Error(t, err, "it has no redirect")
}

func introspect(t *testing.T, s *authserver.Server, client, secret, token string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.Issuer+authserver.Introspection, strings.NewReader(url.Values{"token": {token}}.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, secret)
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	var b strings.Builder
	_, err = b.WriteString(res.Status)
	require.NoError(t, err)
	require.NoError(t, res.Write(&b))
	return b.String()
}

func TestIntrospectionAndRevocation(t *testing.T) {
	t.Parallel()
	s := start(t, "ES256")
	token, err := s.Token("opaque")
	require.NoError(t, err)
	require.Contains(t, introspect(t, s, "gateway", "s4", token), `"active":true,"scope":"read:pets","client_id":"opaque"`)
	require.Contains(t, introspect(t, s, "opaque", "s2", token), `{"active":false}`, "it may not ask")
	require.Contains(t, introspect(t, s, "gateway", "wrong", token), "401")
	require.ErrorContains(t, s.Revoke("jwt", token), "another client")
	require.NoError(t, s.Revoke("opaque", token))
	require.Contains(t, introspect(t, s, "gateway", "s4", token), `{"active":false}`)
	require.Equal(t, 4, s.Count(authserver.Introspection))
}

func TestRotation(t *testing.T) {
	t.Parallel()
	s := start(t, "ES256")
	count := func() int {
		set, err := s.KeySet()
		require.NoError(t, err)
		return strings.Count(string(set), `"kid"`)
	}
	require.Equal(t, 1, count())
	require.NoError(t, s.RotateKeys(true))
	require.Equal(t, 2, count())
	require.NoError(t, s.RotateKeys(false))
	require.Equal(t, 1, count())
	require.Equal(t, 3, s.Count(authserver.Keys))
}

func TestOutage(t *testing.T) {
	t.Parallel()
	s := start(t, "ES256")
	s.Outage(true)
	_, err := s.KeySet()
	require.Error(t, err)
	s.Outage(false)
	_, err = s.KeySet()
	require.NoError(t, err)

	release := s.Hold()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Issuer+authserver.Keys, nil)
	require.NoError(t, err)
	_, err = http.DefaultClient.Do(r)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	release()
	_, err = s.KeySet()
	require.NoError(t, err)
	require.Equal(t, 4, s.Total())
}
