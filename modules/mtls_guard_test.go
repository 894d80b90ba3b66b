package modules_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

// TestClientAuthThatProvesNothing holds the guard: an operation wants a
// certificate, and the server would let one count that nobody verified, or that
// anybody's authority did.
func TestClientAuthThatProvesNothing(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA1")
	const remedy = ": write tls { client_auth { mode verify_if_given; trust_pool file <ca.pem> } }"
	const system = "has no trust_pool, so that no authority of yours need have signed a certificate" + remedy
	const pool = "; trust_pool file $DIR/ca1.pem"
	leaf := "verifier leaf {\n\t\t\t\tfile $DIR/ca1.pem\n\t\t\t}"
	for name, tc := range map[string]struct{ clientAuth, want string }{
		"request":                        {"mode request", "has the mode request, by which no certificate is verified" + remedy},
		"request with a pool":            {"mode request" + pool, "has the mode request, by which no certificate is verified"},
		"require":                        {"mode require", "has the mode require, by which no certificate is verified"},
		"require with a pool":            {"mode require" + pool, "has the mode require, by which no certificate is verified"},
		"no mode, no pool":               {leaf, system},
		"verify_if_given, no pool":       {"mode verify_if_given", system},
		"require_and_verify, no pool":    {"mode require_and_verify", system},
		"the same with a verifier":       {"mode require_and_verify; " + leaf, system},
		"the pool of the system":         {"mode verify_if_given; trust_pool system", "has the authorities of the system in its trust_pool, which sign for everybody" + remedy},
		"an empty pool":                  {"mode verify_if_given; trust_pool file $DIR/vault.yaml", "has a trust_pool without a certificate in it"},
		"an authority that is not there": {"mode verify_if_given; trust_pool pki_root nobody", "has a trust_pool that can't be loaded"},
	} {
		t.Run(name, func(t *testing.T) {
			err := harness.New(t, vaultFiles(ca)).Validate(vaultGlobal + vaultAt("localhost", tc.clientAuth))
			require.ErrorContains(t, err, "vault.yaml: scheme certificate is mutual TLS, but client_auth of the server that listens on ")
			require.ErrorContains(t, err, "(tls_connection_policies 0, for localhost) ")
			require.ErrorContains(t, err, tc.want)
		})
	}
	for name, clientAuth := range map[string]string{
		"verify_if_given":    ifGiven,
		"require_and_verify": required,
		"no mode but a pool": "trust_pool file $DIR/ca1.pem",
		"an inline pool":     "mode verify_if_given; trust_pool inline {\n\t\t\t\ttrust_der " + base64.StdEncoding.EncodeToString(ca.Cert.Raw) + "\n\t\t\t}",
		"the CA of Caddy":    "mode verify_if_given; trust_pool pki_root local",
		"with a verifier":    required + "; " + leaf,
		"several pools":      "mode verify_if_given; trust_pool combined {\n\t\t\t\tsource file $DIR/ca1.pem\n\t\t\t\tsource pki_root local\n\t\t\t}",
		"the old way":        "mode verify_if_given; trusted_ca_cert_file $DIR/ca1.pem",
	} {
		t.Run("fine: "+name, func(t *testing.T) {
			site := strings.Replace(vaultGlobal, "$GLOBAL", "$GLOBAL\n\tpki {\n\t\tca local\n\t}", 1) + vaultAt("localhost", clientAuth)
			require.NoError(t, harness.New(t, vaultFiles(ca)).Validate(site))
		})
	}
}

// withClientAuth replaces the client authentication of the adapted
// configuration by another in JSON.
func withClientAuth(t testing.TB, g *harness.Gateway, auth string) []byte {
	t.Helper()
	config, err := g.Adapt(vaultGlobal + vaultAt("localhost", ifGiven))
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, json.Unmarshal(config, &tree))
	server := tree["apps"].(map[string]any)["http"].(map[string]any)["servers"].(map[string]any)["srv0"].(map[string]any)
	policy := server["tls_connection_policies"].([]any)[0].(map[string]any)
	policy["client_authentication"] = json.RawMessage(auth)
	config, err = json.Marshal(tree)
	require.NoError(t, err)
	return config
}

// TestClientAuthInJSON holds the forms that only JSON has, old ones too.
func TestClientAuthInJSON(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA1")
	g := harness.New(t, vaultFiles(ca))
	der, file := base64.StdEncoding.EncodeToString(ca.Cert.Raw), filepath.Join(g.Dir, "ca1.pem")
	for auth, want := range map[string]string{
		`{"mode":"request"}`: "has the mode request",
		`{"mode":"require","trusted_ca_certs":["` + der + `"]}`:                            "has the mode require",
		`{"trusted_leaf_certs":["` + der + `"]}`:                                           "has no trust_pool, so that no authority of yours",
		`{"mode":"require_and_verify","trusted_leaf_certs":["` + der + `"]}`:               "has no trust_pool, so that no authority of yours",
		`{"mode":"verify_if_given"}`:                                                       "has no trust_pool",
		`{"mode":"Verify_If_Given","trusted_ca_certs":["` + der + `"]}`:                    "has the mode Verify_If_Given",
		`{"ca":{"provider":"inline"}}`:                                                     "has a trust_pool without a certificate in it",
		`{"ca":{"provider":"inline","trusted_ca_certs":[]}}`:                               "has a trust_pool without a certificate in it",
		`{"ca":{"provider":"nobody"}}`:                                                     "has a trust_pool that can't be loaded",
		`{"ca":{"provider":"system"}}`:                                                     "has the authorities of the system",
		`{"ca":{"provider":"combined","sources":[{"provider":"system"}]}}`:                 "does not implement CertificateProvider",
		`{"trusted_ca_certs":["AAAA"]}`:                                                    "x509",
		`{"trusted_ca_certs_pem_files":["` + filepath.Join(g.Dir, "vault.yaml") + `"]}`:    "no CERTIFICATE pem block found",
		`{"trusted_ca_certs":["` + der + `"]}`:                                             "",
		`{"mode":"verify_if_given","trusted_ca_certs":["` + der + `"]}`:                    "",
		`{"trusted_ca_certs_pem_files":["` + file + `"]}`:                                  "",
		`{"mode":"verify_if_given","ca":{"provider":"file","pem_files":["` + file + `"]}}`: "",
		`{}`: "",
	} {
		err := harness.ValidateJSON(withClientAuth(t, g, auth))
		if want == "" {
			require.NoError(t, err, auth)
			continue
		}
		require.ErrorContains(t, err, want, auth)
	}
}

// TestEveryPolicyOfAServerMustBeSound: which one a client meets is chosen by the
// name that it gives to TLS.
func TestEveryPolicyOfAServerMustBeSound(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA1")
	const other = "\nhttps://other.test:$HTTPS {\n\ttls {\n\t\tclient_auth {\n\t\t\tmode request\n\t\t}\n\t}\n\trespond ok\n}\n"
	err := harness.New(t, vaultFiles(ca)).Validate(vaultGlobal + vaultAt("localhost", ifGiven) + other)
	require.ErrorContains(t, err, "for other.test) has the mode request")
	elsewhere := strings.Replace(other, "$HTTPS", "4433", 1)
	require.NoError(t, harness.New(t, vaultFiles(ca)).Validate(vaultGlobal+vaultAt("localhost", ifGiven)+elsewhere), "another server is none of ours")

	insecure := strings.Replace(vaultGlobal, "$GLOBAL", "$GLOBAL\n\tservers {\n\t\tstrict_sni_host insecure_off\n\t}", 1)
	err = harness.New(t, vaultFiles(ca)).Validate(insecure + vaultAt("localhost", ifGiven))
	require.ErrorContains(t, err, "strict_sni_host is off at the server that listens on")
	require.ErrorContains(t, err, "take strict_sni_host insecure_off out of the global options")
	require.NoError(t, harness.New(t, vaultFiles(ca)).Validate(insecure+vaultAt("localhost", "")), "nothing is verified, so nothing can be got round")
	require.NoError(t, harness.New(t, vaultFiles(ca)).Validate(strings.Replace(insecure, "insecure_off", "on", 1)+vaultAt("localhost", ifGiven)))
}

// TestOperationsThatWantNoCertificate load whatever the client_auth is.
func TestOperationsThatWantNoCertificate(t *testing.T) {
	files := vaultFiles(mtlstest.NewAuthority(t, "CA1"))
	lines := strings.Split(vault, "\n")
	var kept []string
	for _, line := range lines {
		if !strings.Contains(line, "{certificate: [") && !strings.Contains(line, "[{certificate") {
			kept = append(kept, line)
		}
	}
	files["vault.yaml"] = strings.Join(kept, "\n")
	require.Contains(t, files["vault.yaml"], "certificate: {type: mutualTLS}", "the scheme is declared all the same")
	require.NoError(t, harness.New(t, files).Validate(vaultGlobal+vaultAt("localhost", "mode request")))
	files["vault.yaml"] += "x-wso2-mutual-ssl: mandatory\n"
	require.ErrorContains(t, harness.New(t, files).Validate(vaultGlobal+vaultAt("localhost", "mode request")), "has the mode request", "the extension of WSO2 wants one too")
}

// TestAServerThatAsksForNoCertificate loads, says who can't be called, and lets
// nobody in.
func TestAServerThatAsksForNoCertificate(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA1")
	g := harness.Start(t, vaultGlobal+vaultAt("localhost", "")+strings.Replace(vaultAt("localhost", ""), "https://localhost:$HTTPS", "http://localhost:$HTTP", 1), vaultFiles(ca))
	good := ca.Issue(t, "partner-1")
	for _, version := range versions {
		require.Equal(t, 401, call{path: "/cert", certificate: &good}.send(t, g, version).Status)
	}
	require.Equal(t, 401, g.Raw(false, "GET /cert HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	require.Equal(t, 200, g.Raw(false, "GET /either HTTP/1.1\r\nHost: localhost\r\n"+bob+"\r\n\r\n"))
	require.Contains(t, g.Log(), "nobody can call some operations, nothing here verifies the schemes that they need: cert, both, role")
	require.Contains(t, g.Log(), "the scheme certificate is mutual TLS, but the server that listens on 127.0.0.1:"+g.HTTPS+" asks for no client certificate: write tls { client_auth {")
	require.Contains(t, g.Log(), "the server that listens on 127.0.0.1:"+g.HTTP+" asks")
}

// TestMTLSOptionsThatCannotHold are found wrong when they are provisioned.
func TestMTLSOptionsThatCannotHold(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA1")
	with := func(options string) string {
		return vaultGlobal + strings.Replace(vaultAt("localhost", ifGiven), "common_name partner-* *.partner.example", options, 1)
	}
	header := func(options string) string {
		return with("header X-Client-Cert {\n\t\t\t\t" + options + "\n\t\t\t}")
	}
	for name, tc := range map[string]struct{ caddyfile, want string }{
		"a name of everybody":           {with("common_name *"), `mtls: common_name: "*": it matches everything: leave the option out instead`},
		"an issuer as openssl shows it": {with(`issuers "CN = CA1, O = Test"`), `mtls: issuers: "CN = CA1, O = Test": it is neither`},
		"a fingerprint without a kind":  {with("fingerprints abcd"), `mtls: fingerprints: "abcd": it must begin with "sha256:"`},
		"a SAN that is none":            {with(`sans "a b"`), `mtls: sans: "a b": it is no DNS name`},
		"a header from everybody":       {header("trust_pool file $DIR/ca1.pem"), "mtls: header X-Client-Cert: say which certificate the proxy has"},
		"a header by no authority":      {header("common_name lb\n\t\t\t\ttrust_pool file $DIR/vault.yaml"), "mtls: header X-Client-Cert: it needs the authorities"},
		"a header by everybody's":       {header("common_name lb\n\t\t\t\ttrust_pool system"), "the authorities of the system sign for everybody"},
		"a header by a file that lacks": {header("common_name lb\n\t\t\t\ttrust_pool file $DIR/none.pem"), "mtls: header X-Client-Cert: trust_pool: "},
		"a header that Caddy drops":     {strings.Replace(header("common_name lb\n\t\t\t\ttrust_pool file $DIR/ca1.pem"), "X-Client-Cert", "X_Client_Cert", 1), "header X_Client_Cert: its name must be of letters, digits and hyphens"},
		"another type of scheme":        {strings.Replace(with("common_name a"), "scheme certificate mtls", "scheme login mtls", 1), "scheme login is of the type http: mtls verifies the type mutualTLS"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, harness.New(t, vaultFiles(ca)).Validate(tc.caddyfile), tc.want)
		})
	}
	t.Run("in JSON: no authorities", func(t *testing.T) {
		g := harness.New(t, vaultFiles(ca))
		config, err := g.Adapt(header("common_name lb\n\t\t\t\ttrust_pool file $DIR/ca1.pem"))
		require.NoError(t, err)
		for from, to := range map[string]string{`"from":`: `"for":`, `"common_name":`: `"common_names":`} {
			require.ErrorContains(t, harness.ValidateJSON([]byte(strings.Replace(string(config), from, to, 1))), "unknown field")
		}
		require.NoError(t, harness.ValidateJSON(config))
		require.NoError(t, os.Remove(filepath.Join(g.Dir, "ca1.pem")))
		require.Error(t, harness.ValidateJSON(config))
	})
}

// TestCertificatesOfClientsBehindAProxy: the header counts from the proxy, and
// goes on from nobody.
func TestCertificatesOfClientsBehindAProxy(t *testing.T) {
	ours, theirs := mtlstest.NewAuthority(t, "CA1"), mtlstest.NewAuthority(t, "CA2")
	options := "common_name partner-*\n\t\t\theader X-WSO2-Client-Certificate {\n\t\t\t\tcommon_name lb-*\n\t\t\t\tissuers CN=CA1,O=Test\n\t\t\t\ttrust_pool file ca2.pem\n\t\t\t}"
	site := strings.Replace(vaultAt("localhost", ifGiven), "common_name partner-* *.partner.example", options, 1)
	plain := strings.Replace(strings.Replace(vaultAt("localhost", ""), "common_name partner-* *.partner.example", options, 1), "https://localhost:$HTTPS", "http://localhost:$HTTP", 1)
	g := harness.Start(t, vaultGlobal+site+plain, vaultFiles(ours, theirs))
	proxy, partner, mallory := ours.Issue(t, "lb-1"), ours.Issue(t, "partner-9"), ours.Issue(t, "mallory")
	client := theirs.Issue(t, "partner-1")
	encoded := base64.StdEncoding.EncodeToString(client.Leaf.Raw)
	header := func(value string) []string { return []string{"X-WSO2-Client-Certificate: " + value} }
	for name, tc := range map[string]struct {
		call   call
		status int
		user   string
	}{
		"the proxy":                         {call{path: "/cert", certificate: &proxy, headers: header(encoded)}, 200, "partner-1"},
		"the proxy, RFC 9440":               {call{path: "/cert", certificate: &proxy, headers: header(":" + encoded + ":")}, 200, "partner-1"},
		"the proxy, for nobody":             {call{path: "/cert", certificate: &proxy}, 401, ""},
		"the proxy, for nobody, optional":   {call{path: "/optional", certificate: &proxy}, 200, ""},
		"the proxy, for another":            {call{path: "/cert", certificate: &proxy, headers: header(base64.StdEncoding.EncodeToString(mallory.Leaf.Raw))}, 401, ""},
		"the proxy, twice":                  {call{path: "/cert", certificate: &proxy, headers: append(header(encoded), header(encoded)...)}, 401, ""},
		"a partner, who says to be another": {call{path: "/cert", certificate: &partner, headers: header(encoded)}, 200, "partner-9"},
		"a stranger, who says to be one":    {call{path: "/cert", certificate: &mallory, headers: header(encoded)}, 401, ""},
		"nobody, who says to be one":        {call{path: "/cert", headers: header(encoded)}, 401, ""},
		"nobody, on a public operation":     {call{path: "/public", headers: header(encoded)}, 200, ""},
		"the proxy, on a public operation":  {call{path: "/public", certificate: &proxy, headers: header(encoded)}, 200, ""},
	} {
		for _, version := range versions {
			t.Run(version+" "+name, func(t *testing.T) {
				g.Upstream.Take()
				require.Equal(t, tc.status, tc.call.send(t, g, version).Status)
				came := g.Upstream.Take()
				if tc.status != 200 {
					require.Empty(t, came)
					return
				}
				require.Len(t, came, 1)
				require.Equal(t, tc.user, strings.Join(harness.Header(came[0], "X-Auth-User"), "|"))
				require.NotContains(t, came[0], encoded)
				require.NotContains(t, strings.ToLower(came[0]), "wso2")
			})
		}
	}
	t.Run("where nothing is verified", func(t *testing.T) {
		g.Upstream.Take()
		require.Equal(t, 401, g.Raw(false, "GET /cert HTTP/1.1\r\nHost: localhost\r\nX-WSO2-Client-Certificate: "+encoded+"\r\n\r\n"))
		require.Equal(t, 200, g.Raw(false, "GET /public HTTP/1.1\r\nHost: localhost\r\nX_WSO2_Client_Certificate: "+encoded+"\r\nx-wso2-client-certificate: "+encoded+"\r\n\r\n"))
		came := g.Upstream.Take()
		require.Len(t, came, 1)
		require.NotContains(t, came[0], encoded)
	})
}
