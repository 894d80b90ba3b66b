package apikey

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// Grant is what a key is to be good for.
type Grant struct {
	Subject string        // whose key; required
	Name    string        // what the owner calls it
	Life    time.Duration // 0: the longest allowed; longer ones are cut
	// Nil lists limit nothing.
	APIs       []AllowedAPI
	Scopes     []string
	Operations []string // operationIds
	Addresses  []string // CIDRs or single addresses
	Referers   []string // hosts, "*." and a domain, with a path if need be
	// Certificate binds the key to a client certificate, by its x5t#S256 (RFC
	// 8705); "": to none.
	Certificate string
}

// Issued is a new key. Token is the only copy.
type Issued struct {
	Token   string
	ID      string
	Expires time.Time // zero: never
}

// GrantError says which member of a grant can't be fulfilled.
type GrantError struct {
	Member string // in the words of the issuer's request body
	Reason string
}

// Error returns "MEMBER: REASON".
func (e *GrantError) Error() string { return e.Member + ": " + e.Reason }

// What one key may carry: it is sent with every request.
const (
	maxEntries = 100
	maxText    = 200 // runes
)

// Mint issues a key: it is recorded in the ledger before it is returned.
// Errors: ErrNotReady, ErrNoLedger, *GrantError, or what the ledger says.
func (a *Authority) Mint(ctx context.Context, g Grant) (Issued, error) {
	o, err := a.issuing()
	if err != nil {
		return Issued{}, err
	}
	issued, r, err := a.make(ctx, o, g)
	if err != nil {
		return Issued{}, err
	}
	if err := o.Ledger.Put(ctx, r); err != nil {
		return Issued{}, fmt.Errorf("recording the key: %w", err)
	}
	return issued, nil
}

// make signs a key that is not recorded yet.
func (a *Authority) make(ctx context.Context, o *Resources, g Grant) (issued Issued, r ledger.Record, err error) {
	if err := g.check(); err != nil {
		return issued, r, err
	}
	if issued.ID, err = a.newID(); err != nil {
		return issued, r, err
	}
	now, err := a.moment(ctx, o, issued.ID, g.Subject)
	if err != nil {
		return issued, r, err
	}
	c := claims{
		Issuer: a.config.Issuer, Subject: g.Subject, Audience: a.config.Audience, IssuedAt: now.Unix(), ID: issued.ID,
		KeyType: keyType, AllowedAPIs: g.APIs, Scope: strings.Join(g.Scopes, " "),
		Operations: g.Operations, IPs: g.Addresses, Referers: g.Referers,
	}
	if c.AllowedAPIs == nil {
		c.AllowedAPIs = []AllowedAPI{} // always present: "none listed" is said, not left out
	}
	if g.Certificate != "" {
		c.Confirmation = &confirmation{g.Certificate}
	}
	if life := a.life(g.Life); life > 0 {
		issued.Expires = now.Add(life).Truncate(time.Second) // as exp can say it
		c.Expires = issued.Expires.Unix()
	}
	key := o.Ring.Active(now)
	issued.Token, err = token.Sign(token.Header{Algorithm: key.Algorithm, KeyID: key.ID, Type: Type}, c, key.Signer)
	if err != nil {
		return issued, r, fmt.Errorf("signing: %w", err)
	}
	if len(issued.Token) > maxToken {
		return issued, r, &GrantError{"apis", "the key would be too long for a header: ask for fewer limits"}
	}
	r = record(g, issued, now)
	r.SigningKey = key.ID
	return issued, r, nil
}

// newID returns 128 random bits. None begins with "-": programs would take it for
// an option.
func (a *Authority) newID() (string, error) {
	id := make([]byte, 16)
	for {
		if _, err := io.ReadFull(a.config.Rand, id); err != nil {
			return "", fmt.Errorf("making an id: %w", err)
		}
		if text := base64.RawURLEncoding.EncodeToString(id); text[0] != '-' {
			return text, nil
		}
	}
}

// moment is the claim iat of a new key. It says seconds only: one within the
// second of a revocation of all that the subject had would be swept up, and
// waits for the next.
func (a *Authority) moment(ctx context.Context, o *Resources, id, subject string) (time.Time, error) {
	for {
		at := a.config.Now()
		now := at.Truncate(time.Second)
		if !o.Revocations.Standing(a.config.Issuer, id, subject, now, at).Revoked {
			return now, nil
		}
		next := time.NewTimer(now.Add(time.Second).Sub(at))
		select {
		case <-ctx.Done():
			next.Stop()
			return now, fmt.Errorf("all keys of %q are revoked for now: %w", subject, ctx.Err())
		case <-next.C:
		}
	}
}

// maxToken leaves room in Caddy's limit of 16 KiB for all headers.
const maxToken = 8 << 10

// life is the asked-for one, cut to the longest allowed; 0 is without end.
func (a *Authority) life(asked time.Duration) time.Duration {
	if asked <= 0 || a.config.Validity > 0 && asked > a.config.Validity {
		return a.config.Validity
	}
	return asked
}

func record(g Grant, issued Issued, now time.Time) ledger.Record {
	r := ledger.Record{
		ID: issued.ID, Subject: g.Subject, Name: g.Name, Scopes: g.Scopes, Operations: g.Operations,
		Addresses: g.Addresses, Referers: g.Referers, Certificate: g.Certificate, Issued: now.UTC(), Expires: issued.Expires.UTC(),
	}
	if issued.Expires.IsZero() {
		r.Expires = time.Time{}
	}
	for _, api := range g.APIs {
		r.APIs = append(r.APIs, ledger.API{Name: api.Name, Version: api.Version})
	}
	return r
}

func (g *Grant) check() error {
	if g.Subject == "" {
		return errors.New("a key without a subject")
	}
	if reason := BadText(g.Name); g.Name != "" && reason != "" {
		return &GrantError{"name", reason}
	}
	if _, ok := token.ParseThumbprint(g.Certificate); g.Certificate != "" && !ok {
		return &GrantError{"certificate", "is no x5t#S256: SHA-256 of the certificate in DER, as base64url (RFC 8705 section 3.1)"}
	}
	if len(g.APIs) > maxEntries {
		return &GrantError{"apis", tooMany}
	}
	for i, api := range g.APIs {
		if reason := cmp.Or(BadText(api.Name), BadText(api.Version)); reason != "" {
			return &GrantError{fmt.Sprintf("apis[%d]", i), reason}
		}
	}
	for _, list := range []struct {
		member  string
		entries []string
		check   func(string) string
	}{
		{"scopes", g.Scopes, badScope},
		{"operations", g.Operations, BadText},
		{"permittedIPs", g.Addresses, func(s string) string { _, err := parsePrefix(s); return errText(err) }},
		{"permittedReferers", g.Referers, func(s string) string { _, err := parseReferer(s); return errText(err) }},
	} {
		if len(list.entries) > maxEntries {
			return &GrantError{list.member, tooMany}
		}
		for i, entry := range list.entries {
			if reason := cmp.Or(BadText(entry), list.check(entry)); reason != "" {
				return &GrantError{fmt.Sprintf("%s[%d]", list.member, i), reason}
			}
		}
	}
	return nil
}

const tooMany = "more than 100 entries"

// BadText says what is wrong with a text of a key, such as its subject or name;
// "": nothing.
func BadText(s string) string {
	switch {
	case s == "":
		return "must not be empty"
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return "must not hold control characters"
	case utf8.RuneCountInString(s) > maxText:
		return "is longer than 200 characters"
	}
	return ""
}

// badScope: a scope-token is visible ASCII without quote and backslash (RFC
// 6749 section 3.3).
func badScope(s string) string {
	if slices.ContainsFunc([]byte(s), func(c byte) bool { return c <= ' ' || c >= 0x7f || c == '"' || c == '\\' }) {
		return "is no scope (RFC 6749 section 3.3)"
	}
	return ""
}

func errText(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}
