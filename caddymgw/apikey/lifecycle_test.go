package apikey

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// register keeps what was revoked, as package revocation does.
type register struct {
	mu  sync.Mutex
	all []ledger.Revocation
}

func (r *register) apply(v ledger.Revocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, v)
}

func (r *register) Standing(_, id, subject string, issuedAt, now time.Time) (s caddymgw.Standing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.all {
		switch {
		case v.ID == "" && (v.Subject == "" || v.Subject == subject) && issuedAt.Before(v.IssuedBefore), v.ID == id && !v.Effective.After(now):
			s.Revoked = true
		case v.ID == id:
			s.Retirement = caddymgw.Retirement{Since: v.Made, Until: v.Effective}
		}
	}
	return s
}

// lifeDesk is an authority whose revocations hold, and whose clock moves.
type lifeDesk struct {
	*desk
	now *atomic.Pointer[time.Time]
}

func (d *lifeDesk) pass(by time.Duration) {
	at := d.now.Load().Add(by)
	d.now.Store(&at)
}

func (d *lifeDesk) verdict(t *testing.T, text string) caddymgw.Verdict {
	t.Helper()
	r := request()
	r.Now = *d.now.Load()
	return d.judge(t, text, r)
}

func newLifeDesk(t *testing.T) *lifeDesk {
	t.Helper()
	now := new(atomic.Pointer[time.Time])
	now.Store(&start)
	clock := func() time.Time { return *now.Load() }
	d := &lifeDesk{newDesk(t, func(c *Config) { c.Now = clock }), now}
	d.ledger = ledger.Memory(ledger.Options{Now: clock})
	known := new(register)
	d.Open(Resources{Ring: d.ring, Cache: d.cache, Ledger: d.ledger, Revocations: known, Applied: known.apply})
	return d
}

func TestARevokedKeyIsRefusedByTheNextCall(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	lost, kept := d.mint(t, Grant{}), d.mint(t, Grant{})
	require.Equal(t, caddymgw.Satisfied, d.verdict(t, lost.Token).Outcome)
	r, err := d.Revoke(t.Context(), lost.ID, "lost")
	require.NoError(t, err)
	require.Equal(t, "lost", r.Reason)
	require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonRevoked), d.verdict(t, lost.Token))
	require.Equal(t, caddymgw.Satisfied, d.verdict(t, kept.Token).Outcome)

	again, err := d.Revoke(t.Context(), lost.ID, "stolen")
	require.NoError(t, err, "revoking is idempotent")
	require.Equal(t, "lost", again.Reason)
	_, err = d.Revoke(t.Context(), "nobody's", "")
	require.ErrorIs(t, err, ledger.ErrNotFound)
	_, err = d.Revoke(t.Context(), kept.ID, "line\nend")
	var bad *GrantError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, "reason", bad.Member)
	require.NoError(t, d.RevokeUnrecorded(t.Context(), kept.ID, ""))
	require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonRevoked), d.verdict(t, kept.Token))
}

func TestWhatCouldNotBeRecordedIsNotRevoked(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	issued := d.mint(t, Grant{})
	away := errors.New("away")
	o := *d.opened.Load()
	o.Ledger = deaf{o.Ledger, away}
	d.Open(o)
	_, err := d.Revoke(t.Context(), issued.ID, "")
	require.ErrorIs(t, err, away)
	_, err = d.Rotate(t.Context(), issued.ID, Rotation{})
	require.ErrorIs(t, err, away)
	require.ErrorIs(t, d.RevokeIssuedBefore(t.Context(), "alice", start, ""), away)
	require.Equal(t, caddymgw.Satisfied, d.verdict(t, issued.Token).Outcome)
}

type deaf struct {
	ledger.Ledger
	err error
}

func (d deaf) Revoke(context.Context, ledger.Revocation) error { return d.err }
func (d deaf) Replace(context.Context, ledger.Record, ledger.Revocation) error {
	return d.err
}

func TestAllThatASubjectHadIsRevoked(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	old, other := d.mint(t, Grant{Subject: "alice"}), d.mint(t, Grant{Subject: "bob"})
	d.pass(500 * time.Millisecond)
	require.NoError(t, d.RevokeIssuedBefore(t.Context(), "alice", *d.now.Load(), "left"))
	require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonRevoked), d.verdict(t, old.Token))
	require.Equal(t, caddymgw.Satisfied, d.verdict(t, other.Token).Outcome)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := d.Mint(ctx, Grant{Subject: "alice"})
	require.ErrorIs(t, err, context.DeadlineExceeded, "a key of this second would be revoked at birth")
	d.pass(500 * time.Millisecond)
	require.Equal(t, caddymgw.Satisfied, d.verdict(t, d.mint(t, Grant{Subject: "alice"}).Token).Outcome)

	require.NoError(t, d.RevokeIssuedBefore(t.Context(), "", *d.now.Load(), "all"))
	require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonRevoked), d.verdict(t, other.Token))
	require.Error(t, d.RevokeIssuedBefore(t.Context(), "bob", d.now.Load().Add(time.Second), ""), "a moment ahead")
}

func TestASuccessorHasTheRightsOfItsPredecessor(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	full := Grant{
		Subject: "alice", Name: "ci", Life: 2 * time.Hour, APIs: []AllowedAPI{{"Petstore", "*"}}, Scopes: []string{"read"},
		Operations: []string{"getPet"}, Addresses: []string{"10.0.0.0/8"}, Referers: []string{"a.test"},
		Certificate: base64.RawURLEncoding.EncodeToString(make([]byte, 32)),
	}
	old := d.mint(t, full)
	d.pass(10 * time.Minute)
	next, err := d.Rotate(t.Context(), old.ID, Rotation{})
	require.NoError(t, err)
	before, err := d.Record(t.Context(), old.ID)
	require.NoError(t, err)
	after, err := d.Record(t.Context(), next.ID)
	require.NoError(t, err)
	require.Equal(t, full, grantOf(after))
	require.Equal(t, next.ID, before.ReplacedBy)
	require.Equal(t, d.now.Load().Add(time.Hour), before.Revoked, "the overlap")
	require.Equal(t, Retiring, d.State(before))
	require.Equal(t, Active, d.State(after))
}

func TestAReplacedKeyWorksForTheOverlapAndSaysSo(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	old := d.mint(t, Grant{})
	_, err := d.Rotate(t.Context(), old.ID, Rotation{})
	require.NoError(t, err)
	v := d.verdict(t, old.Token)
	require.Equal(t, caddymgw.Satisfied, v.Outcome)
	require.Equal(t, caddymgw.Retirement{Since: start, Until: start.Add(time.Hour)}, v.Retirement)
	d.pass(time.Hour)
	require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonRevoked), d.verdict(t, old.Token))

	second := d.mint(t, Grant{})
	longer, none := 2*time.Hour, time.Duration(0)
	_, err = d.Rotate(t.Context(), second.ID, Rotation{Overlap: &longer})
	require.NoError(t, err)
	r, err := d.Record(t.Context(), second.ID)
	require.NoError(t, err)
	require.Equal(t, d.now.Load().Add(time.Hour), r.Revoked, "cut to the authority's")
	third := d.mint(t, Grant{})
	_, err = d.Rotate(t.Context(), third.ID, Rotation{Overlap: &none})
	require.NoError(t, err)
	require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonRevoked), d.verdict(t, third.Token))
}

func TestOfManyRotationsOneSucceeds(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	old := d.mint(t, Grant{})
	var won, lost atomic.Int64
	var successor atomic.Pointer[Issued]
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			switch issued, err := d.Rotate(t.Context(), old.ID, Rotation{}); {
			case err == nil:
				won.Add(1)
				successor.Store(&issued)
			case errors.Is(err, ledger.ErrReplaced):
				lost.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load())
	require.EqualValues(t, 99, lost.Load())
	require.Len(t, records(t, d.ledger), 2)
	require.Equal(t, caddymgw.Satisfied, d.verdict(t, successor.Load().Token).Outcome)
	r, err := d.Record(t.Context(), old.ID)
	require.NoError(t, err)
	require.Equal(t, successor.Load().ID, r.ReplacedBy)
}

func TestWhatHasEndedHasNoSuccessor(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	revoked, swept, old := d.mint(t, Grant{}), d.mint(t, Grant{Subject: "bob"}), d.mint(t, Grant{Life: time.Minute})
	_, err := d.Revoke(t.Context(), revoked.ID, "")
	require.NoError(t, err)
	d.pass(time.Second)
	require.NoError(t, d.RevokeIssuedBefore(t.Context(), "bob", *d.now.Load(), ""))
	for _, id := range []string{revoked.ID, swept.ID} {
		_, err := d.Rotate(t.Context(), id, Rotation{})
		require.ErrorIs(t, err, ErrEnded)
	}
	narrow := errors.New("not any more")
	_, err = d.Rotate(t.Context(), old.ID, Rotation{Narrow: func(*Grant) error { return narrow }})
	require.ErrorIs(t, err, narrow)
	d.pass(time.Hour)
	_, err = d.Rotate(t.Context(), old.ID, Rotation{})
	require.ErrorIs(t, err, ledger.ErrNotFound, "an expired record is gone")
}

func TestAKeyBoundToACertificateIsOnlyItsOwners(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	mine, other := &x509.Certificate{Raw: []byte("mine")}, &x509.Certificate{Raw: []byte("other")}
	sum := sha256.Sum256(mine.Raw)
	issued := d.mint(t, Grant{Certificate: base64.RawURLEncoding.EncodeToString(sum[:])})
	for name, tc := range map[string]struct {
		state *tls.ConnectionState
		good  bool
	}{
		"its owner":    {&tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{mine}}}, true},
		"no TLS":       {nil, false},
		"none":         {&tls.ConnectionState{}, false},
		"another":      {&tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{other}}}, false},
		"not verified": {&tls.ConnectionState{PeerCertificates: []*x509.Certificate{mine}}, false},
	} {
		r := request()
		r.HTTP.TLS = tc.state
		for range 2 {
			v := d.judge(t, issued.Token, r)
			if tc.good {
				require.Equal(t, caddymgw.Satisfied, v.Outcome, name)
			} else {
				require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonCertificate), v, name)
			}
		}
	}
	_, err := d.Mint(t.Context(), Grant{Subject: "alice", Certificate: "short"})
	require.ErrorContains(t, err, "certificate")
}

func TestAUseIsToldOnceAMinute(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	var used []time.Time
	o := *d.opened.Load()
	o.Used = func(_ string, at time.Time) { used = append(used, at) }
	d.Open(o)
	key := d.mint(t, Grant{})
	for range 3 {
		d.verdict(t, key.Token)
		d.verdict(t, key.Token)
		d.pass(30 * time.Second)
	}
	require.Equal(t, []time.Time{start, start.Add(time.Minute)}, used)
}

func TestWhereRevocationsAreUnknownKeysAreUnavailable(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	key := d.mint(t, Grant{})
	o := *d.opened.Load()
	o.Revocations = blind{}
	d.Open(o)
	require.Equal(t, caddymgw.UnavailableFor(caddymgw.ReasonStale), d.verdict(t, key.Token))
}

type blind struct{}

func (blind) Standing(string, string, string, time.Time, time.Time) caddymgw.Standing {
	return caddymgw.Standing{Unknown: true}
}
