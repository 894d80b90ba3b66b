package mtls_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/mtls"
	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
)

// spellings are the ways to write a SHA-256.
func spellings(sum [32]byte) []string {
	digits := hex.EncodeToString(sum[:])
	var pairs []string
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, strings.ToUpper(digits[i:i+2]))
	}
	return []string{
		digits, strings.ToUpper(digits), strings.Join(pairs, ":"),
		base64.StdEncoding.EncodeToString(sum[:]), base64.RawStdEncoding.EncodeToString(sum[:]),
		base64.URLEncoding.EncodeToString(sum[:]), base64.RawURLEncoding.EncodeToString(sum[:]),
	}
}

func TestNewAcceptsEverySpellingOfAPin(t *testing.T) {
	t.Parallel()
	ca := mtlstest.NewAuthority(t, "CA")
	for range 20 { // other letters of base64 in each
		leaf := ca.Issue(t, "partner").Leaf
		for _, of := range []string{"sha256:", "spki:sha256:"} {
			sum := sha256.Sum256(leaf.Raw)
			if of != "sha256:" {
				sum = sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
			}
			for _, text := range spellings(sum) {
				_, err := mtls.New(mtls.Config{Constraints: mtls.Constraints{Fingerprints: []string{of + text}, Issuers: []string{of + text}}})
				require.NoError(t, err, of+text)
			}
		}
	}
}

func TestNewRefusesWhatIsOdd(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("ab", 32)
	for option, entries := range map[string]map[string]string{
		"common_name": {
			"": "it is empty", " a": "white space", "a\t": "white space", "a\x00b": "control character", "*": "matches everything", "**": "matches everything",
			"*a*": "only one *", "a*b": "only one *", "a**": "only one *",
		},
		"sans": {
			"": "it is empty", "*": "matches everything", "*.a.*": "only one *", "fe80::1%eth0": "has no zone", "a b": "no DNS name", "bücher.example": "write xn--",
			"//host/path:80": "no URI with a scheme", ":8080": "no URI with a scheme", "a,b": "no DNS name",
		},
		"issuers": {
			"": "neither", "Partner CA": "neither", "CN = Partner CA, O = Partner": "neither", "CN=Partner CA, O=Partner": "neither", "/CN=Partner CA": "/CN is compared by its number",
			"CN=a,DC=example": "DC is compared by its number", "emailAddress=a@b": "pin the public key", "cn=a": "cn is compared by its number", "=a": "compared by its number",
			"sha256:": "64 hex digits", "sha256:" + digest[2:]: "64 hex digits", "sha1:" + digest[:40]: "neither", "spki:" + digest: "neither",
		},
		"fingerprints": {
			"": `must begin with "sha256:"`, digest: `must begin with "sha256:"`, "sha1:" + digest[:40]: `must begin with "sha256:"`, "sha256:" + digest + "ab": "64 hex digits",
			"spki:" + digest: `must begin with "sha256:"`, "sha256:zz" + digest[2:]: "64 hex digits", "sha256:" + strings.Repeat("ab:", 31) + "a:": "64 hex digits",
			"spki:sha256:": "64 hex digits", "sha256:" + strings.Repeat("A", 43) + "==": "64 hex digits", "sha256:" + strings.Repeat("A", 42) + "B": "64 hex digits",
			"sha256: " + digest: "64 hex digits", "sha256:" + strings.Repeat("A", 20) + "\n" + strings.Repeat("A", 23): "64 hex digits", "SHA256:" + digest: `must begin with "sha256:"`,
		},
	} {
		for entry, want := range entries {
			c := mtls.Constraints{}
			list := map[string]*[]string{"common_name": &c.CommonNames, "sans": &c.SANs, "issuers": &c.Issuers, "fingerprints": &c.Fingerprints}[option]
			*list = []string{entry}
			_, err := mtls.New(mtls.Config{Constraints: c})
			require.ErrorContains(t, err, option+": ", "%q", entry)
			require.ErrorContains(t, err, want, "%q", entry)
			*list = []string{"sha256:" + digest, "sha256:" + digest}
			_, err = mtls.New(mtls.Config{Constraints: c})
			require.ErrorContains(t, err, "is given twice")
		}
	}
}

func TestNewAcceptsTheWaysNamesAreWritten(t *testing.T) {
	t.Parallel()
	_, err := mtls.New(mtls.Config{Constraints: mtls.Constraints{
		CommonNames: []string{"partner", "partner-*", "*.example", "Jürgen Müller"},
		SANs:        []string{"api.example", "*.example", "api*", "xn--bcher-kva.example", "192.0.2.1", "2001:DB8::1", "10.0.*", "*.1", "2001:db8:*", "a@b.example", "*@b.example", "spiffe://td/ns/*", "urn:x:y", "_sip.example."},
		Issuers:     []string{"CN=Partner CA", `CN=a\,b,O=c+OU=d`, "1.2.840.113549.1.9.1=#16016140,CN=x", `CN=a\ `, "CN=a, b=c"[:4]},
	}})
	require.NoError(t, err)
}

func TestNewRefusesHeadersThatAnybodyCouldSend(t *testing.T) {
	t.Parallel()
	proxy := []mtls.Constraints{{CommonNames: []string{"proxy"}}}
	pool := mtlstest.Pool(mtlstest.NewAuthority(t, "CA"))
	for name, tc := range map[string]struct {
		header mtls.HeaderSource
		want   string
	}{
		"no name":                  {mtls.HeaderSource{From: proxy, Roots: pool}, "letters, digits and hyphens"},
		"an underscore":            {mtls.HeaderSource{Name: "X_Client_Cert", From: proxy, Roots: pool}, "letters, digits and hyphens"},
		"white space":              {mtls.HeaderSource{Name: "X Cert", From: proxy, Roots: pool}, "letters, digits and hyphens"},
		"no authorities":           {mtls.HeaderSource{Name: "Client-Cert", From: proxy}, "trust_pool"},
		"an empty pool":            {mtls.HeaderSource{Name: "Client-Cert", From: proxy, Roots: x509.NewCertPool()}, "at least one"},
		"nobody":                   {mtls.HeaderSource{Name: "Client-Cert", Roots: pool}, "say which certificate the proxy has"},
		"everybody":                {mtls.HeaderSource{Name: "Client-Cert", From: []mtls.Constraints{{}}, Roots: pool}, "say which certificate the proxy has"},
		"everybody beside a proxy": {mtls.HeaderSource{Name: "Client-Cert", From: append(proxy, mtls.Constraints{}), Roots: pool}, "say which certificate the proxy has"},
		"an odd entry":             {mtls.HeaderSource{Name: "Client-Cert", From: []mtls.Constraints{{SANs: []string{"*"}}}, Roots: pool}, `header Client-Cert: sans: "*": it matches everything`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := mtls.New(mtls.Config{Header: &tc.header})
			require.ErrorContains(t, err, "header ")
			require.ErrorContains(t, err, tc.want)
		})
	}
}
