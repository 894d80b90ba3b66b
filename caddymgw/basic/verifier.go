package basic

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// Comparer compares a password with a hash, as Caddy's modules
// http.authentication.hashes.* do. It is safe for concurrent use.
type Comparer interface {
	Compare(hash, plaintext []byte) (bool, error)
}

// Config is what a [Verifier] is made of.
type Config struct {
	Users []User
	// Compare returns the Comparer of a hash that [New] found well-formed.
	Compare func(hash []byte) (Comparer, error)
	// Guard bounds the hashing. Default: one of its own.
	Guard *Guard
	// LegacyHashes accepts hashes as WSO2 API Microgateway has them, which are
	// not safe: @sha256:{hex}, @sha384:{hex}, @sha512:{hex}, or SHA-1 in hex.
	LegacyHashes bool
}

// Verifier checks HTTP Basic credentials against a fixed set of users.
type Verifier struct {
	accounts map[string]*account
	// decoy is compared where there is nothing to compare: as costly as the
	// costliest account, so that time does not tell who exists. Nil without users.
	decoy *account
	guard *Guard
}

type account struct {
	hash     []byte
	kind     kind
	comparer Comparer
	scopes   []string
}

var _ caddymgw.Verifier = (*Verifier)(nil)

// New checks the users and returns their verifier. It refuses bad names, names
// given twice, hashes that are neither argon2id nor bcrypt or are malformed,
// too weak (bcrypt: cost 10) or too costly. Errors name the user, never the
// hash.
func New(c Config) (*Verifier, error) {
	v := &Verifier{accounts: make(map[string]*account, len(c.Users)), guard: c.Guard}
	if v.guard == nil {
		v.guard = NewGuard()
	}
	var costliest params
	for _, u := range c.Users {
		a, p, err := c.account(u)
		if err != nil {
			return nil, fmt.Errorf("user %q: %w", u.Name, err)
		}
		if v.accounts[u.Name] != nil {
			return nil, fmt.Errorf("user %q is named twice", u.Name)
		}
		v.accounts[u.Name] = a
		if p.work > costliest.work {
			costliest = p
			v.decoy = &account{hash: p.fake(), kind: p.kind, comparer: a.comparer}
			if p.kind == unsalted { // whose comparer holds the hash itself
				v.decoy.comparer = &legacy{make([]byte, p.digest), sha256.New}
			}
		}
	}
	return v, nil
}

func (c Config) account(u User) (*account, params, error) {
	if err := checkName(u.Name); err != nil {
		return nil, params{}, err
	}
	if l, ok := parseLegacy(string(u.Hash)); ok && c.LegacyHashes {
		return &account{hash: slices.Clone(u.Hash), kind: unsalted, comparer: l, scopes: slices.Clip(slices.Clone(u.Scopes))}, legacyParams, nil
	}
	p, err := parseHash(u.Hash)
	if err != nil {
		return nil, params{}, err
	}
	if c.Compare == nil {
		return nil, params{}, errors.New("nothing compares hashes")
	}
	comparer, err := c.Compare(u.Hash)
	if err != nil {
		return nil, params{}, err
	}
	if comparer == nil {
		return nil, params{}, errors.New("nothing compares hashes of this kind")
	}
	return &account{
		hash:     slices.Clone(u.Hash),
		kind:     p.kind,
		comparer: comparer,
		scopes:   slices.Clip(slices.Clone(u.Scopes)),
	}, p, nil
}

// Authenticate reports whether the password is the user's. Every answer but a
// remembered one, or one to a password of more than 1,024 bytes, costs one
// comparison. The error is ErrBusy where the [Guard] has no room, or what the
// Comparer returned; it says nothing of whether the user exists.
func (v *Verifier) Authenticate(ctx context.Context, user, password string) (bool, error) {
	if v.decoy == nil || len(password) > maxPassword {
		return false, nil
	}
	plaintext := []byte(password)
	a := v.accounts[user]
	known := a != nil && a.kind.fits(plaintext)
	if !known {
		a = v.decoy
	}
	ok, err := v.guard.check(ctx, user, a.hash, plaintext, known, func() (bool, error) {
		return a.comparer.Compare(a.hash, plaintext)
	})
	if err != nil {
		return false, err
	}
	return known && ok, nil
}

// Remembers reports whether a password was found right not long ago, and would
// cost nothing.
func (v *Verifier) Remembers(user, password string) bool {
	a := v.accounts[user]
	return a != nil && len(password) <= maxPassword && a.kind.fits([]byte(password)) &&
		v.guard.knows(v.guard.prove(user, a.hash, []byte(password)))
}

// Owns reports whether the credential follows the word Basic.
func (*Verifier) Owns(_ *caddymgw.Scheme, c credential.Credential) bool {
	return c.AuthScheme == "basic"
}

// Verify judges user and password. The user's scopes are also its roles.
func (v *Verifier) Verify(ctx context.Context, _ *caddymgw.Request, r *caddymgw.Requirement, c credential.Credential) caddymgw.Verdict {
	user, password, err := ParseCredentials(c.Value.Reveal())
	if err != nil {
		return caddymgw.Verdict{Outcome: caddymgw.Refused, Fault: fault.MalformedBasic, Reason: caddymgw.ReasonMalformed}
	}
	switch ok, err := v.Authenticate(ctx, user, password); {
	case errors.Is(err, ErrBusy):
		return caddymgw.UnavailableFor(caddymgw.ReasonBusy)
	case err != nil:
		return caddymgw.UnavailableFor(caddymgw.ReasonNotReady)
	case !ok:
		return caddymgw.Verdict{Outcome: caddymgw.Refused, Fault: fault.WrongPassword, Reason: caddymgw.ReasonWrongPassword}
	}
	scopes := v.accounts[user].scopes
	return caddymgw.Verdict{Outcome: caddymgw.Satisfied, Principal: &caddymgw.Principal{
		Subject: user,
		Scheme:  r.Scheme.Name,
		Scopes:  scopes,
		Roles:   scopes,
	}}
}

// Challenge returns that of RFC 7617.
func (*Verifier) Challenge(r *caddymgw.Requirement) string {
	return fault.BasicChallenge(r.Scheme.Realm)
}
