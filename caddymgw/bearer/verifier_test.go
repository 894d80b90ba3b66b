package bearer

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/token"
)

func goodIntrospection() *Introspection {
	return &Introspection{URL: "https://idp.test/introspect", ClientID: "gw", ClientSecret: "hunter2"}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := func() Config {
		return Config{
			Issuers:     []Issuer{{Name: idp, Keys: &keySet{}, Audiences: []string{"gw"}, Introspection: goodIntrospection()}, {Name: "b", Keys: &keySet{}}},
			Revocations: caddymgw.NoRevocations{}, OwnIssuer: "https://gw.test", Leeway: MaxLeeway,
		}
	}
	_, err := New(good())
	require.NoError(t, err)
	introspection := func(change func(*Introspection)) func(*Config) {
		return issuerOf(func(i *Issuer) { change(i.Introspection) })
	}
	url := func(u string) func(*Config) { return introspection(func(i *Introspection) { i.URL = u }) }
	for name, tc := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"no issuer":                   {func(c *Config) { c.Issuers = nil }, "no token issuer"},
		"no revocations":              {func(c *Config) { c.Revocations = nil }, "no revocations"},
		"a negative leeway":           {func(c *Config) { c.Leeway = -1 }, "leeway -1ns"},
		"a leeway over a minute":      {func(c *Config) { c.Leeway = MaxLeeway + 1 }, "leeway 1m0.000000001s"},
		"an empty name":               {issuerOf(func(i *Issuer) { i.Name = "" }), `"": the name is empty`},
		"a name given twice":          {func(c *Config) { c.Issuers[1].Name = idp }, "given twice"},
		"our own name":                {issuerOf(func(i *Issuer) { i.Name = "https://gw.test" }), "issuer of the API keys of this gateway"},
		"two introspections":          {func(c *Config) { c.Issuers[1].Introspection = goodIntrospection() }, `"b": introspection is already that of "https://idp.test"`},
		"nothing to verify with":      {func(c *Config) { c.Issuers[1].Keys = nil }, `"b": neither keys nor introspection`},
		"an unknown algorithm":        {issuerOf(func(i *Issuer) { i.Algorithms = []string{"ES256", "es384"} }), `algorithm "es384" is not known`},
		"no algorithm none":           {issuerOf(func(i *Issuer) { i.Algorithms = []string{"none"} }), `algorithm "none" is not known`},
		"a typ of other tokens":       {issuerOf(func(i *Issuer) { i.Types = []string{"at+jwt", "dpop+jwt"} }), `typ "dpop+jwt" is none of an access token`},
		"an empty list of algorithms": {issuerOf(func(i *Issuer) { i.Algorithms = []string{} }), "list of algorithms is empty"},
		"an empty list of audiences":  {issuerOf(func(i *Issuer) { i.Audiences = []string{} }), "audience is empty"},
		"an empty audience":           {issuerOf(func(i *Issuer) { i.Audiences = []string{"gw", ""} }), "audience is empty"},
		"no URL":                      {url(""), "URL"},
		"a URL without host":          {url("https:///introspect"), "URL"},
		"a URL that is none":          {url("https://idp.test:x/"), "URL"},
		"an opaque URL":               {url("https:idp.test"), "URL"},
		"http":                        {url("http://idp.test/introspect"), "must be https"},
		"http to what sounds local":   {url("http://localhost.idp.test/introspect"), "must be https"},
		"another scheme":              {url("ftp://127.0.0.1/introspect"), "must be https"},
		"credentials in the URL":      {url("https://gw:hunter2@idp.test/introspect"), "neither credentials"},
		"a fragment":                  {url("https://idp.test/introspect#a"), "fragment"},
		"no client id":                {introspection(func(i *Introspection) { i.ClientID = "" }), "client id and secret are required"},
		"no client secret":            {introspection(func(i *Introspection) { i.ClientSecret = "" }), "client id and secret are required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good()
			tc.change(&c)
			_, err := New(c)
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
	for _, u := range []string{"http://127.0.0.1:8080/i", "http://[::1]/i", "http://localhost/i", "https://idp.test/i?tenant=a"} {
		c := good()
		url(u)(&c)
		_, err := New(c)
		require.NoError(t, err, u)
	}
	for _, algorithm := range token.Algorithms() {
		c := good()
		c.Issuers[0].Algorithms = []string{algorithm}
		_, err := New(c)
		require.NoError(t, err, algorithm)
	}
}

func TestOwns(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	custom := credential.Place{In: credential.Header, Name: "X-Auth"}
	for name, tc := range map[string]struct {
		place  credential.Place
		scheme string
		value  string
		owns   bool
		text   string
	}{
		"bearer":                               {authorization, "bearer", "T", true, "T"},
		"basic":                                {authorization, "basic", "T", false, "T"},
		"a bare Authorization":                 {authorization, "", "T", false, "T"},
		"a bare value elsewhere":               {custom, "", "T", true, "T"},
		"the word elsewhere":                   {custom, "", "Bearer T", true, "T"},
		"the word in capitals":                 {custom, "", "BEARER  T", true, "T"},
		"the word, read before":                {custom, "bearer", "T", true, "T"},
		"another word elsewhere":               {custom, "", "Basic T", false, "T"},
		"another word elsewhere, read before":  {custom, "basic", "T", false, "T"},
		"two values elsewhere are no value":    {custom, "", "T T2", false, "T2"},
		"what stands at Authorization is read": {authorization, "bearer", "Bearer T", true, "Bearer T"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &caddymgw.Scheme{Name: "Login", Type: caddymgw.OAuth2, Place: tc.place}
			c := credential.Credential{Place: tc.place, AuthScheme: tc.scheme, Value: credential.Secret(tc.value)}
			require.Equal(t, tc.owns, d.Owns(s, c))
			text, ok := tokenOf(c)
			require.Equal(t, tc.owns, ok)
			require.Equal(t, tc.text, text)
			c.Name = "X-Elsewhere"
			require.False(t, d.Owns(s, c), "at another place than the scheme's")
		})
	}
}

func TestTokensInAHeaderOfTheirOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	text := d.forge(t, nil, nil)
	place := credential.Place{In: credential.Header, Name: "X-Auth"}
	req := &caddymgw.Requirement{Scheme: &caddymgw.Scheme{Name: "Login", Type: caddymgw.OAuth2, Place: place}, Verifier: d}
	for value, outcome := range map[string]caddymgw.Outcome{
		text: caddymgw.Satisfied, "Bearer " + text: caddymgw.Satisfied, "bearer  " + text: caddymgw.Satisfied,
		"Basic " + text: caddymgw.Refused, "Bearer Bearer " + text: caddymgw.Refused, "Bearer " + text + " " + text: caddymgw.Refused,
		"Bearer\t" + text: caddymgw.Refused,
	} {
		v := d.Verify(t.Context(), request(), req, credential.Credential{Place: place, Value: credential.Secret(value)})
		require.Equal(t, outcome, v.Outcome, value)
	}
}

func TestChallengeAsksForTheScopes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for typ, want := range map[caddymgw.SchemeType]string{
		caddymgw.OAuth2:        `Bearer realm="Petstore", scope="read write"`,
		caddymgw.OpenIDConnect: `Bearer realm="Petstore", scope="read write"`,
		caddymgw.HTTP:          `Bearer realm="Petstore"`, // these are roles
	} {
		s := &caddymgw.Scheme{Name: "Login", Type: typ, Place: authorization, Realm: "Petstore"}
		require.Equal(t, want, d.Challenge(&caddymgw.Requirement{Scheme: s, Scopes: []string{"read", "write"}}))
		require.Equal(t, `Bearer realm="Petstore"`, d.Challenge(&caddymgw.Requirement{Scheme: s}))
	}
}

func TestAllThatIsNotATokenIsMalformed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for name, text := range map[string]string{
		"nothing": "", "a dot": ".", "two dots": "..", "no JWT": "a.b.c", "an opaque token": "hunter2",
		"two tokens": "T T2", "dots": strings.Repeat(".", 100_000), "too long": strings.Repeat("A", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d.requireNever(t, text, caddymgw.ReasonMalformed)
		})
	}
	require.Zero(t, d.keys.asked)
}

func TestTheZeroLeewayIsExact(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	r := request()
	r.Now = start.Add(time.Hour - time.Nanosecond)
	text := d.forge(t, nil, nil)
	require.Equal(t, caddymgw.Satisfied, d.judge(t, text, r).Outcome)
	r.Now = start.Add(time.Hour)
	require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonExpired), d.judge(t, text, r))
}
