package caddymgw_test

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// reporting is newFixture, with schemes that are not enforced; "*" is all of it.
func reporting(security, schemes string) *fixture {
	f := newFixture(security)
	op := f.gateway.Router.(oneRoute).op
	f.schemes(op)
	names := strings.Fields(schemes)
	if schemes == "*" {
		names = nil
	}
	f.gateway.ReportOnly = caddymgw.NewReportOnly(op.API, names)
	return f
}

// schemes gives the API those that its operation names.
func (f *fixture) schemes(op *caddymgw.Operation) {
	for _, alt := range op.Alternatives {
		for _, r := range alt {
			if !slices.Contains(op.API.Schemes, r.Scheme) {
				op.API.Schemes = append(op.API.Schemes, r.Scheme)
			}
		}
	}
}

func TestReportOnly(t *testing.T) {
	t.Parallel()
	const basic, bearer = "Authorization: Basic ", "Authorization: Bearer "
	for name, tc := range map[string]struct {
		security, schemes string
		lines             []string
		reported          caddymgw.Reason // "": nothing is
		denied            caddymgw.Reason // "": it passes
		principals        string
	}{
		"nothing presented":       {security: "key", schemes: "key", reported: caddymgw.ReasonMissing},
		"something bad presented": {security: "key", schemes: "key", lines: []string{"X-Api-Key: bad"}, reported: caddymgw.ReasonSignature},
		"not ready":               {security: "key", schemes: "key", lines: []string{"X-Api-Key: down"}, reported: caddymgw.ReasonNotReady},
		"a right is missing":      {security: "key:r", schemes: "key", lines: []string{"X-Api-Key: good"}, reported: caddymgw.ReasonScope},
		"repeated":                {security: "key", schemes: "key", lines: []string{"X-Api-Key: good", "X-Api-Key: good"}, reported: caddymgw.ReasonRepeated},
		"ambiguous with a good one that is enforced": {security: "key | qkey", schemes: "key", lines: []string{"X-Api-Key: other", "?apikey=good"}, reported: caddymgw.ReasonAmbiguous, principals: "qkey"},
		"ambiguous with a bad one that is enforced":  {security: "key | qkey", schemes: "key", lines: []string{"X-Api-Key: good", "?apikey=other"}, denied: caddymgw.ReasonAmbiguous},
		"good":                                          {security: "key", schemes: "key", lines: []string{"X-Api-Key: good"}, principals: "key"},
		"nobody verifies it":                            {security: "nobody", schemes: "nobody", reported: caddymgw.ReasonMissing},
		"another one must hold too":                     {security: "key + basic", schemes: "key", denied: caddymgw.ReasonMissing},
		"and is not bad":                                {security: "key + basic", schemes: "key", lines: []string{basic + "bad"}, denied: caddymgw.ReasonSignature},
		"and has its rights":                            {security: "key + basic:r", schemes: "key", lines: []string{basic + "good"}, denied: caddymgw.ReasonMissing},
		"and is told upstream":                          {security: "key + basic", schemes: "key", lines: []string{basic + "good"}, reported: caddymgw.ReasonMissing, principals: "basic"},
		"a bad one beside an alternative":               {security: "key | basic", schemes: "key", lines: []string{basic + "bad"}, denied: caddymgw.ReasonSignature},
		"a good one beside it is told, not reported":    {security: "key | basic", schemes: "key", lines: []string{basic + "good"}, principals: "basic"},
		"what is left is somebody before nobody":        {security: "key | qkey + basic", schemes: "key qkey", lines: []string{"X-Api-Key: bad", basic + "good"}, reported: caddymgw.ReasonSignature, principals: "basic"},
		"one that reads the same credential must hold":  {security: "oidc | oauth:a", schemes: "oidc", lines: []string{bearer + "bad"}, denied: caddymgw.ReasonSignature},
		"a scheme that the operation does not ask for":  {security: "basic", schemes: "key", denied: caddymgw.ReasonMissing},
		"two at one place are closed all the same":      {security: "bearer + basic", schemes: "bearer", lines: []string{basic + "good"}, denied: caddymgw.ReasonMalformed},
		"a query that can't be read":                    {security: "key", schemes: "key", lines: []string{"?a=%zz"}, denied: caddymgw.ReasonQuery},
		"of the whole API, a query that can't be read":  {security: "key", schemes: "*", lines: []string{"?a=%zz"}, reported: caddymgw.ReasonQuery},
		"of the whole API, a bad one":                   {security: "key + basic", schemes: "*", lines: []string{basic + "bad"}, reported: caddymgw.ReasonSignature},
		"of the whole API, one good of two":             {security: "key + basic", schemes: "*", lines: []string{basic + "good"}, reported: caddymgw.ReasonMissing},
		"of the whole API, good ones":                   {security: "key + basic", schemes: "*", lines: []string{basic + "good", "X-Api-Key: good"}, principals: "basic key"},
		"of the whole API, of a kind that nobody reads": {security: "key", schemes: "*", lines: []string{basic + "good"}, reported: caddymgw.ReasonKind},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := reporting(tc.security, tc.schemes)
			d := f.gateway.Decide(t.Context(), get(tc.lines...))
			require.Equal(t, tc.denied, reason(d.Denial))
			require.Equal(t, tc.principals, subjects(d))
			if tc.reported == "" {
				require.Nil(t, d.Report)
			} else {
				require.NotNil(t, d.Report)
				require.Equal(t, tc.reported, d.Report.Reason)
			}
			for kind, v := range f.verifiers {
				require.LessOrEqual(t, v.calls, 1, kind)
			}
			x := f.gateway.Explain(t.Context(), get(tc.lines...))
			require.Equal(t, d.Denial, x.Decision.Denial)
			require.Equal(t, d.Report, x.Decision.Report)
			require.Equal(t, subjects(d), subjects(x.Decision))
		})
	}
}

func reason(d *caddymgw.Denial) caddymgw.Reason {
	if d == nil {
		return ""
	}
	return d.Reason
}

func TestAReportNamesWhoseCredentialWasGoodButNotGoodEnough(t *testing.T) {
	t.Parallel()
	d := reporting("basic:r", "basic").gateway.Decide(t.Context(), get("Authorization: Basic limited"))
	require.Empty(t, d.Principals)
	require.Equal(t, "basic", d.Report.Principal.Subject)
}

// TestReportOnlyLetsThroughWhatItsSchemesDenyAndNoMore compares, over random
// security objects and requests, with a gateway that enforces everything and with
// one whose document does not have the schemes.
func TestReportOnlyLetsThroughWhatItsSchemesDenyAndNoMore(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	terms := []string{"key", "qkey", "basic", "bearer", "oauth:a", "oauth:b", "mtls", "nobody", "key:r"}
	names := []string{"key", "qkey", "basic", "bearer", "oauth", "mtls", "nobody"}
	values := []string{"", "", "good", "good:a", "good:a,b,r", "bad", "down", "limited", "alien"}
	reported, denied := 0, 0
	for range 20_000 {
		var unenforced []string
		for _, name := range names {
			if rnd.IntN(4) == 0 {
				unenforced = append(unenforced, name)
			}
		}
		var all, struck []string
		for range 1 + rnd.IntN(3) {
			var alt, rest []string
			for range 1 + rnd.IntN(2) {
				term := terms[rnd.IntN(len(terms))]
				alt = append(alt, term)
				if name, _, _ := strings.Cut(term, ":"); !slices.Contains(unenforced, name) {
					rest = append(rest, term)
				}
			}
			all = append(all, strings.Join(alt, " + "))
			struck = append(struck, strings.Join(rest, " + "))
		}
		slices.SortStableFunc(struck, func(a, b string) int { return min(len(b), 1) - min(len(a), 1) })
		var lines []string
		for _, line := range []string{"X-Api-Key: ", "?apikey=", "Test-Certificate: ", []string{"Authorization: Basic ", "Authorization: Bearer "}[rnd.IntN(2)]} {
			if v := values[rnd.IntN(len(values))]; v != "" {
				lines = append(lines, line+v)
			}
		}
		security := strings.Join(all, " | ")
		closed := strings.Contains(security, "basic + ") || strings.Contains(security, " + basic") // what Bind has closed stays so
		about := []any{"%s without %s, with %q", security, unenforced, lines}
		enforced := newFixture(security).gateway.Decide(t.Context(), get(lines...))
		without := newFixture(strings.Join(struck, " | ")).gateway.Decide(t.Context(), get(lines...))
		schemes := strings.Join(unenforced, " ")
		if schemes == "" {
			schemes = "none"
		}
		d := reporting(security, schemes).gateway.Decide(t.Context(), get(lines...))
		switch {
		case enforced.Denial == nil || schemes == "none":
			require.Nil(t, d.Report, about...)
			require.Equal(t, enforced.Denial, d.Denial, about...)
			require.Equal(t, subjects(enforced), subjects(d), about...)
		case d.Denial == nil:
			reported++
			require.Equal(t, enforced.Denial, d.Report.Denial, about...)
			require.Nil(t, without.Denial, about...)
			if !closed {
				require.Equal(t, subjects(without), subjects(d), about...)
			}
		default:
			denied++
			require.Equal(t, enforced.Denial, d.Denial, about...)
			require.Nil(t, d.Report, about...)
			if !closed {
				require.NotNil(t, without.Denial, about...)
			}
		}
		x := reporting(security, schemes).gateway.Explain(t.Context(), get(lines...))
		require.Equal(t, d.Denial, x.Decision.Denial, about...)
		require.Equal(t, d.Report, x.Decision.Report, about...)
		require.Equal(t, d.Principals, x.Decision.Principals, about...)
		require.Equal(t, d.Verified, x.Decision.Verified, about...)
		everything := reporting(security, "*").gateway.Decide(t.Context(), get(lines...))
		require.Nil(t, everything.Denial, about...)
		require.Equal(t, enforced.Denial == nil, everything.Report == nil, about...)
	}
	require.Greater(t, reported, 1000, "the generator must reach both answers")
	require.Greater(t, denied, 1000)
}

func TestWhatIsNotEnforcedStaysInTheRequest(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		security, schemes string
		lines             []string
		left              []string // headers
		query             string
	}{
		"a bad key":                              {"key", "key", []string{"X-Api-Key: bad"}, []string{"X-Api-Key"}, ""},
		"a good key":                             {"key", "key", []string{"X-Api-Key: good"}, []string{"X-Api-Key"}, ""},
		"not the one beside it":                  {"key + qkey + basic", "key", []string{"?apikey=good", "Authorization: Basic good"}, nil, ""},
		"all of them":                            {"key + qkey + basic", "*", []string{"X-Api-Key: bad", "?apikey=good", "Authorization: Basic good"}, []string{"Authorization", "X-Api-Key"}, "apikey=good"},
		"not a login where tokens are meant":     {"basic | bearer", "bearer", []string{"Authorization: Basic good"}, nil, ""},
		"a token where tokens are meant":         {"basic | bearer", "bearer", []string{"Authorization: Bearer good"}, []string{"Authorization"}, ""},
		"not a token that an enforced one reads": {"oauth + oidc", "oidc", []string{"Authorization: Bearer good"}, nil, ""},
		"not a key that an enforced one reads":   {"key2 | key", "key", []string{"X-Api-Key: good"}, nil, ""},
		"not even where another one lets it in":  {"basic | key2 | key", "key", []string{"X-Api-Key: good", "Authorization: Basic good"}, nil, ""},
		"a key beside a login that lets it in":   {"basic | key", "key", []string{"X-Api-Key: good", "Authorization: Basic good"}, []string{"X-Api-Key"}, ""},
		"nothing of other schemes":               {"key | {}", "basic", []string{"X-Api-Key: good"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := reporting(tc.security, tc.schemes)
			api := f.gateway.Router.(oneRoute).op.API
			identity, err := caddymgw.NewIdentity("X-User", "subject")
			require.NoError(t, err)
			b := caddymgw.NewBorder(api, []caddymgw.Identity{identity}, nil, false, nil).Reporting(f.gateway.ReportOnly)
			r := get(append(tc.lines, "X-User: root", "Connection: X-User", "X-Original-Url: /admin")...)
			d := f.gateway.Decide(t.Context(), r)
			require.Nil(t, d.Denial)
			b.Cross(r, d)
			if d.Report != nil && len(d.Principals) == 0 {
				require.NotContains(t, r.Header, "X-User", "nobody was verified")
			}
			delete(r.Header, "X-User")
			var left []string
			for name := range r.Header {
				left = append(left, name)
			}
			slices.Sort(left)
			require.Equal(t, tc.left, left)
			require.Equal(t, tc.query, r.URL.RawQuery)
		})
	}
}

type noRoute struct{}

func (noRoute) Route(*http.Request) (*caddymgw.Operation, *caddymgw.Denial) {
	return nil, caddymgw.Deny(404, caddymgw.ReasonNoOperation)
}

func TestWhatIsNotDeclaredPassesWhereNothingIsEnforced(t *testing.T) {
	t.Parallel()
	f := reporting("key", "*")
	f.gateway.Router = noRoute{}
	r := get("X-Api-Key: k", "X-User: root")
	d := f.gateway.Decide(t.Context(), r)
	require.Nil(t, d.Denial)
	require.Equal(t, caddymgw.ReasonNoOperation, d.Report.Reason)
	identity, err := caddymgw.NewIdentity("X-User", "operation")
	require.NoError(t, err)
	api := &caddymgw.API{Schemes: []*caddymgw.Scheme{{Type: caddymgw.APIKey, Place: credential.Place{In: credential.Header, Name: "X-Api-Key"}}}}
	caddymgw.NewBorder(api, []caddymgw.Identity{identity}, nil, false, nil).Reporting(f.gateway.ReportOnly).Cross(r, d)
	require.Equal(t, http.Header{"X-Api-Key": {"k"}}, r.Header)

	f = reporting("key", "key")
	f.gateway.Router = noRoute{}
	require.Equal(t, 404, f.gateway.Decide(t.Context(), get()).Denial.Status, "a scheme is not the API")
}

func TestNothingIsReportedOfAnAPIThatIsEnforced(t *testing.T) {
	t.Parallel()
	var none *caddymgw.ReportOnly
	require.False(t, none.Everything())
	require.False(t, none.Covers(&caddymgw.Scheme{}))
	f := newFixture("key")
	require.Nil(t, f.gateway.Decide(t.Context(), get()).Report)
}

func TestWhoIsEnforced(t *testing.T) {
	t.Parallel()
	who := []*caddymgw.Principal{{Scheme: "key"}, {Scheme: "basic"}}
	var none *caddymgw.ReportOnly
	require.Equal(t, who, none.Enforced(who))
	require.Equal(t, who[1:], reporting("key + basic", "key").gateway.ReportOnly.Enforced(who))
	require.Empty(t, reporting("key + basic", "*").gateway.ReportOnly.Enforced(who))
	require.Len(t, who, 2)
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		security, schemes string
		want              bool
	}{
		"a verifier":                 {"key", "none", true},
		"public":                     {"public", "none", true},
		"anonymous":                  {"nobody | {}", "none", true},
		"no verifier":                {"nobody", "none", false},
		"no verifier beside one":     {"nobody + key", "none", false},
		"which is not enforced":      {"nobody + key", "nobody", true},
		"but two at one place are":   {"bearer + basic", "bearer", false},
		"of an API that is reported": {"nobody", "*", true},
	} {
		f := reporting(tc.security, tc.schemes)
		require.Equal(t, tc.want, f.gateway.ReportOnly.Reachable(f.gateway.Router.(oneRoute).op), name)
	}
	var none *caddymgw.ReportOnly
	require.False(t, none.Reachable(newFixture("nobody").gateway.Router.(oneRoute).op))
}
