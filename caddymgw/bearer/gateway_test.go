package bearer

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

type oneRoute struct{ op *caddymgw.Operation }

func (o oneRoute) Route(*http.Request) (*caddymgw.Operation, *caddymgw.Denial) { return o.op, nil }

// gate is a gateway whose one operation has these alternatives, all verified by
// the desk.
func (d *desk) gate(alternatives ...caddymgw.Alternative) *caddymgw.Gateway {
	api := &caddymgw.API{Name: "Petstore", Version: "1"}
	op := &caddymgw.Operation{API: api, Method: http.MethodGet, Template: "/pets", Alternatives: alternatives}
	api.Operations = []*caddymgw.Operation{op}
	caddymgw.Bind(api, func(*caddymgw.Scheme) caddymgw.Verifier { return d })
	return &caddymgw.Gateway{Router: oneRoute{op}, Now: func() time.Time { return start }}
}

func TestWhatTheGatewayMakesOfIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	d.revoked.revoke("lost")
	text := d.forge(t, nil, members{"roles": []string{"keeper"}})
	asks := func(s *caddymgw.Scheme, rights ...string) caddymgw.Alternative {
		return caddymgw.Alternative{{Scheme: s, Scopes: rights}}
	}
	plain := &caddymgw.Scheme{Name: "Plain", Type: caddymgw.HTTP, HTTPScheme: "bearer", Place: authorization, Realm: "Petstore"}
	own := &caddymgw.Scheme{Name: "Own", Type: caddymgw.OAuth2, Place: credential.Place{In: credential.Header, Name: "X-Auth"}, Realm: "Petstore"}
	for name, tc := range map[string]struct {
		alternatives []caddymgw.Alternative
		header       [2]string
		status       int
		reason       caddymgw.Reason
	}{
		"a good token":                          {[]caddymgw.Alternative{asks(scheme)}, [2]string{"Authorization", "Bearer " + text}, 0, ""},
		"with the scopes":                       {[]caddymgw.Alternative{asks(scheme, "read", "write")}, [2]string{"Authorization", "bearer " + text}, 0, ""},
		"without one of them (F11)":             {[]caddymgw.Alternative{asks(scheme, "read", "admin")}, [2]string{"Authorization", "Bearer " + text}, 403, caddymgw.ReasonScope},
		"a role":                                {[]caddymgw.Alternative{asks(plain, "keeper")}, [2]string{"Authorization", "Bearer " + text}, 0, ""},
		"a scope is no role":                    {[]caddymgw.Alternative{asks(plain, "read")}, [2]string{"Authorization", "Bearer " + text}, 403, caddymgw.ReasonScope},
		"no token":                              {[]caddymgw.Alternative{asks(scheme)}, [2]string{"X", ""}, 401, caddymgw.ReasonMissing},
		"a forged one":                          {[]caddymgw.Alternative{asks(scheme)}, [2]string{"Authorization", "Bearer " + newDesk(t, nil).forge(t, nil, nil)}, 401, caddymgw.ReasonSignature},
		"a bad one does not become {} (F9)":     {[]caddymgw.Alternative{asks(scheme), {}}, [2]string{"Authorization", "Bearer x"}, 401, caddymgw.ReasonMalformed},
		"a revoked one":                         {[]caddymgw.Alternative{asks(scheme)}, [2]string{"Authorization", "Bearer " + d.forge(t, nil, members{"jti": "lost"})}, 401, caddymgw.ReasonRevoked},
		"a key of ours (F3)":                    {[]caddymgw.Alternative{asks(scheme)}, [2]string{"Authorization", "Bearer " + d.forge(t, members{"typ": "apikey+jwt"}, nil)}, 401, caddymgw.ReasonType},
		"bare in a header of its own":           {[]caddymgw.Alternative{asks(own)}, [2]string{"X-Auth", text}, 0, ""},
		"after the word in a header of its own": {[]caddymgw.Alternative{asks(own)}, [2]string{"X-Auth", "Bearer " + text}, 0, ""},
		"bare in Authorization":                 {[]caddymgw.Alternative{asks(scheme)}, [2]string{"Authorization", text}, 401, caddymgw.ReasonKind},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/pets", nil)
			r.Header.Set(tc.header[0], tc.header[1])
			decision := d.gate(tc.alternatives...).Decide(t.Context(), r)
			if tc.status == 0 {
				require.Nil(t, decision.Denial)
				require.Equal(t, "alice", decision.Principals[0].Subject)
				return
			}
			require.NotNil(t, decision.Denial)
			require.Equal(t, tc.status, decision.Denial.Status)
			require.Equal(t, tc.reason, decision.Denial.Reason)
		})
	}
}

func TestOneTokenForSeveralSchemesIsVerifiedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	oidc := &caddymgw.Scheme{Name: "OIDC", Type: caddymgw.OpenIDConnect, Place: authorization, Realm: "Petstore"}
	g := d.gate(caddymgw.Alternative{{Scheme: scheme, Scopes: []string{"read"}}, {Scheme: oidc, Scopes: []string{"write"}}})
	r := httptest.NewRequest(http.MethodGet, "/pets", nil)
	r.Header.Set("Authorization", "Bearer "+d.forge(t, nil, nil))
	decision := g.Decide(t.Context(), r)
	require.Nil(t, decision.Denial)
	require.Equal(t, "Login", decision.Principals[0].Scheme)
	require.Equal(t, "OIDC", decision.Principals[1].Scheme)
	require.Equal(t, 1, d.keys.asked)

	d.keys.set(errors.New("down"))
	decision = g.Decide(t.Context(), r)
	require.Equal(t, http.StatusServiceUnavailable, decision.Denial.Status)
	require.Positive(t, decision.Denial.RetryAfter)
}
