package mgw

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/bearer"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/jwks"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// TokenIssuer may sign OAuth 2 and OpenID Connect access tokens.
type TokenIssuer struct {
	// The claim iss of its tokens, to the letter. Required.
	Issuer string `json:"issuer"`

	// Where its keys are (RFC 7517). Default: what the metadata below the issuer
	// says (OpenID Connect Discovery, RFC 8414), unless there is a key file.
	JWKSURL string `json:"jwks_url,omitempty"`

	// A file with its keys instead: a public key or certificate in PEM, a JWK or
	// a JWK Set; for HMAC a JWK of the type oct.
	KeyFile string `json:"key_file,omitempty"`

	// SHA-256 of KeyFile, so that a reload sees a changed one. Written by the
	// Caddyfile adapter.
	KeyFingerprint string `json:"key_fingerprint,omitempty"`

	// The claim aud must hold one of these; * asks for none, which is warned of.
	// Required.
	Audience []string `json:"audience"`

	// The signature algorithms that it may use. Default: every asymmetric one
	// that its keys allow.
	Algorithms []string `json:"algorithms,omitempty"`

	// The header typ that its JWTs must have: at+jwt (RFC 9068), which no other
	// kind of token has, or JWT. Default: one of them, or none.
	Types []string `json:"types,omitempty"`

	// The claims that hold scopes. Default: scope, scp
	ScopeClaims []string `json:"scope_claims,omitempty"`

	// Names of scopes in its tokens, and those that documents use for them.
	ScopeMap map[string]string `json:"scope_map,omitempty"`

	// The claim that holds roles; a path such as realm_access.roles may be given.
	// Default: roles
	RolesClaim string `json:"roles_claim,omitempty"`

	// How old its keys may become while they can't be fetched anew; then its
	// tokens are answered with 503. Default: 24h
	MaxStale caddy.Duration `json:"max_stale,omitempty"`

	// Where opaque tokens are asked for (RFC 7662). Default: they are refused.
	Introspection *Introspection `json:"introspection,omitempty"`
}

// Introspection is the endpoint of RFC 7662 and the credentials for it.
type Introspection struct {
	// https, or http on loopback. Required.
	URL string `json:"url"`

	// Sent by HTTP Basic. Required.
	ClientID string `json:"client_id"`

	// The same, by reference: {env.NAME} or {file./path}. Required.
	ClientSecret string `json:"client_secret"`

	// How long a good answer is used again, at most until the token expires.
	// Default: 60s
	CacheFor caddy.Duration `json:"cache_for,omitempty"`
}

// trusted is a token issuer and its keys.
type trusted struct {
	bearer.Issuer
	remote *remoteKeys // nil: the keys are in a file
}

func (a *App) provisionTokenIssuers() error {
	if len(a.TokenIssuers) == 0 {
		return nil
	}
	var err error
	if a.tokens, err = a.pooled.takeTokens(); err != nil {
		return err
	}
	a.asking = jwks.NewTransport()
	for _, c := range a.TokenIssuers {
		t, err := a.trust(c)
		if err != nil {
			return fmt.Errorf("token_issuer %s: %w", c.Issuer, err)
		}
		if slices.ContainsFunc(a.trusted, func(other trusted) bool { return other.Name == t.Name }) {
			return fmt.Errorf("token_issuer %s: it is given twice", c.Issuer)
		}
		a.trusted = append(a.trusted, t)
	}
	if _, err := a.Bearer(nil); err != nil { // finds what is wrong with each
		return err
	}
	for i, t := range a.trusted {
		static, ok := t.Keys.(jwks.Static)
		if ok && !fitSome(static.Set.Keys(), t.Algorithms) {
			return fmt.Errorf("token_issuer %s: key_file %s: no key in it is for an algorithm that is allowed (those of HMAC must be named, as in: algorithms HS256)", t.Name, a.TokenIssuers[i].KeyFile)
		}
	}
	return nil
}

func (a *App) trust(c TokenIssuer) (trusted, error) {
	t := trusted{Issuer: bearer.Issuer{
		Name: c.Issuer, Audiences: c.Audience, Algorithms: c.Algorithms, Types: c.Types,
		ScopeClaims: c.ScopeClaims, ScopeMap: c.ScopeMap, RolesClaim: c.RolesClaim,
	}}
	switch {
	case len(c.Audience) == 0:
		return t, errors.New("audience is missing: without one, tokens that are meant for others would be accepted (audience * allows that)")
	case slices.Contains(c.Audience, "*"):
		if len(c.Audience) > 1 {
			return t, errors.New("audience *: name no others beside it")
		}
		t.Audiences = nil
		a.Warn("tokens that are meant for others are accepted (audience *)", "token_issuer", c.Issuer)
	}
	if err := a.keysOf(c, &t); err != nil {
		return t, err
	}
	if t.remote == nil && c.MaxStale != 0 {
		return t, errors.New("max_stale: the keys of a key_file do not age")
	}
	if i := c.Introspection; i != nil {
		secret, err := Referred(i.ClientSecret)
		if err != nil {
			return t, fmt.Errorf("introspect: the secret: %w", err)
		}
		t.Introspection = &bearer.Introspection{
			URL: i.URL, ClientID: i.ClientID, ClientSecret: credential.Secret(secret), CacheFor: time.Duration(i.CacheFor),
			Transport: whenReady{a, a.asking}, Failed: a.introspectionFailed(c.Issuer),
		}
	}
	return t, nil
}

func (a *App) keysOf(c TokenIssuer, t *trusted) (err error) {
	t.Keys, t.remote, err = keysOf(c.Issuer, c.JWKSURL, c.KeyFile, time.Duration(c.MaxStale))
	if err != nil && c.Introspection != nil && c.JWKSURL == "" && c.KeyFile == "" {
		t.Keys, t.remote, err = nil, nil, nil // its JWTs are asked for, too
	}
	return err
}

// fitSome reports whether a key is of use with one of the algorithms; with none,
// with one that is asymmetric.
func fitSome(keys []token.Key, algorithms []string) bool {
	if len(algorithms) == 0 {
		algorithms = slices.DeleteFunc(token.Algorithms(), token.Symmetric)
	}
	return slices.ContainsFunc(keys, func(k token.Key) bool {
		return slices.ContainsFunc(algorithms, func(alg string) bool { return k.Check(alg) == nil })
	})
}

// keysOf returns the keys of an issuer: from a file, or those that Ready opens.
func keysOf(issuer, url, file string, maxStale time.Duration) (bearer.Keys, *remoteKeys, error) {
	if file != "" {
		if url != "" {
			return nil, nil, errors.New("jwks_url and key_file: name one of them")
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, fmt.Errorf("key_file: %w", err)
		}
		set, err := jwks.FromFile(content)
		if err != nil {
			return nil, nil, fmt.Errorf("key_file %s: %w", file, err)
		}
		if slices.ContainsFunc(set.Keys(), func(k token.Key) bool { _, secret := k.Public.(token.HMACSecret); return secret }) {
			if err := privateFile(file); err != nil {
				return nil, nil, fmt.Errorf("key_file: it holds a secret, and %w", err)
			}
		}
		return jwks.Static{Set: set}, nil, nil
	}
	config := jwks.Config{Issuer: issuer, URL: url, MaxStale: maxStale}
	if err := config.Check(); err != nil {
		if url == "" {
			return nil, nil, fmt.Errorf("%w: add jwks_url or key_file", err)
		}
		return nil, nil, fmt.Errorf("jwks_url: %w", err)
	}
	r := &remoteKeys{config: config}
	return r, r, nil
}

// remoteKeys stand for keys that are opened by Ready.
type remoteKeys struct {
	config jwks.Config
	opened atomic.Pointer[jwks.Remote]
}

// Find asks the keys, once they are open.
func (r *remoteKeys) Find(ctx context.Context, kid, alg string) ([]token.Key, error) {
	remote := r.opened.Load()
	if remote == nil {
		return nil, jwks.ErrUnavailable
	}
	return remote.Find(ctx, kid, alg)
}

// verifying is the one verifier of access tokens of a set of issuers: answers
// to introspection are remembered in it.
type verifying struct {
	issuers  []string
	verifier *bearer.Verifier
}

// Bearer returns the verifier of access tokens of the named issuers; with no
// names of all. It is nil where no issuer is configured.
func (a *App) Bearer(names []string) (*bearer.Verifier, error) {
	config := bearer.Config{Leeway: a.Allowance(), Cache: a.tokens, Revocations: caddymgw.NoRevocations{}, OwnIssuer: a.Issuer()}
	for _, name := range names {
		if !slices.ContainsFunc(a.trusted, func(t trusted) bool { return t.Name == name }) {
			return nil, fmt.Errorf("there is no token_issuer %s", name)
		}
	}
	var issuers []string
	for _, t := range a.trusted {
		if len(names) == 0 || slices.Contains(names, t.Name) {
			config.Issuers = append(config.Issuers, t.Issuer)
			issuers = append(issuers, t.Name)
		}
	}
	if len(issuers) == 0 {
		return nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range a.bearers {
		if slices.Equal(v.issuers, issuers) {
			return v.verifier, nil
		}
	}
	v, err := bearer.New(config)
	if err != nil {
		return nil, err
	}
	a.bearers = append(a.bearers, verifying{issuers, v})
	return v, nil
}

// IssuersOf returns the issuers whose access tokens a verifier accepts; nil if
// it is none of Bearer's.
func (a *App) IssuersOf(v caddymgw.Verifier) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range a.bearers {
		if v == caddymgw.Verifier(b.verifier) {
			return b.issuers
		}
	}
	return nil
}
