package mtls_test

import (
	"crypto/x509"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/mtls"
	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
)

// TestTheSubjectIsTheNameThatWasAskedFor: where only alternative names are, the
// common name may say anything.
func TestTheSubjectIsTheNameThatWasAskedFor(t *testing.T) {
	t.Parallel()
	ca := mtlstest.NewAuthority(t, "CA")
	certificate := ca.Issue(t, "admin", func(c *x509.Certificate) {
		c.DNSNames, c.URIs = []string{"admin.internal", "Ben.example"}, []*url.URL{parseURL(t, "spiffe://td.example/ns/prod/sa/ben")}
	})
	state := mtlstest.State(t, mtlstest.Pool(ca), certificate)
	type rules = mtls.Constraints
	for name, tc := range map[string]struct {
		rules   rules
		subject string
	}{
		"nothing is asked":             {rules{}, "admin"},
		"a SPIFFE ID":                  {rules{SANs: []string{"spiffe://td.example/ns/prod/*"}}, "spiffe://td.example/ns/prod/sa/ben"},
		"a DNS name":                   {rules{SANs: []string{"ben.EXAMPLE"}}, "ben.example"},
		"the first that is accepted":   {rules{SANs: []string{"spiffe://td.example/*", "*.example"}}, "ben.example"},
		"a common name too":            {rules{SANs: []string{"*.example"}, CommonNames: []string{"adm*"}}, "admin"},
		"an issuer beside the name":    {rules{SANs: []string{"*.example"}, Issuers: []string{"CN=CA,O=Test"}}, "ben.example"},
		"an issuer, and no other name": {rules{Issuers: []string{"CN=CA,O=Test"}}, "admin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVerifier(t, mtls.Config{Constraints: tc.rules})
			require.Equal(t, tc.subject, verify(v, state, time.Now()).Principal.Subject)
		})
	}
}
