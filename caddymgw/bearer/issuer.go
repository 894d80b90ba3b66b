package bearer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// Keys are the keys of one issuer. They are safe for concurrent use, and asked
// on every call: an answer should cost no more than a lookup in memory.
type Keys interface {
	// Find returns the keys that may have signed a token of this kid and
	// algorithm. With kid "" it returns those that fit the algorithm; several
	// are as good as none, since nothing chooses among them. The slice is not
	// changed and may be returned again. No key is no error: an error means that
	// the keys can't be known now.
	Find(ctx context.Context, kid, algorithm string) ([]token.Key, error)
}

// Issuer is one whose access tokens are accepted.
type Issuer struct {
	Name string // claim iss, to the letter
	// Keys verify its JWTs. Nil: a JWT of this issuer is asked for by
	// Introspection, as an opaque token is.
	Keys Keys
	// Audiences are those of which one must be in aud. Nil: aud is not looked
	// at, and tokens that are meant for others are accepted too.
	Audiences []string
	// Algorithms that its JWTs may be signed with (RFC 7518 section 3.1). Nil:
	// every asymmetric one. HS256, HS384 and HS512 must be named here.
	Algorithms []string
	// Types are the header typ that its JWTs must have: at+jwt (RFC 9068 section
	// 2.1), which no other kind of token has, or JWT. Nil: both, and none.
	Types []string
	// ScopeClaims are united as far as they are present. Each is a string
	// parted by spaces (RFC 8693 section 4.2), or a list of such strings.
	// Default: scope and scp.
	ScopeClaims []string
	// ScopeMap gives scopes of the token the names that they have in the
	// document. One that it does not hold keeps its name.
	ScopeMap map[string]string
	// RolesClaim holds a list of strings, or one string. It is the name of a
	// claim, or a path into claims such as realm_access.roles. Default: roles.
	RolesClaim string
	// Introspection answers for opaque tokens. Nil: there are none. At most one
	// Issuer of a Verifier has it.
	Introspection *Introspection
}

// Introspection is where an issuer tells what a token is (RFC 7662).
type Introspection struct {
	URL string // https; http only to a loopback address
	// ClientID and ClientSecret go by HTTP Basic (RFC 6749 section 2.3.1).
	ClientID     string
	ClientSecret credential.Secret
	// Transport carries the questions. Default: http.DefaultTransport.
	Transport http.RoundTripper
	// CacheFor is how long a token that was found good is not asked for again,
	// though never beyond its exp: for so long a token that the issuer has
	// withdrawn goes on. Default: 60 s; negative: not at all.
	CacheFor time.Duration
	// Failed is told why a question got no answer, for the log. Nothing that a
	// client sent is in the error. May be nil.
	Failed func(error)
}

// issuer is an Issuer that was checked, with its defaults.
type issuer struct {
	Issuer
	// profile is all that decides what is read out of claims: what one Verifier
	// has read serves another of the same profile.
	profile    string
	introspect *introspector // nil: none
}

func newIssuer(c Issuer, leeway time.Duration) (*issuer, error) {
	i := &issuer{Issuer: c}
	if c.Keys == nil && c.Introspection == nil {
		return nil, errors.New("neither keys nor introspection: its tokens can't be verified")
	}
	if c.Audiences != nil && (len(c.Audiences) == 0 || slices.Contains(c.Audiences, "")) {
		return nil, errors.New("an audience is empty")
	}
	if c.Algorithms != nil && len(c.Algorithms) == 0 {
		return nil, errors.New("the list of algorithms is empty")
	}
	for _, typ := range c.Types {
		if !containsFold([]string{"at+jwt", "JWT"}, typ) {
			return nil, fmt.Errorf("typ %q is none of an access token: there are at+jwt and JWT", typ)
		}
	}
	known := token.Algorithms()
	for _, name := range c.Algorithms {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("algorithm %q is not known: there are %s", name, strings.Join(known, ", "))
		}
	}
	if c.Algorithms == nil {
		i.Algorithms = slices.DeleteFunc(known, token.Symmetric)
	}
	if len(c.ScopeClaims) == 0 {
		i.ScopeClaims = []string{"scope", "scp"}
	}
	if c.RolesClaim == "" {
		i.RolesClaim = "roles"
	}
	i.profile = fmt.Sprintf("%q %q %q", i.ScopeClaims, i.ScopeMap, i.RolesClaim)
	if c.Introspection != nil {
		var err error
		if i.introspect, err = newIntrospector(i, leeway); err != nil {
			return nil, fmt.Errorf("introspection: %w", err)
		}
	}
	return i, nil
}

// isFor reports whether a token of these audiences is for us.
func (i *issuer) isFor(aud []string) bool {
	return i.Audiences == nil || slices.ContainsFunc(i.Audiences, func(a string) bool { return slices.Contains(aud, a) })
}
