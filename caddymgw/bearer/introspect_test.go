package bearer

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

// oracle is the introspection endpoint of a test, without a network.
type oracle struct {
	mu      sync.Mutex
	asked   []string
	answers map[string]members // by token; none: not active
	err     error
	hold    chan struct{} // what is asked waits for it
}

func (o *oracle) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	text := r.PostForm.Get("token")
	o.mu.Lock()
	o.asked = append(o.asked, text)
	answer, hold, err := o.answers[text], o.hold, o.err
	o.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if err != nil {
		return nil, err
	}
	if answer == nil {
		answer = members{"active": false}
	}
	body, err := json.Marshal(answer)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}},
		Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}, err
}

func (o *oracle) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.asked)
}

func (o *oracle) say(text string, answer members) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers[text] = answer
}

// newOpaqueDesk is a desk whose issuer answers for opaque tokens too; that for
// "good" is goodAnswer.
func newOpaqueDesk(t testing.TB, change func(*Config)) (*desk, *oracle) {
	t.Helper()
	o := &oracle{answers: map[string]members{"good": goodAnswer(nil)}}
	return newDesk(t, func(c *Config) {
		c.Issuers[0].Introspection = goodIntrospection()
		c.Issuers[0].Introspection.Transport = o
		if change != nil {
			change(c)
		}
	}), o
}

func goodAnswer(changes members) members {
	m := members{
		"active": true, "iss": idp, "aud": []string{"gw"}, "sub": "alice", "jti": "j9", "scope": "read write",
		"iat": start.Unix() - 60, "exp": start.Unix() + 3600, "token_type": "Bearer",
	}
	for name, v := range changes {
		if m[name] = v; v == any(absent{}) {
			delete(m, name)
		}
	}
	return m
}

func TestThePrincipalOfAnOpaqueToken(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	first := d.requireGood(t, "good")
	require.Same(t, first, d.requireGood(t, "good"))
	require.Equal(t, 1, o.count())
	require.Equal(t, true, first.Claims["active"])
	p := *first
	p.Claims, p.Recheck = nil, nil
	require.Equal(t, caddymgw.Principal{
		Subject: "alice", Issuer: idp, Scheme: "Login", KeyID: "j9", Scopes: []string{"read", "write"},
		IssuedAt: start.Add(-time.Minute).Local(), Expires: start.Add(time.Hour).Local(),
	}, p)
	require.Equal(t, [][3]string{{idp, "j9", "alice"}, {idp, "j9", "alice"}}, d.revoked.asked)
	d.revoked.revoke("j9")
	d.requireRefused(t, "good", caddymgw.ReasonRevoked)
	require.Equal(t, 1, o.count())
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	now := start.Unix()
	for name, tc := range map[string]struct {
		answer  members
		subject string
		reason  caddymgw.Reason
	}{
		"sub":                            {goodAnswer(members{"username": "u", "client_id": "c"}), "alice", ""},
		"username":                       {goodAnswer(members{"sub": absent{}, "username": "u", "client_id": "c"}), "u", ""},
		"client_id":                      {goodAnswer(members{"sub": absent{}, "client_id": "c"}), "c", ""},
		"no subject":                     {goodAnswer(members{"sub": absent{}, "azp": "a"}), "", caddymgw.ReasonClaims},
		"an empty sub":                   {goodAnswer(members{"sub": "", "username": "u"}), "", caddymgw.ReasonClaims},
		"not active":                     {members{"active": false}, "", reasonInactive},
		"not active, whatever else":      {goodAnswer(members{"active": false}), "", reasonInactive},
		"no iss":                         {goodAnswer(members{"iss": absent{}}), "alice", ""},
		"another iss":                    {goodAnswer(members{"iss": idp + "/"}), "", caddymgw.ReasonIssuer},
		"an empty iss":                   {goodAnswer(members{"iss": ""}), "", caddymgw.ReasonIssuer},
		"iss null":                       {goodAnswer(members{"iss": nil}), "", caddymgw.ReasonClaims},
		"one aud":                        {goodAnswer(members{"aud": "gw"}), "alice", ""},
		"another aud":                    {goodAnswer(members{"aud": "other"}), "", caddymgw.ReasonAudience},
		"no aud":                         {goodAnswer(members{"aud": absent{}}), "", caddymgw.ReasonAudience},
		"aud a number":                   {goodAnswer(members{"aud": 1}), "", caddymgw.ReasonClaims},
		"no exp":                         {goodAnswer(members{"exp": absent{}}), "alice", ""},
		"expired":                        {goodAnswer(members{"exp": now}), "", caddymgw.ReasonExpired},
		"exp a string":                   {goodAnswer(members{"exp": "9999999999"}), "", caddymgw.ReasonClaims},
		"exp a fraction":                 {goodAnswer(members{"exp": 1e10 + .5}), "", caddymgw.ReasonClaims},
		"exp below zero":                 {goodAnswer(members{"exp": -1}), "", caddymgw.ReasonClaims},
		"exp in the year 10000":          {goodAnswer(members{"exp": 253402300800}), "", caddymgw.ReasonClaims},
		"the last exp":                   {goodAnswer(members{"exp": 253402300799}), "alice", ""},
		"nbf to come":                    {goodAnswer(members{"nbf": now + 1}), "", caddymgw.ReasonNotYet},
		"iat to come is the issuer's":    {goodAnswer(members{"iat": now + 100}), "alice", ""},
		"a jti that is a number":         {goodAnswer(members{"jti": 1}), "", caddymgw.ReasonClaims},
		"a refresh token":                {goodAnswer(members{"token_use": "refresh_token"}), "", caddymgw.ReasonType},
		"an ID token":                    {goodAnswer(members{"typ": "ID"}), "", caddymgw.ReasonType},
		"a token of DPoP":                {goodAnswer(members{"token_type": "DPoP"}), "", caddymgw.ReasonType},
		"a token of DPoP, by its key":    {goodAnswer(members{"cnf": members{"jkt": "x"}}), "", caddymgw.ReasonClaims},
		"a scope that is a number":       {goodAnswer(members{"scope": 1}), "", caddymgw.ReasonClaims},
		"a token bound to a certificate": {goodAnswer(members{"cnf": members{"x5t#S256": strings.Repeat("A", 43)}}), "", reasonBinding},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, o := newOpaqueDesk(t, nil)
			o.say("t", tc.answer)
			for range 2 {
				if tc.reason != "" {
					d.requireRefused(t, "t", tc.reason)
				} else {
					require.Equal(t, tc.subject, d.requireGood(t, "t").Subject)
				}
			}
			require.Equal(t, []string{"t"}, o.asked)
		})
	}
}

func TestAnAnswerWithoutAudienceIsTakenWhereNoneIsAsked(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, issuerOf(func(i *Issuer) { i.Audiences = nil }))
	o.say("good", goodAnswer(members{"aud": absent{}}))
	d.requireGood(t, "good")
}

func TestAnOpaqueTokenBoundToACertificate(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	mine := newCertificate(t, d, 1)
	o.say("good", goodAnswer(members{"cnf": members{"x5t#S256": thumbprint(mine)}}))
	r := request()
	r.HTTP.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{mine}}}
	require.Equal(t, caddymgw.Satisfied, d.judge(t, "good", r).Outcome)
	d.requireRefused(t, "good", reasonBinding)
}

func TestWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, func(c *Config) {
		c.Issuers[0].Name = "https://opaque.test"
		c.Issuers[0].Keys = nil
		c.Issuers = append(c.Issuers, Issuer{Name: idp, Keys: &keySet{}})
	})
	other, _ := newOpaqueDesk(t, nil)
	jwt := func(header, claims members) string { return d.forge(t, header, claims) }
	theirs := members{"iss": "https://opaque.test"}
	for name, tc := range map[string]struct {
		text   string
		asked  bool
		reason caddymgw.Reason
	}{
		"an opaque token":                    {"x", true, reasonInactive},
		"a JWT of the issuer":                {jwt(nil, theirs), true, reasonInactive},
		"whoever signed it":                  {other.forge(t, members{"alg": "none"}, theirs), true, reasonInactive},
		"a JWE":                              {jwt(nil, theirs) + ".a.b", true, reasonInactive},
		"a JWT of an issuer with keys":       {jwt(nil, nil), false, caddymgw.ReasonUnknownKey},
		"a JWT of an unknown issuer":         {jwt(nil, members{"iss": "https://evil.test"}), false, caddymgw.ReasonIssuer},
		"a JWT of nobody":                    {jwt(nil, members{"iss": absent{}}), false, caddymgw.ReasonIssuer},
		"an API key":                         {jwt(members{"typ": "apikey+jwt"}, theirs), false, caddymgw.ReasonType},
		"an ID token of the issuer":          {jwt(nil, members{"iss": "https://opaque.test", "nonce": "n"}), false, caddymgw.ReasonType},
		"a JWT with crit":                    {jwt(members{"crit": []string{"exp"}}, theirs), false, caddymgw.ReasonMalformed},
		"a JWT of a broken payload":          {encode(`{"alg":"ES256"}`) + ".a.b", false, caddymgw.ReasonMalformed},
		"a JWT with a member twice":          {compact(t, "", d.key, `{"alg":"ES256"}`, `{"iss":"https://opaque.test","iss":"a"}`), false, caddymgw.ReasonMalformed},
		"two tokens":                         {"x x", false, caddymgw.ReasonMalformed},
		"something that is no token":         {"x\r\n", false, caddymgw.ReasonMalformed},
		"a token that is longer than we see": {strings.Repeat("x", 16<<10+1), false, caddymgw.ReasonMalformed},
	} {
		before := o.count()
		d.requireRefused(t, tc.text, tc.reason)
		asked := o.count() - before
		require.Equal(t, map[bool]int{true: 1}[tc.asked], asked, name)
	}
	text := jwt(nil, theirs)
	o.say(text, goodAnswer(members{"iss": "https://opaque.test"}))
	p := d.requireGood(t, text)
	require.Same(t, p, d.requireGood(t, text))
	require.Zero(t, d.cache.Len(), "no signature was verified")
}

func TestFailuresAreUnavailableAndNotRemembered(t *testing.T) {
	t.Parallel()
	var reported []error
	d, o := newOpaqueDesk(t, issuerOf(func(i *Issuer) {
		i.Introspection.Failed = func(err error) { reported = append(reported, err) }
	}))
	o.err = errors.New("no route")
	for range 2 {
		require.Equal(t, caddymgw.UnavailableFor(caddymgw.ReasonNotReady), d.judge(t, "good", request()))
	}
	require.Equal(t, 2, o.count())
	require.Len(t, reported, 2)
	require.ErrorContains(t, reported[0], "no route")
	require.NotContains(t, reported[0].Error(), "hunter2")
	require.NotContains(t, reported[0].Error(), "good")
	o.err = nil
	d.requireGood(t, "good")
	o.err = errors.New("no route")
	d.requireGood(t, "good")
}

func TestATransportThatPanicsIsAFailure(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Introspection){
		"the transport": func(i *Introspection) { i.Transport = panics{} },
		"the report": func(i *Introspection) {
			i.Transport = &oracle{err: errors.New("no route")}
			i.Failed = func(error) { panic("report") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _ := newOpaqueDesk(t, issuerOf(func(i *Issuer) { change(i.Introspection) }))
			for range maxFlights + 1 { // the places are given back
				require.Equal(t, caddymgw.UnavailableFor(caddymgw.ReasonNotReady), d.judge(t, "good", request()))
			}
		})
	}
}

type panics struct{}

func (panics) RoundTrip(*http.Request) (*http.Response, error) { panic("transport") }

func ExampleNew_introspection() {
	v, err := New(Config{
		Issuers: []Issuer{{
			Name: "https://idp.example.com", Audiences: []string{"https://api.example.com"},
			Introspection: &Introspection{URL: "https://idp.example.com/introspect", ClientID: "gw", ClientSecret: "secret"},
		}},
		Revocations: caddymgw.NoRevocations{},
	})
	fmt.Println(err)
	fmt.Println(v.Challenge(&caddymgw.Requirement{Scheme: &caddymgw.Scheme{Realm: "Pets", Type: caddymgw.OAuth2}, Scopes: []string{"pets:read"}}))
	// Output:
	// <nil>
	// Bearer realm="Pets", scope="pets:read"
}
