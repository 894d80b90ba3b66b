package authserver

import (
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Client may ask for tokens: for itself by the client-credentials grant, and
// for users by the authorization-code grant if it has a Redirect.
type Client struct {
	ID, Secret string
	Scopes     []string      // that it may be given
	Opaque     bool          // its access tokens are opaque; default: JWTs
	Audience   []string      // of its access tokens; default: that of Config
	Lifetime   time.Duration // of its access tokens; default: 5 min
	Redirect   string        // where users are sent back to
	Introspect bool          // it may ask what a token is
}

const (
	defaultLifetime = 5 * time.Minute
	idTokenLifetime = time.Hour
)

// registered is a Client as op.Client.
type registered struct{ Client }

func (c *registered) GetID() string                        { return c.ID }
func (c *registered) PostLogoutRedirectURIs() []string     { return nil }
func (c *registered) ApplicationType() op.ApplicationType  { return op.ApplicationTypeWeb }
func (c *registered) AuthMethod() oidc.AuthMethod          { return oidc.AuthMethodBasic }
func (c *registered) LoginURL(request string) string       { return login + "?id=" + request }
func (c *registered) IDTokenLifetime() time.Duration       { return idTokenLifetime }
func (c *registered) DevMode() bool                        { return false }
func (c *registered) IsScopeAllowed(scope string) bool     { return slices.Contains(c.Scopes, scope) }
func (c *registered) IDTokenUserinfoClaimsAssertion() bool { return false }
func (c *registered) ClockSkew() time.Duration             { return 0 }

func (c *registered) RedirectURIs() []string {
	if c.Redirect == "" {
		return nil
	}
	return []string{c.Redirect}
}

func (c *registered) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

func (c *registered) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeClientCredentials, oidc.GrantTypeCode}
}

func (c *registered) AccessTokenType() op.AccessTokenType {
	if c.Opaque {
		return op.AccessTokenTypeBearer
	}
	return op.AccessTokenTypeJWT
}

func (c *registered) RestrictAdditionalIdTokenScopes() func([]string) []string { return asTheyAre }

func (c *registered) RestrictAdditionalAccessTokenScopes() func([]string) []string { return asTheyAre }

func asTheyAre(scopes []string) []string { return scopes }

var _ op.Client = (*registered)(nil)
