package caddymgw_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// TestDecide holds the rules of "Deciding", one group for each.
func TestDecide(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		security string
		request  []string
		pass     string // schemes of the principals, subject first; "-": none
		code     fault.Code
		reason   caddymgw.Reason
	}{
		// What holds.
		"a public operation asks nothing":                   {security: "public", pass: "-"},
		"one key":                                           {security: "key", request: []string{"X-Api-Key: good"}, pass: "key"},
		"the first alternative in document order":           {security: "key | basic", request: []string{"X-Api-Key: good", "Authorization: Basic good"}, pass: "key"},
		"the second, if the first is not presented":         {security: "key | basic", request: []string{"Authorization: Basic good"}, pass: "basic"},
		"and: both":                                         {security: "key + basic", request: []string{"X-Api-Key: good", "Authorization: Basic good"}, pass: "basic key"},
		"and: one is missing":                               {security: "key + basic", request: []string{"X-Api-Key: good"}, code: fault.MissingCredentials, reason: caddymgw.ReasonMissing},
		"or of and: the whole alternative counts":           {security: "key + basic | qkey", request: []string{"Authorization: Basic good", "?apikey=good"}, pass: "qkey"},
		"anonymous if nothing is presented":                 {security: "key | {}", pass: "-"},
		"anonymous is looked at last":                       {security: "{} | key", request: []string{"X-Api-Key: good"}, pass: "-"}, // the compiler moves {} last
		"a key in the query":                                {security: "qkey", request: []string{"?a=1&apikey=good"}, pass: "qkey"},
		"a key in a cookie":                                 {security: "ckey", request: []string{"Cookie: a=1; k=good"}, pass: "ckey"},
		"a key bare in Authorization":                       {security: "akey", request: []string{"Authorization: good"}, pass: "akey"},
		"a key after Token in Authorization":                {security: "akey", request: []string{"Authorization: Token good"}, pass: "akey"},
		"a key after the name of its scheme":                {security: "akey", request: []string{"Authorization: AKey good"}, pass: "akey"},
		"a certificate":                                     {security: "mtls", request: []string{"Test-Certificate: good"}, pass: "mtls"},
		"a certificate and a key, the key is the subject":   {security: "mtls + key", request: []string{"Test-Certificate: good", "X-Api-Key: good"}, pass: "key mtls"},
		"no certificate":                                    {security: "mtls", code: fault.MissingCredentials, reason: caddymgw.ReasonMissing},
		"a token for several schemes of its kind":           {security: "oauth:read + oidc:email", request: []string{"Authorization: Bearer good:read,email"}, pass: "oauth oidc"},
		"an empty credential is a missing one":              {security: "key | {}", request: []string{"X-Api-Key: "}, pass: "-"},
		"scopes are asked":                                  {security: "oauth:read,write", request: []string{"Authorization: Bearer good:write,read"}, pass: "oauth"},
		"roles are asked of other schemes":                  {security: "key:admin", request: []string{"X-Api-Key: good:admin"}, pass: "key"},
		"the alternative whose scopes are there":            {security: "oauth:admin | oauth:read", request: []string{"Authorization: Bearer good:read"}, pass: "oauth"},
		"lacking a right, another alternative may do":       {security: "oauth:admin | key", request: []string{"Authorization: Bearer good:read", "X-Api-Key: good"}, pass: "key"},
		"authentic but too little falls through to {}":      {security: "oauth:admin | {}", request: []string{"Authorization: Bearer good:read"}, pass: "-"},
		"an Authorization of another kind beside {}":        {security: "key | {}", request: []string{"Authorization: Basic good"}, pass: "-"},
		"equal values at rival places are not ambiguous":    {security: "key | qkey", request: []string{"X-Api-Key: good", "?apikey=good"}, pass: "key"},
		"different values where both are asked together":    {security: "key + qkey", request: []string{"X-Api-Key: good", "?apikey=good:x"}, pass: "key qkey"},
		"a closed alternative does not close the others":    {security: "nobody | key", request: []string{"X-Api-Key: good"}, pass: "key"},
		"two schemes at one place are one value":            {security: "key | key2", request: []string{"X-Api-Key: good"}, pass: "key"},
		"unavailable beside one that holds":                 {security: "basic | key", request: []string{"X-Api-Key: good"}, pass: "key"},
		"a value that no verifier owns, {} does not help":   {security: "key | {}", request: []string{"X-Api-Key: alien"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonMalformed},
		"rule 1: a repeated header":                         {security: "key", request: []string{"X-Api-Key: good", "X-Api-Key: good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonRepeated},
		"rule 1: a repeated Authorization beside {}":        {security: "bearer | {}", request: []string{"Authorization: Bearer good", "Authorization: Bearer good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonRepeated},
		"rule 1: a repeated query name":                     {security: "qkey", request: []string{"?apikey=good&%61pikey=good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonRepeated},
		"rule 1: a repeated cookie":                         {security: "ckey | {}", request: []string{"Cookie: k=good; k=bad"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonRepeated},
		"rule 1: different values at rival places":          {security: "key | qkey", request: []string{"X-Api-Key: good", "?apikey=good:x"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonAmbiguous},
		"rule 1: valid and invalid at rival places":         {security: "key | qkey", request: []string{"X-Api-Key: good", "?apikey=bad"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonAmbiguous},
		"rule 1: one value is no key and a token":           {security: "key + oauth | {}", request: []string{"X-Api-Key: good", "Authorization: Bearer good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonAmbiguous},
		"rule 1: nor in the query":                          {security: "basic | qkey + bearer", request: []string{"?apikey=good", "Authorization: Bearer good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonAmbiguous},
		"rule 1: one value for one of two alternatives":     {security: "key | oauth", request: []string{"X-Api-Key: good", "Authorization: Bearer good"}, pass: "key"},
		"rule 1: a key and a token":                         {security: "key + oauth", request: []string{"X-Api-Key: good", "Authorization: Bearer good:r"}, pass: "oauth key"},
		"rule 1: a password may look like a key":            {security: "key + oauth | key + basic", request: []string{"X-Api-Key: good", "Authorization: Basic good"}, pass: "basic key"},
		"rule 3: a bad key beside a good password":          {security: "key | basic", request: []string{"X-Api-Key: bad", "Authorization: Basic good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonSignature},
		"rule 3: a good key beside a bad password":          {security: "key | basic", request: []string{"X-Api-Key: good", "Authorization: Basic bad"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonSignature},
		"rule 3: a bad key never falls through to {}":       {security: "key | {}", request: []string{"X-Api-Key: bad"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonSignature},
		"rule 3: a token of a closed scheme beside {}":      {security: "nobody | {}", request: []string{"Authorization: Bearer good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonMalformed},
		"rule 3: a token of a closed scheme beside a key":   {security: "nobody | key", request: []string{"Authorization: Bearer good", "X-Api-Key: good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonMalformed},
		"rule 3: unavailable is no proof":                   {security: "key | basic", request: []string{"X-Api-Key: down", "Authorization: Basic good"}, code: fault.Unclassified, reason: caddymgw.ReasonNotReady},
		"rule 4: two values at one place are never there":   {security: "basic + bearer", request: []string{"Authorization: Bearer good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonMalformed},
		"rule 4: one key does not count twice":              {security: "key + key2", request: []string{"X-Api-Key: good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonMalformed},
		"rule 4: Basic and a key in Authorization":          {security: "basic + akey", request: []string{"Authorization: Basic good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonMalformed},
		"rule 5: unavailable":                               {security: "key", request: []string{"X-Api-Key: down"}, code: fault.Unclassified, reason: caddymgw.ReasonNotReady},
		"rule 5: a scope is missing":                        {security: "oauth:read,write", request: []string{"Authorization: Bearer good:read"}, code: fault.AccessDenied, reason: caddymgw.ReasonScope},
		"rule 5: the key may not be used from here":         {security: "key", request: []string{"X-Api-Key: limited"}, code: fault.AccessDenied, reason: caddymgw.ReasonAddress},
		"rule 5: and: authentic as a whole, but too little": {security: "key + oauth:w", request: []string{"X-Api-Key: good", "Authorization: Bearer good:r"}, code: fault.AccessDenied, reason: caddymgw.ReasonScope},
		"rule 5: and: too little and not whole is missing":  {security: "key + oauth:w", request: []string{"Authorization: Bearer good"}, code: fault.MissingCredentials, reason: caddymgw.ReasonMissing},
		"rule 5: nothing":                                   {security: "key | basic", code: fault.MissingCredentials, reason: caddymgw.ReasonMissing},
		"rule 5: only an Authorization of another kind":     {security: "basic", request: []string{"Authorization: Digest good"}, code: fault.SchemeNotAccepted, reason: caddymgw.ReasonKind},
		"rule 5: a key is read, only an Authorization came": {security: "key", request: []string{"Authorization: Bearer good"}, code: fault.SchemeNotAccepted, reason: caddymgw.ReasonKind},
		"a verifier that names nobody lets nobody in":       {security: "key", request: []string{"X-Api-Key: impostor"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonNoVerifier},
		"a scheme that nothing verifies":                    {security: "nobody", code: fault.MissingCredentials, reason: caddymgw.ReasonMissing},
		"a certificate that is not accepted":                {security: "mtls", request: []string{"Test-Certificate: bad"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonSignature},
		"it counts more than what is missing":               {security: "key | mtls", request: []string{"Test-Certificate: bad"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonSignature},
		"also beside an Authorization of another kind":      {security: "basic | mtls", request: []string{"Test-Certificate: bad", "Authorization: Digest good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonSignature},
		"and within its own alternative":                    {security: "key + mtls", request: []string{"Test-Certificate: bad"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonSignature},
		"also where the key lacks a right":                  {security: "key:chief + mtls", request: []string{"Test-Certificate: bad", "X-Api-Key: good"}, code: fault.InvalidCredentials, reason: caddymgw.ReasonSignature},
		"but a right that is missing elsewhere counts more": {security: "mtls | key:chief", request: []string{"Test-Certificate: bad", "X-Api-Key: good"}, code: fault.AccessDenied, reason: caddymgw.ReasonScope},
		"and so does what is unavailable":                   {security: "mtls | key", request: []string{"Test-Certificate: bad", "X-Api-Key: down"}, code: fault.Unclassified, reason: caddymgw.ReasonNotReady},
		"it is ambient: another alternative may hold":       {security: "mtls | key", request: []string{"Test-Certificate: bad", "X-Api-Key: good"}, pass: "key"},
		"it is ambient: {} may hold":                        {security: "mtls | {}", request: []string{"Test-Certificate: bad"}, pass: "-"},
		"a certificate from nobody":                         {security: "mtls", request: []string{"Test-Certificate: impostor"}, code: fault.MissingCredentials, reason: caddymgw.ReasonMissing},
		"a certificate that can't be judged now":            {security: "mtls", request: []string{"Test-Certificate: down"}, code: fault.Unclassified, reason: caddymgw.ReasonNotReady},
		"a certificate where its alternative is closed":     {security: "mtls + basic + bearer", request: []string{"Test-Certificate: bad"}, code: fault.MissingCredentials, reason: caddymgw.ReasonMissing},
		"a query that can't be read completely":             {security: "qkey | {}", request: []string{"?apikey=good&%zz"}, code: fault.BadRequest, reason: caddymgw.ReasonQuery},
		"the same on a public operation":                    {security: "public", request: []string{"?%zz"}, code: fault.BadRequest, reason: caddymgw.ReasonQuery},
		"a key in the wrong place":                          {security: "qkey", request: []string{"X-Api-Key: good"}, code: fault.MissingCredentials, reason: caddymgw.ReasonMissing},
		"a Basic word is not a key's":                       {security: "akey", request: []string{"Authorization: Basic good"}, code: fault.SchemeNotAccepted, reason: caddymgw.ReasonKind},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(tc.security)
			d := f.gateway.Decide(t.Context(), get(tc.request...))
			if tc.pass != "" {
				require.Nil(t, d.Denial)
				require.Equal(t, strings.TrimPrefix(tc.pass, "-"), subjects(d))
				return
			}
			require.NotNil(t, d.Denial)
			require.Equal(t, tc.code, d.Denial.Fault)
			require.Equal(t, tc.reason, d.Denial.Reason)
			require.Equal(t, tc.code.Status(), d.Denial.Status)
			switch tc.code.Status() {
			case 401:
				require.NotEmpty(t, d.Denial.Challenges)
			case 403: // only those that say insufficient_scope
			default:
				require.Empty(t, d.Denial.Challenges)
			}
			require.Equal(t, tc.code == fault.Unclassified, d.Denial.RetryAfter > 0)
			require.Empty(t, d.Principals)
		})
	}
}

// session is found by the verifier itself, in the header Test-Session.
type session struct{ fake }

func (*session) Ambient() {}

func (s *session) Verify(_ context.Context, r *caddymgw.Request, req *caddymgw.Requirement, c credential.Credential) caddymgw.Verdict {
	s.calls++
	switch value := r.HTTP.Header.Get("Test-Session"); {
	case c != credential.Credential{}:
		panic("an ambient verifier is given no credential")
	case value == "good":
		return caddymgw.Verdict{Outcome: caddymgw.Satisfied, Principal: &caddymgw.Principal{Subject: "session"}}
	case value == "down":
		return caddymgw.Verdict{Outcome: caddymgw.Unavailable}
	}
	return caddymgw.Verdict{Outcome: caddymgw.Absent, Challenge: "Session"}
}

func TestAnAmbientVerifierFindsItsCredentialItself(t *testing.T) {
	t.Parallel()
	all := schemes()
	op := &caddymgw.Operation{API: &caddymgw.API{Name: "Test"}, Alternatives: []caddymgw.Alternative{{{Scheme: all["basic"]}}, {{Scheme: all["key"]}}}}
	op.API.Operations = []*caddymgw.Operation{op}
	s := &session{fake{kind: "basic"}}
	caddymgw.Bind(op.API, func(scheme *caddymgw.Scheme) caddymgw.Verifier {
		if scheme.Name == "basic" {
			return s
		}
		return &fake{kind: "key"}
	})
	g := &caddymgw.Gateway{Router: oneRoute{op}}
	for request, want := range map[string]int{
		"Test-Session: good": 0,
		"Test-Session: bad":  401,
		"Test-Session: down": 503,
		"Test-Session: good|Authorization: Basic anything": 0,
		"Test-Session: bad|Authorization: Basic anything":  401,
		"X-Api-Key: good": 0,
		"X-Api-Key: good|Authorization: Basic nobody's":     401,
		"Test-Session: good|X-Api-Key: bad":                 401,
		"Test-Session: down|Authorization: Basic something": 503,
	} {
		d := g.Decide(t.Context(), get(strings.Split(request, "|")...))
		if want == 0 {
			require.Nil(t, d.Denial, request)
			continue
		}
		require.Equal(t, want, d.Denial.Status, request)
		if want == 401 && !strings.Contains(request, "Key: bad") {
			require.Contains(t, d.Denial.Challenges, "Session", request)
		}
	}
}

func TestEachCredentialIsVerifiedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture("oauth:a | oauth:b | oidc:c | oauth:d + key | bearer")
	d := f.gateway.Decide(t.Context(), get("Authorization: Bearer good:z", "X-Api-Key: good"))
	require.Nil(t, d.Denial)
	require.Equal(t, "bearer", subjects(d))
	require.Equal(t, 1, f.verifiers["token"].calls)
	require.Equal(t, 1, f.verifiers["key"].calls)
}

func TestAnAnonymousOperationLooksAtNoPassword(t *testing.T) {
	t.Parallel()
	f := newFixture("public")
	require.Nil(t, f.gateway.Decide(t.Context(), get("Authorization: Basic bad", "X-Api-Key: bad")).Denial)
	require.Zero(t, f.verifiers["basic"].calls+f.verifiers["key"].calls)
}

func TestBindNamesWhatNobodyCanCall(t *testing.T) {
	t.Parallel()
	for security, unreachable := range map[string]bool{
		"nobody":               true,
		"nobody + key":         true,
		"basic + bearer":       true,
		"key + key2":           true,
		"nobody | key":         false,
		"nobody | {}":          false,
		"oauth:a + oidc:b":     false,
		"key + qkey":           false,
		"key + mtls + basic":   false,
		"public":               false,
		"basic + nobody | key": false,
	} {
		require.Equal(t, unreachable, len(newFixture(security).shut) == 1, security)
	}
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	const key, query, basic = `ApiKey realm="Test", in="header", name="X-API-Key"`, `ApiKey realm="Test", in="query", name="apikey"`, `Basic realm="Test", charset="UTF-8"`
	const invalid = `, error="invalid_token", error_description="The access token is malformed, expired, revoked, or not for this API"`
	const insufficient = `, error="insufficient_scope", error_description="The access token does not give the rights that are asked for"`
	for name, tc := range map[string]struct {
		security string
		request  []string
		want     []string
	}{
		"one of each kind":                      {"key | basic | key + basic", nil, []string{key, basic}},
		"two keys are two":                      {"key | qkey", nil, []string{key, query}},
		"closed ones stand back":                {"nobody | key", nil, []string{key}},
		"where all is closed they do not":       {"nobody", nil, []string{`Bearer realm="Test"`}},
		"tokens are one kind":                   {"oauth:a | oidc:b | bearer", nil, []string{`Bearer realm="Test", scope="a"`}},
		"scopes of an and add up":               {"oauth:a + oidc:b,a", nil, []string{`Bearer realm="Test", scope="a b"`}},
		"a bad token is told":                   {"oauth | key", []string{"Authorization: Bearer bad"}, []string{`Bearer realm="Test"` + invalid, key}},
		"a bad key says nothing of tokens":      {"oauth | key", []string{"X-Api-Key: bad"}, []string{`Bearer realm="Test"`, key}},
		"a token of too little":                 {"oauth:a | key", []string{"Authorization: Bearer good:b"}, []string{`Bearer realm="Test", scope="a"` + insufficient}},
		"a key of too little":                   {"key:a | oauth", []string{"X-Api-Key: good"}, nil},
		"a certificate where there is no other": {"mtls", nil, []string{`ClientCertificate realm="Test"`}},
		"a certificate and a key":               {"mtls + key", nil, []string{key}},
		"a refused one says nothing of a token": {"mtls + oauth", []string{"Test-Certificate: bad", "Authorization: Bearer good"}, []string{`Bearer realm="Test"`}},
		"nothing with a 503":                    {"oauth", []string{"Authorization: Bearer down"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newFixture(tc.security).gateway.Decide(t.Context(), get(tc.request...))
			require.Equal(t, tc.want, d.Denial.Challenges)
		})
	}
}

func TestSameSubject(t *testing.T) {
	t.Parallel()
	f := newFixture("key + basic | key + qkey")
	f.gateway.SameSubject = true
	d := f.gateway.Decide(t.Context(), get("X-Api-Key: good", "Authorization: Basic good"))
	require.Equal(t, fault.AccessDenied, d.Denial.Fault)
	require.Equal(t, caddymgw.ReasonSubject, d.Denial.Reason)
	d = f.gateway.Decide(t.Context(), get("X-Api-Key: good", "Authorization: Basic good", "?apikey=good"))
	require.Nil(t, d.Denial, "another alternative is of one subject")
}

func TestOnlyTheOriginFormIsServed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"absolute form": func(r *http.Request) {
			r.URL.Scheme, r.URL.Host, r.RequestURI = "http", "evil.test", "http://evil.test/x"
		},
		"absolute form, hidden": func(r *http.Request) { r.RequestURI = "http://evil.test/x" },
		"asterisk":              func(r *http.Request) { r.URL.Path, r.RequestURI = "*", "*" },
		"opaque":                func(r *http.Request) { r.URL.Opaque = "evil" },
		"empty path":            func(r *http.Request) { r.URL.Path = "" },
		"connect":               func(r *http.Request) { r.Method = "CONNECT" },
		"authority form": func(r *http.Request) {
			r.Method, r.RequestURI, r.URL = "CONNECT", "evil.test:443", &url.URL{Host: "evil.test:443"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture("public")
			r := get()
			change(r)
			d := f.gateway.Decide(t.Context(), r)
			require.NotNil(t, d.Denial)
			require.Equal(t, fault.BadRequest, d.Denial.Fault)

			rewritten := get()
			f.gateway.Target = func(*http.Request) (string, *url.URL) { return r.RequestURI, r.URL }
			rewritten.Method = r.Method
			require.NotNil(t, f.gateway.Decide(t.Context(), rewritten).Denial, "a rewrite must not hide it")
		})
	}
}

type observed struct {
	req *caddymgw.Request
	d   caddymgw.Decision
	n   int
}

func (o *observed) Decided(r *caddymgw.Request, d caddymgw.Decision, took time.Duration) {
	o.req, o.d = r, d
	o.n++
}

func TestTheObserverIsToldOfEveryDecision(t *testing.T) {
	t.Parallel()
	f := newFixture("key")
	o := &observed{}
	f.gateway.Observer = o
	f.gateway.Decide(t.Context(), get("X-Api-Key: good"))
	require.Nil(t, o.d.Denial)
	require.Equal(t, "192.0.2.1", o.req.Client.String())
	f.gateway.Decide(t.Context(), get())
	require.NotNil(t, o.d.Denial)
	require.Equal(t, 2, o.n)
}
