package jwks

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/token"
)

func seeds(f *testing.F) {
	f.Helper()
	for _, s := range []string{
		"", "{}", "[]", `{"keys":[]}`, `{"keys":{}}`, `{"keys":[null]}`, rfcKeys, string(ec("a", "b")), marshal(jwkOf("k", ecPrivate().Public())),
		string(setOf(jwkOf("k", edPrivate().Public()).with("alg", "Ed25519"), jwkOf("r", &rsaPrivate().PublicKey), jwkOf("s", secret(64)))),
		string(setOf(jwkOf("k", ecPrivate().Public()).with("d", "AA", "key_ops", []string{"verify"}))),
		spki(ecPrivate().Public()), certificate(rsaPrivate()),
	} {
		f.Add([]byte(s))
	}
	for _, file := range []string{"json_web_key_test.json", "json_web_crypto_test.json"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "jose", file))
		if err != nil {
			continue // the seeds above do
		}
		var all struct {
			Groups []group `json:"testGroups"`
		}
		require.NoError(f, json.Unmarshal(content, &all))
		for _, g := range all.Groups {
			f.Add([]byte(g.Public))
			f.Add([]byte(g.Private))
		}
	}
}

// sound holds whatever any set must be, wherever it comes from.
func sound(t *testing.T, s *Set) {
	t.Helper()
	require.NotEmpty(t, s.Keys())
	require.LessOrEqual(t, s.Len(), MaxKeys)
	for _, k := range s.Keys() {
		require.True(t, slices.ContainsFunc(token.Algorithms(), func(alg string) bool { return k.Check(alg) == nil }))
		if k.ID != "" && !s.anonymous {
			require.NotEmpty(t, s.Find(k.ID, ""))
		}
	}
	for _, alg := range token.Algorithms() {
		require.LessOrEqual(t, len(s.Find("", alg)), 1)
	}
	require.Empty(t, s.Find("", "none"))
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		s, warnings, err := Parse(content)
		require.LessOrEqual(t, len(warnings), MaxKeys)
		for _, warning := range warnings {
			require.Less(t, len(warning), 2000)
			require.False(t, strings.ContainsFunc(warning, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) }), "%q", warning)
		}
		require.Equal(t, err != nil, s == nil)
		if err != nil {
			return
		}
		sound(t, s)
		for _, k := range s.Keys() {
			require.IsNotType(t, token.HMACSecret{}, k.Public)
		}
		written, err := s.MarshalJSON()
		require.NoError(t, err)
		read, warnings, err := Parse(written)
		require.NoError(t, err)
		require.Empty(t, warnings)
		require.Equal(t, s, read)
	})
}

func FuzzFromFile(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := FromFile(content)
		require.Equal(t, err != nil, s == nil)
		if err != nil {
			return
		}
		sound(t, s)
		if published, _, err := Parse(content); err == nil {
			require.Equal(t, published.Keys(), s.Keys(), "what both take they read alike")
		}
	})
}
