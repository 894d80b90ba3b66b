package bearer

import (
	"errors"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// Reasons for which the root package has no name yet.
const (
	reasonBinding  = caddymgw.ReasonClaims // bound to a key that the client did not prove to have
	reasonInactive = caddymgw.ReasonClaims // the issuer says that it is not active
)

func reasonOf(err error) caddymgw.Reason {
	switch {
	case errors.Is(err, token.ErrExpired):
		return caddymgw.ReasonExpired
	case errors.Is(err, token.ErrNotYetValid):
		return caddymgw.ReasonNotYet
	case errors.Is(err, token.ErrSignature):
		return caddymgw.ReasonSignature
	case errors.Is(err, token.ErrAlgorithm), errors.Is(err, token.ErrKey):
		return caddymgw.ReasonAlgorithm
	case errors.Is(err, token.ErrType):
		return caddymgw.ReasonType
	case errors.Is(err, token.ErrClaims):
		return caddymgw.ReasonClaims
	}
	return caddymgw.ReasonMalformed
}
