package authserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// storage is what the server knows. Nothing in it is deleted but what is
// revoked or used up.
type storage struct {
	issuer  string
	clients map[string]*registered
	users   map[string]string

	mu     sync.Mutex
	keys   []*pair // the first one signs
	tokens map[string]issued
	logins map[string]authRequest // under way, by id
	codes  map[string]string      // ids of logins, by code
}

// issued is an access token. Of an opaque one the client holds the id, encrypted.
type issued struct {
	subject, client  string
	scopes, audience []string
	at, expires      time.Time
}

func newStorage(issuer string, c Config) (*storage, error) {
	s := &storage{
		issuer: issuer, users: c.Users, clients: map[string]*registered{},
		tokens: map[string]issued{}, logins: map[string]authRequest{}, codes: map[string]string{},
	}
	for _, client := range c.Clients {
		if client.Audience == nil {
			client.Audience = c.Audience
		}
		if client.Lifetime == 0 {
			client.Lifetime = defaultLifetime
		}
		s.clients[client.ID] = &registered{client}
	}
	p, err := newPair(c.Algorithm)
	s.keys = []*pair{p}
	return s, err
}

func (s *storage) scopes() []string {
	list := []string{oidc.ScopeOpenID}
	for _, c := range s.clients {
		list = append(list, c.Scopes...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// grant is what a client gets a token of its own for.
type grant struct {
	client *registered
	scopes []string
}

func (g *grant) GetClientID() string   { return g.client.ID }
func (g *grant) GetSubject() string    { return g.client.ID }
func (g *grant) GetAudience() []string { return slices.Clone(g.client.Audience) }
func (g *grant) GetScopes() []string   { return g.scopes }

// ClientCredentials implements op.ClientCredentialsStorage.
func (s *storage) ClientCredentials(ctx context.Context, id, secret string) (op.Client, error) {
	if err := s.AuthorizeClientIDSecret(ctx, id, secret); err != nil {
		return nil, err
	}
	return s.clients[id], nil
}

// ClientCredentialsTokenRequest implements op.ClientCredentialsStorage. Who
// asks for no scope gets all of his.
func (s *storage) ClientCredentialsTokenRequest(_ context.Context, id string, scopes []string) (op.TokenRequest, error) {
	c := s.clients[id]
	if len(scopes) == 0 {
		scopes = c.Scopes
	}
	for _, scope := range scopes {
		if !c.IsScopeAllowed(scope) {
			return nil, oidc.ErrInvalidScope()
		}
	}
	return &grant{c, scopes}, nil
}

// GetClientByClientID implements op.OPStorage.
func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c, ok := s.clients[id]
	if !ok {
		return nil, fmt.Errorf("there is no client %q", id)
	}
	return c, nil
}

// AuthorizeClientIDSecret implements op.OPStorage.
func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	c, ok := s.clients[id]
	if !ok || c.Secret == "" || c.Secret != secret {
		return errors.New("wrong client or secret")
	}
	return nil
}

// CreateAccessToken implements op.AuthStorage.
func (s *storage) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	client := r.(interface{ GetClientID() string }).GetClientID()
	now := time.Now()
	t := issued{r.GetSubject(), client, r.GetScopes(), r.GetAudience(), now, now.Add(s.clients[client].Lifetime)}
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[id] = t
	return id, t.expires, nil
}

// GetPrivateClaimsFromRequest implements op.CanGetPrivateClaimsFromRequest: the
// library leaves the scopes out of a JWT (RFC 9068 section 2.2.3).
func (s *storage) GetPrivateClaimsFromRequest(_ context.Context, r op.TokenRequest, _ []string) (map[string]any, error) {
	return map[string]any{"scope": strings.Join(r.GetScopes(), " ")}, nil
}

// GetPrivateClaimsFromScopes implements op.OPStorage; the one before is asked
// in its place.
func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

// SetIntrospectionFromToken implements op.OPStorage: an error means inactive.
func (s *storage) SetIntrospectionFromToken(_ context.Context, answer *oidc.IntrospectionResponse, id, subject, client string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[id]
	switch {
	case !s.clients[client].Introspect:
		return errors.New("the client may not ask")
	case !ok || t.subject != subject || !time.Now().Before(t.expires):
		return errors.New("there is no such token")
	}
	answer.Issuer, answer.Subject, answer.ClientID, answer.JWTID = s.issuer, t.subject, t.client, id
	answer.Scope, answer.Audience, answer.TokenType = t.scopes, t.audience, oidc.BearerToken
	answer.IssuedAt, answer.Expiration = oidc.FromTime(t.at), oidc.FromTime(t.expires)
	return nil
}

// RevokeToken implements op.AuthStorage.
func (s *storage) RevokeToken(_ context.Context, id, _, client string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.tokens[id]; ok && t.client != client {
		return oidc.ErrInvalidClient().WithDescription("it was given to another client")
	}
	delete(s.tokens, id)
	return nil
}

// What this server does not do: refresh tokens, sessions, assertions.

// CreateAccessAndRefreshTokens implements op.AuthStorage.
func (s *storage) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, oidc.ErrUnsupportedGrantType()
}

// TokenRequestByRefreshToken implements op.AuthStorage.
func (s *storage) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, op.ErrInvalidRefreshToken
}

// GetRefreshTokenInfo implements op.AuthStorage.
func (s *storage) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

// TerminateSession implements op.AuthStorage.
func (s *storage) TerminateSession(context.Context, string, string) error { return nil }

// GetKeyByIDAndClientID implements op.OPStorage.
func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errors.New("no client has a key")
}

// ValidateJWTProfileScopes implements op.OPStorage.
func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, oidc.ErrUnsupportedGrantType()
}

// Health implements op.Storage.
func (s *storage) Health(context.Context) error { return nil }

var (
	_ op.Storage                        = (*storage)(nil)
	_ op.ClientCredentialsStorage       = (*storage)(nil)
	_ op.CanGetPrivateClaimsFromRequest = (*storage)(nil)
	_ op.CanSetUserinfoFromRequest      = (*storage)(nil)
)
