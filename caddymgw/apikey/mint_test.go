package apikey

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/token"
)

func TestMintedKeysVerifyInEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ES256", "ES384", "EdDSA", "RS256", "PS256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			d.Renew(newRing(t, newSigner(t, algorithm), algorithm))
			issued := d.mint(t, Grant{})
			header, err := token.Peek(issued.Token)
			require.NoError(t, err)
			require.Equal(t, algorithm, header.Algorithm)
			d.requireGood(t, issued.Token)
			d.requireGood(t, issued.Token)
		})
	}
}

// part decodes the header (0) or the claims (1) of a token.
func part(t testing.TB, text string, i int) (m map[string]any) {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[i])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &m))
	return m
}

var full = Grant{
	Subject: "alice", Name: "ci", Life: time.Hour,
	APIs:   []AllowedAPI{{"Petstore", "*"}, {"Shop & <Co>", "2.0"}},
	Scopes: []string{"read", "write:pets"}, Operations: []string{"getPet"},
	Addresses: []string{"192.0.2.0/24", "2001:db8::1"}, Referers: []string{"*.example.com/app"},
}

func TestClaimsAreThoseOfTheDocumentation(t *testing.T) {
	t.Parallel()
	const iat, hour, day = 1893456000.0, 3600, 86400
	for name, tc := range map[string]struct {
		config func(*Config)
		grant  Grant
		want   map[string]any
	}{
		"a full grant": {grant: full, want: map[string]any{
			"iss": "https://gw.test", "sub": "alice", "aud": "gw", "iat": iat, "exp": iat + hour, "keytype": "PRODUCTION",
			"allowedAPIs": []any{
				map[string]any{"name": "Petstore", "version": "*"}, map[string]any{"name": "Shop & <Co>", "version": "2.0"},
			},
			"scope": "read write:pets", "operations": []any{"getPet"},
			"permittedIPs": []any{"192.0.2.0/24", "2001:db8::1"}, "permittedReferers": []any{"*.example.com/app"},
		}},
		"a bare grant": {grant: Grant{Subject: "alice"}, want: map[string]any{
			"iss": "https://gw.test", "sub": "alice", "aud": "gw", "iat": iat, "exp": iat + day,
			"keytype": "PRODUCTION", "allowedAPIs": []any{},
		}},
		"without audience and end": {
			config: func(c *Config) { c.Audience, c.Validity = "", 0 },
			grant:  Grant{Subject: "alice"},
			want: map[string]any{
				"iss": "https://gw.test", "sub": "alice", "iat": iat, "keytype": "PRODUCTION", "allowedAPIs": []any{},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, tc.config)
			issued := d.mint(t, tc.grant)
			require.Equal(t, map[string]any{"alg": "ES256", "kid": d.ring.Active(start).ID, "typ": "apikey+jwt"}, part(t, issued.Token, 0))
			got := part(t, issued.Token, 1)
			id, err := base64.RawURLEncoding.Strict().DecodeString(got["jti"].(string))
			require.NoError(t, err)
			require.Len(t, id, 128/8)
			require.Equal(t, issued.ID, got["jti"])
			delete(got, "jti")
			require.Equal(t, tc.want, got)
		})
	}
}

func TestLifeIsClamped(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		validity, asked, want time.Duration
	}{
		"nothing asked":            {validity: time.Hour, want: time.Hour},
		"less asked":               {time.Hour, time.Minute, time.Minute},
		"as much asked":            {time.Hour, time.Hour, time.Hour},
		"more asked":               {time.Hour, 1<<63 - 1, time.Hour},
		"negative asked":           {time.Hour, -1, time.Hour},
		"without end":              {},
		"an end where none is due": {asked: time.Hour, want: time.Hour},
		"parts of a second":        {time.Hour, 1900 * time.Millisecond, time.Second},
		"no whole second":          {time.Hour, time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, func(c *Config) {
				c.Validity = tc.validity
				c.Now = func() time.Time { return start.Add(500 * time.Millisecond) }
			})
			issued := d.mint(t, Grant{Life: tc.asked})
			if tc.validity == 0 && tc.asked == 0 {
				require.Zero(t, issued.Expires)
				require.NotContains(t, part(t, issued.Token, 1), "exp")
				return
			}
			require.Equal(t, start.Add(tc.want), issued.Expires)
			require.EqualValues(t, issued.Expires.Unix(), part(t, issued.Token, 1)["exp"])
		})
	}
}

func TestGrantsAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", maxText)
	many := func(s string) []string { return slices.Repeat([]string{s}, maxEntries+1) }
	for name, tc := range map[string]struct {
		grant  Grant
		member string
	}{
		"name with a line feed":      {Grant{Name: "a\nb"}, "name"},
		"name of invalid UTF-8":      {Grant{Name: "\xff"}, "name"},
		"name too long":              {Grant{Name: long + "x"}, "name"},
		"API without a name":         {Grant{APIs: []AllowedAPI{{"", "1"}}}, "apis[0]"},
		"API without a version":      {Grant{APIs: []AllowedAPI{{"a", "1"}, {"a", ""}}}, "apis[1]"},
		"API with a NUL":             {Grant{APIs: []AllowedAPI{{"a\x00", "1"}}}, "apis[0]"},
		"version too long":           {Grant{APIs: []AllowedAPI{{"a", long + "x"}}}, "apis[0]"},
		"too many APIs":              {Grant{APIs: make([]AllowedAPI, maxEntries+1)}, "apis"},
		"empty scope":                {Grant{Scopes: []string{""}}, "scopes[0]"},
		"two scopes in one":          {Grant{Scopes: []string{"read", "a b"}}, "scopes[1]"},
		"scope with a quote":         {Grant{Scopes: []string{`a"`}}, "scopes[0]"},
		"scope with a backslash":     {Grant{Scopes: []string{`a\`}}, "scopes[0]"},
		"scope beyond ASCII":         {Grant{Scopes: []string{"ä"}}, "scopes[0]"},
		"too many scopes":            {Grant{Scopes: many("s")}, "scopes"},
		"empty operation":            {Grant{Operations: []string{""}}, "operations[0]"},
		"operation with DEL":         {Grant{Operations: []string{"a\x7f"}}, "operations[0]"},
		"operation with a C1":        {Grant{Operations: []string{"a\u0085"}}, "operations[0]"},
		"too many operations":        {Grant{Operations: many("o")}, "operations"},
		"empty address":              {Grant{Addresses: []string{""}}, "permittedIPs[0]"},
		"address that is a host":     {Grant{Addresses: []string{"192.0.2.1", "example.com"}}, "permittedIPs[1]"},
		"address out of range":       {Grant{Addresses: []string{"192.0.2.256"}}, "permittedIPs[0]"},
		"CIDR out of range":          {Grant{Addresses: []string{"192.0.2.0/33"}}, "permittedIPs[0]"},
		"CIDR without bits":          {Grant{Addresses: []string{"192.0.2.0/"}}, "permittedIPs[0]"},
		"CIDR of mapped IPv4":        {Grant{Addresses: []string{"::ffff:192.0.2.0/120"}}, "permittedIPs[0]"},
		"address range":              {Grant{Addresses: []string{"192.0.2.1-192.0.2.9"}}, "permittedIPs[0]"},
		"too many addresses":         {Grant{Addresses: many("::1")}, "permittedIPs"},
		"empty referer":              {Grant{Referers: []string{""}}, "permittedReferers[0]"},
		"referer of every host":      {Grant{Referers: []string{"*"}}, "permittedReferers[0]"},
		"referer of every domain":    {Grant{Referers: []string{"*."}}, "permittedReferers[0]"},
		"referer without a host":     {Grant{Referers: []string{"/app"}}, "permittedReferers[0]"},
		"referer with inner star":    {Grant{Referers: []string{"a.*.example.com"}}, "permittedReferers[0]"},
		"referer with a star behind": {Grant{Referers: []string{"example.*"}}, "permittedReferers[0]"},
		"referer with half a name":   {Grant{Referers: []string{"example.com/ap*"}}, "permittedReferers[0]"},
		"referer with a query":       {Grant{Referers: []string{"example.com/app?x"}}, "permittedReferers[0]"},
		"referer with a user":        {Grant{Referers: []string{"a@example.com"}}, "permittedReferers[0]"},
		"too many referers":          {Grant{Referers: many("example.com")}, "permittedReferers"},
		"too long for a header":      {Grant{Operations: many(long)[1:]}, "apis"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			tc.grant.Subject = "alice"
			issued, err := d.Mint(t.Context(), tc.grant)
			var refusal *GrantError
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, tc.member, refusal.Member)
			require.Equal(t, refusal.Member+": "+refusal.Reason, err.Error())
			require.Zero(t, issued)
			require.Empty(t, records(t, d.ledger))
		})
	}
}

func TestGrantsOfTheLargestSizeAreTaken(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	apis := make([]AllowedAPI, maxEntries)
	for i := range apis {
		apis[i] = AllowedAPI{"Petstore", "*"}
	}
	issued := d.mint(t, Grant{Name: strings.Repeat("ü", maxText), APIs: apis, Operations: slices.Repeat([]string{"getPet"}, maxEntries)})
	require.Less(t, len(issued.Token), maxToken)
	d.requireGood(t, issued.Token)
}

func TestAKeyIsSomebodys(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	_, err := d.Mint(t.Context(), Grant{})
	require.ErrorContains(t, err, "without a subject")
}

func records(t testing.TB, l ledger.Ledger) (all []ledger.Record) {
	t.Helper()
	for r, err := range l.List(t.Context(), ledger.Query{}) {
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

func TestTheRecordIsInTheLedgerAndTheKeyIsNot(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	issued := d.mint(t, full)
	got := records(t, d.ledger)
	require.Equal(t, []ledger.Record{{
		ID: issued.ID, Subject: "alice", Name: "ci",
		APIs:   []ledger.API{{Name: "Petstore", Version: "*"}, {Name: "Shop & <Co>", Version: "2.0"}},
		Scopes: full.Scopes, Operations: full.Operations, Addresses: full.Addresses, Referers: full.Referers,
		SigningKey: d.ring.Active(start).ID, Issued: start, Expires: issued.Expires,
	}}, got)
	for i, p := range strings.Split(issued.Token, ".") {
		require.NotContains(t, fmt.Sprintf("%+v", got), p, "part %d", i)
	}
}

type failing struct {
	ledger.Ledger
	err error
}

func (f failing) Put(context.Context, ledger.Record) error { return f.err }

func TestWithoutARecordThereIsNoKey(t *testing.T) {
	t.Parallel()
	full := errors.New("disk is full")
	d := newDesk(t, nil)
	d.ledger = failing{d.ledger, full}
	d.open()
	issued, err := d.Mint(t.Context(), Grant{Subject: "alice"})
	require.ErrorIs(t, err, full)
	require.Zero(t, issued)
}

func TestWithoutRandomnessThereIsNoKey(t *testing.T) {
	t.Parallel()
	empty := errors.New("no entropy")
	d := newDesk(t, func(c *Config) { c.Rand = iotest.ErrReader(empty) })
	_, err := d.Mint(t.Context(), Grant{Subject: "alice"})
	require.ErrorIs(t, err, empty)
	require.Empty(t, records(t, d.ledger))
}

func TestNoIDLooksLikeAnOption(t *testing.T) {
	t.Parallel()
	dash := append([]byte{0xf8}, make([]byte, 15)...) // "-AAA..."
	d := newDesk(t, func(c *Config) { c.Rand = io.MultiReader(bytes.NewReader(dash), bytes.NewReader(make([]byte, 16))) })
	require.Equal(t, "AAAAAAAAAAAAAAAAAAAAAA", d.mint(t, Grant{}).ID)
}

func TestKeysMintedTogetherAreDistinct(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	var wg sync.WaitGroup
	issued := make([]Issued, 200)
	verdicts := make([]caddymgw.Verdict, len(issued))
	for i := range issued {
		wg.Go(func() {
			issued[i], _ = d.Mint(t.Context(), Grant{Subject: "alice"})
			verdicts[i] = d.judge(t, issued[i].Token, request())
		})
	}
	wg.Wait()
	ids := map[string]bool{}
	for i := range issued {
		ids[issued[i].ID] = true
		require.Equal(t, caddymgw.Satisfied, verdicts[i].Outcome)
		require.Equal(t, issued[i].ID, verdicts[i].Principal.KeyID)
	}
	require.Len(t, ids, len(issued))
	require.Len(t, records(t, d.ledger), len(issued))
}
