package token

import "errors"

// The errors. What a client sent is never part of their text.
var (
	ErrMalformed   = errors.New("token is malformed")
	ErrCritical    = errors.New("token has a critical or unknown extension")
	ErrAlgorithm   = errors.New("algorithm does not fit the key")
	ErrType        = errors.New("token is of another type")
	ErrKey         = errors.New("key is not fit for signatures")
	ErrSignature   = errors.New("signature is wrong")
	ErrExpired     = errors.New("token has expired")
	ErrNotYetValid = errors.New("token is not valid yet")
	ErrClaims      = errors.New("a claim is missing or has the wrong form")
)
