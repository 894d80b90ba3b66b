package jwks

import (
	"context"
	"errors"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// ErrUnavailable is returned where the keys of an issuer can't be known now:
// none were ever fetched, or they are too old to be trusted.
var ErrUnavailable = errors.New("the keys of the issuer are not available")

// Keys are the keys of one issuer. They are safe for concurrent use.
type Keys interface {
	// Find returns the keys that may have signed a token of this kid and
	// algorithm, as [Set.Find] does; the caller still checks each of them, by
	// [token.Token.VerifyKey]. The slice must not be changed. No key is no
	// error: an error means that the keys can't be known now.
	Find(ctx context.Context, kid, alg string) ([]token.Key, error)
}

// Static are Keys that never change.
type Static struct{ Set *Set }

// Find asks the set. It never fails.
func (s Static) Find(_ context.Context, kid, alg string) ([]token.Key, error) {
	return s.Set.Find(kid, alg), nil
}

var (
	_ Keys = Static{}
	_ Keys = (*Remote)(nil)
)
