package keyring

import (
	"errors"
	"fmt"
	"time"
)

// Policy says how the keys of a purpose come and go. Nodes that share a storage
// should have one policy; while they don't, each rotates its own algorithm and
// none retires what another signs with.
type Policy struct {
	Purpose   string        // prefix of the kids, and folder in the storage
	Algorithm string        // of new keys; see Supported
	Rotation  time.Duration // how long a key signs; 0: until Rotate
	Lifetime  time.Duration // how long verifiers elsewhere may remember the JWK Set
	// Longest is the longest life of what is signed, leeway included. 0 is
	// without end: no key retires by itself then.
	Longest time.Duration
	Now     func() time.Time
}

// lag is what a node may be behind: it reads the storage once a minute, may
// fail at it now and then, and its clock is a few seconds off. Its JWK Set is
// as old when a verifier fetches it.
const lag = 5 * time.Minute

// skew is what clocks may differ by.
const skew = 10 * time.Second

// Check returns what is wrong with the policy.
func (p *Policy) Check() error {
	switch {
	case p.Purpose == "" || p.Lifetime <= 0 || p.Now == nil:
		return errors.New("keyring.Policy is incomplete")
	case !Supported(p.Algorithm):
		return fmt.Errorf("algorithm %s is not supported", p.Algorithm)
	case p.Longest < 0:
		return fmt.Errorf("the longest life %v must not be negative", p.Longest)
	case p.Rotation != 0 && p.Rotation < 2*p.ahead():
		return fmt.Errorf("rotation %v: must be %v at least: a new key is published %v before it signs", p.Rotation, 2*p.ahead(), p.ahead())
	}
	return nil
}

// ahead is by how much a key is published before it signs.
func (p *Policy) ahead() time.Duration { return p.Lifetime + lag }

// hold is for how long a node notes ahead that it signs with a key. With half
// of it left it notes it again: a node that is cut off from the storage for
// less than that signs nothing that outlives its key.
func (p *Policy) hold() time.Duration {
	if p.Rotation > 0 {
		return min(24*time.Hour, p.Rotation/2)
	}
	return 24 * time.Hour
}
