package jwks

import (
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/token"
)

func TestFindByKid(t *testing.T) {
	t.Parallel()
	other := newEC(elliptic.P256())
	s, warnings, err := Parse(setOf(
		jwkOf("a", &rsaPrivate().PublicKey),
		jwkOf("b", ecPrivate().Public()),
		jwkOf("a", other.Public()), // one kid, another kty: RFC 7517 section 4.5
		jwkOf("", edPrivate().Public()).with("kid", nil),
	))
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Equal(t, 4, s.Len())
	require.Equal(t, []string{"a", "b", "a", ""}, kidsOf(s.Keys()))

	require.Equal(t, []token.Key{{ID: "a", Public: &rsaPrivate().PublicKey}, {ID: "a", Public: other.Public()}}, s.Find("a", "RS256"))
	require.Equal(t, []string{"b"}, kidsOf(s.Find("b", "ES256")))
	require.Equal(t, []string{"b"}, kidsOf(s.Find("b", "RS256")), "the caller checks whether it fits")
	for _, kid := range []string{"c", "A", "a ", "ä", "\x00", strings.Repeat("a", 16<<10)} {
		require.Empty(t, s.Find(kid, "EdDSA"), "a key without kid is not that of every kid")
	}
}

// THREATS D14.
func TestFindWithoutKidWantsExactlyOneKeyThatFits(t *testing.T) {
	t.Parallel()
	s, _, err := Parse(setOf(
		jwkOf("r1", &rsaPrivate().PublicKey).with("alg", "RS256"),
		jwkOf("r2", &rsaOther().PublicKey).with("alg", "PS256"),
		jwkOf("r3", &rsaOther().PublicKey).with("alg", "RS512"),
		jwkOf("r4", &rsaPrivate().PublicKey).with("alg", "RS512"),
		jwkOf("e1", ecPrivate().Public()),
		jwkOf("e2", newEC(elliptic.P256()).Public()),
		jwkOf("e3", newEC(elliptic.P384()).Public()),
		jwkOf("o", edPrivate().Public()).with("alg", "EdDSA"),
	))
	require.NoError(t, err)
	for alg, want := range map[string][]string{
		"RS256": {"r1"}, "PS256": {"r2"}, "ES384": {"e3"}, "EdDSA": {"o"}, "Ed25519": {"o"},
		"RS512": {}, "ES256": {}, // two
		"RS384": {}, "ES512": {}, "HS256": {}, "none": {}, "": {}, "rs256": {}, // none
	} {
		require.Equal(t, want, kidsOf(s.Find("", alg)), alg)
	}
}

func TestNewSet(t *testing.T) {
	t.Parallel()
	var many []token.Key
	for i := range MaxKeys + 1 {
		many = append(many, token.Key{ID: fmt.Sprint(i), Public: ecPrivate().Public()})
	}
	_, err := NewSet(many[:MaxKeys])
	require.NoError(t, err)
	_, err = NewSet(many)
	require.ErrorContains(t, err, "more than 100")
	_, err = NewSet(nil)
	require.Error(t, err)
	for name, k := range map[string]token.Key{
		"no key":             {},
		"P-224":              {Public: newEC(elliptic.P224()).Public()},
		"a private key":      {Public: ecPrivate()},
		"bytes":              {Public: []byte("secret")},
		"another algorithm":  {Public: ecPrivate().Public(), Algorithm: "RS256"},
		"no algorithm of us": {Public: ecPrivate().Public(), Algorithm: "ES521"},
		"a short secret":     {Public: token.HMACSecret("short")},
	} {
		_, err := NewSet([]token.Key{k})
		require.ErrorIs(t, err, token.ErrKey, name)
	}
}

func TestASetIsNotChangedFromOutside(t *testing.T) {
	t.Parallel()
	keys := []token.Key{{ID: "a", Public: ecPrivate().Public()}}
	s, err := NewSet(keys)
	require.NoError(t, err)
	keys[0].ID = "b"
	s.Keys()[0].ID = "c"
	require.Equal(t, []string{"a"}, kidsOf(s.Keys()))
	require.Len(t, s.Find("a", "ES256"), 1)
}

func TestKeysThatAreListedTwiceAreOne(t *testing.T) {
	t.Parallel()
	r := jwkOf("a", &rsaPrivate().PublicKey)
	e, o := jwkOf("b", ecPrivate().Public()), jwkOf("c", edPrivate().Public())
	s, warnings, err := Parse(setOf(r, e, o, r, e, o, e.with("alg", "ES256"), e.with("kid", "d")))
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Equal(t, []string{"a", "b", "c", "b", "d"}, kidsOf(s.Keys()))
	require.Len(t, s.Find("a", "RS256"), 1)
}

func TestParseWantsAStrictSet(t *testing.T) {
	t.Parallel()
	good := string(ec("a"))
	key := good[len(`{"keys":[`) : len(good)-2]
	_, _, err := Parse([]byte(good))
	require.NoError(t, err)
	deep := func(n int) string {
		return `{"keys":[` + key + `],"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	_, _, err = Parse([]byte(deep(maxDepth - 1)))
	require.NoError(t, err)
	for name, tc := range map[string]struct{ content, reason string }{
		"nothing":                      {"", "JSON object"},
		"HTML":                         {"<!DOCTYPE html><title>Sign in</title>", "JSON object"},
		"null":                         {"null", "JSON object"},
		"a list":                       {"[" + key + "]", "JSON object"},
		"an empty list":                {"[]", "JSON object"},
		"a string":                     {`"keys"`, "JSON object"},
		"no list":                      {`{}`, `list "keys"`},
		"another case":                 {strings.Replace(good, "keys", "Keys", 1), `list "keys"`},
		"a long s":                     {strings.Replace(good, "keys", "key\u017f", 1), `list "keys"`},
		"null keys":                    {`{"keys":null}`, `list "keys"`},
		"an object of keys":            {`{"keys":{}}`, `list "keys"`},
		"an object with keys":          {`{"keys":{"a":` + key + `}}`, `list "keys"`},
		"a lone key":                   {key, `list "keys"`},
		"no keys":                      {`{"keys":[]}`, "list is empty"},
		"no usable key":                {`{"keys":[null,1,"a",[],{}]}`, "no usable key"},
		"keys twice":                   {`{"keys":[],` + good[1:], "twice"},
		"keys twice, once escaped":     {`{"\u006beys":[],` + good[1:], "twice"},
		"a member of a key twice":      {strings.Replace(good, `"kty"`, `"kid":"b","kty"`, 1), "twice"},
		"a member deep within twice":   {good[:len(good)-1] + `,"x":[{"a":1,"a":2}]}`, "twice"},
		"something behind":             {good + "{}", "JSON object"},
		"another set behind":           {good + good, "JSON object"},
		"cut":                          {good[:len(good)-1], "JSON object"},
		"invalid UTF-8":                {strings.Replace(good, `"kid":"a"`, "\"kid\":\"\xff\"", 1), "JSON object"},
		"half of a surrogate pair":     {strings.Replace(good, `"kid":"a"`, `"kid":"\ud800"`, 1), "JSON object"},
		"a byte order mark":            {"\ufeff" + good, "JSON object"},
		"a comment":                    {"/* keys */" + good, "JSON object"},
		"a comma too much":             {`{"keys":[` + key + `,]}`, "JSON object"},
		"nested too deeply":            {deep(maxDepth), "nested too deeply"},
		"nested far too deeply":        {deep(200_000), "nested too deeply"},
		"more than 100 keys":           {string(setOf(slices.Repeat([]any{json.RawMessage(key)}, 101)...)), "more than 100"},
		"more than 100 of other kinds": {string(setOf(slices.Repeat([]any{1}, 101)...)), "more than 100"},
		"longer than 1 MiB":            {good + strings.Repeat(" ", MaxSize+1-len(good)), "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, err := Parse([]byte(tc.content))
			require.ErrorContains(t, err, tc.reason)
			require.Nil(t, s)
			hides(t, err.Error(), "Sign in")
		})
	}
}

func TestParseTakesASetOfTheLargestSize(t *testing.T) {
	t.Parallel()
	good := ec("a")
	s, _, err := Parse(append(good, strings.Repeat(" ", MaxSize-len(good))...))
	require.NoError(t, err)
	require.Equal(t, 1, s.Len())
	s, _, err = Parse(setOf(slices.Repeat([]any{jwkOf("a", ecPrivate().Public())}, 100)...))
	require.NoError(t, err)
	require.Equal(t, 1, s.Len())
}

func TestASetWithASecretIsNotWritten(t *testing.T) {
	t.Parallel()
	s, err := NewSet([]token.Key{{Public: token.HMACSecret(strings.Repeat("s", 64))}})
	require.NoError(t, err)
	_, err = s.MarshalJSON()
	require.Error(t, err)
	hides(t, err.Error(), "sss")
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	keys := []token.Key{
		{ID: "r", Algorithm: "PS256", Public: &rsaPrivate().PublicKey},
		{ID: "e2", Public: newEC(elliptic.P256()).Public()},
		{ID: "e3", Public: newEC(elliptic.P384()).Public()},
		{ID: "e5", Algorithm: "ES512", Public: newEC(elliptic.P521()).Public()},
		{Algorithm: "Ed25519", Public: edPrivate().Public()},
	}
	s, err := NewSet(keys)
	require.NoError(t, err)
	content, err := json.Marshal(s)
	require.NoError(t, err)
	require.NotContains(t, string(content), `"d"`)
	read, warnings, err := Parse(content)
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Equal(t, s, read)
}

func TestStaticKeys(t *testing.T) {
	t.Parallel()
	s, _, err := Parse(ec("a", "b"))
	require.NoError(t, err)
	var keys Keys = Static{s}
	found, err := keys.Find(t.Context(), "a", "ES256")
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, kidsOf(found))
	found, err = keys.Find(t.Context(), "c", "ES256")
	require.NoError(t, err)
	require.Empty(t, found)
}
