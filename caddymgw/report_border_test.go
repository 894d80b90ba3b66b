package caddymgw_test

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

// TestWhatPassesTellsOfNobodyUnverified holds, over random security objects and
// requests that pass: the upstream is told of the first principal or of nobody,
// never of whom the client names, and sees no credential that an enforced scheme
// has read.
func TestWhatPassesTellsOfNobodyUnverified(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 6))
	terms := []string{"key", "key2", "qkey", "basic", "bearer", "oauth:a", "oidc", "akey", "nobody", "key:r"}
	names := []string{"key", "key2", "qkey", "basic", "bearer", "oauth", "oidc", "akey", "nobody"}
	values := []string{"", "good", "good:a", "good:a,b,r", "bad", "limited", "alien"}
	identity, err := caddymgw.NewIdentity("X-User", "subject")
	require.NoError(t, err)
	told, unseen, seen := 0, 0, 0
	for range 20_000 {
		var unenforced, alternatives []string
		for _, name := range names {
			if rnd.IntN(3) == 0 {
				unenforced = append(unenforced, name)
			}
		}
		for range 1 + rnd.IntN(3) {
			alt := []string{terms[rnd.IntN(len(terms))]}
			if rnd.IntN(2) == 0 {
				alt = append(alt, terms[rnd.IntN(len(terms))])
			}
			alternatives = append(alternatives, strings.Join(alt, " + "))
		}
		security := strings.Join(alternatives, " | ")
		lines := []string{"X-User: root", "x-user: root"}
		sent := map[string]string{}
		for _, line := range []string{"X-Api-Key: ", "?apikey=", []string{"Authorization: Basic ", "Authorization: Bearer "}[rnd.IntN(2)]} {
			if v := values[rnd.IntN(len(values))]; v != "" {
				lines, sent[line] = append(lines, line+v), v
			}
		}
		f := reporting(security, strings.Join(append(unenforced, "none"), " "))
		r := get(lines...)
		d := f.gateway.Decide(t.Context(), r)
		if d.Denial != nil {
			continue
		}
		api := f.gateway.Router.(oneRoute).op.API
		caddymgw.NewBorder(api, []caddymgw.Identity{identity}, nil, false, nil).Reporting(f.gateway.ReportOnly).Cross(r, d)
		about := []any{"%s without %s, with %q", security, unenforced, lines}
		var want []string
		if len(d.Principals) > 0 {
			told++
			want = []string{d.Principals[0].Subject}
			require.False(t, f.gateway.ReportOnly.Covers(scheme(api, d.Principals[0].Scheme)) && d.Report != nil, about...)
		}
		require.Equal(t, want, r.Header.Values("X-User"), about...)
		for line, v := range sent {
			left := credentialLeft(r, line)
			switch {
			case !strings.HasPrefix(v, "good"):
			case enforcedReads(f, line):
				unseen++
				require.False(t, left, about...)
			case left:
				seen++
			}
		}
	}
	require.Greater(t, told, 1000, "the generator must reach all of it")
	require.Greater(t, unseen, 1000)
	require.Greater(t, seen, 1000)
}

func scheme(api *caddymgw.API, name string) *caddymgw.Scheme {
	return api.Schemes[slices.IndexFunc(api.Schemes, func(s *caddymgw.Scheme) bool { return s.Name == name })]
}

func credentialLeft(r *http.Request, line string) bool {
	if line == "?apikey=" {
		return r.URL.Query().Has("apikey")
	}
	name, _, _ := strings.Cut(line, ":")
	return r.Header.Get(name) != ""
}

// enforcedReads says by the names of the tables whether an enforced scheme reads
// what is sent.
func enforcedReads(f *fixture, line string) bool {
	readers := map[string][]string{
		"X-Api-Key: ":            {"key", "key2"},
		"?apikey=":               {"qkey"},
		"Authorization: Basic ":  {"basic"},
		"Authorization: Bearer ": {"bearer", "oauth", "oidc", "akey"},
	}
	for _, alt := range f.gateway.Router.(oneRoute).op.Alternatives {
		for _, q := range alt {
			if slices.Contains(readers[line], q.Scheme.Name) && q.Verifier != caddymgw.Closed() && !f.gateway.ReportOnly.Covers(q.Scheme) {
				return true
			}
		}
	}
	return false
}
