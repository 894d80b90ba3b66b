package caddymgw

import "time"

// Revocations answers on the hot path, after every cache, by one lookup in
// memory.
type Revocations interface {
	// Standing tells of one credential; issuedAt is that of its claim iat.
	Standing(issuer, id, subject string, issuedAt, now time.Time) Standing
}

// Standing is what is known of a credential beyond what it says itself. The zero
// value is good standing.
type Standing struct {
	Revoked bool
	// Unknown: the revocations were not read yet, or contact was lost for too
	// long to go on.
	Unknown    bool
	Retirement Retirement
}

// Retirement is the time in which a credential works beside its successor. The
// zero value is none.
type Retirement struct {
	Since time.Time // when it was replaced
	Until time.Time // when it ends
}

// NoRevocations is the Revocations of a gateway that revokes nothing.
type NoRevocations struct{}

// Standing is always good.
func (NoRevocations) Standing(string, string, string, time.Time, time.Time) Standing {
	return Standing{}
}
