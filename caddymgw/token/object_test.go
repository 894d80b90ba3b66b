package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHeadersAndPayloadsAreBounded(t *testing.T) {
	t.Parallel()
	list := func(n int) string { return `{"x":[` + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "]}" }
	object := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"m%d":1,`, i)
		}
		return "{" + strings.TrimSuffix(b.String(), ",") + "}"
	}
	padded := func(n int) string { return goodHeader + strings.Repeat(" ", n-len(goodHeader)) }
	for name, tc := range map[string]struct {
		header, payload string
		want            error
	}{
		"a list as long as goes":     {goodHeader, list(maxValues - 2 - memberCost - 1), nil},
		"a list that is too long":    {goodHeader, list(maxValues - 1 - memberCost - 1), ErrMalformed},
		"an object as large as goes": {goodHeader, object((maxValues - 2) / memberCost), nil},
		"an object that is larger":   {goodHeader, object((maxValues-2)/memberCost + 1), ErrMalformed},
		"a header as long as goes":   {padded(MaxHeader * 3 / 4), goodPayload, nil},
		"a header that is too long":  {padded(MaxHeader*3/4 + 1), goodPayload, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(compact(tc.header, tc.payload))
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func TestStringsAreReadAsTheyAreMeant(t *testing.T) {
	t.Parallel()
	got, err := Parse(compact(goodHeader, `{"a":["","é","\u00e9","\"\\\n","\ud83d\ude00",{}, [], -1.5e3, false]}`))
	require.NoError(t, err)
	require.Equal(t, []any{"", "é", "é", "\"\\\n", "😀", map[string]any{}, []any{}, Number("-1.5e3"), false}, got.Claims.All["a"])
}

func TestTheHeaderIsJudgedBeforeThePayloadIsRead(t *testing.T) {
	t.Parallel()
	no := errors.New("not this one")
	text := compact(goodHeader, "no JSON at all")
	_, err := Parse(text, func(h Header) error {
		require.Equal(t, Header{Algorithm: "ES256", KeyID: "k"}, h)
		return no
	})
	require.ErrorIs(t, err, no)
	_, err = Parse(text, func(Header) error { return nil })
	require.ErrorIs(t, err, ErrMalformed)
}

// BenchmarkParseWhatCostsMost measures the tokens that cost most to read beside the check of
// a signature, which every forged token can have.
func BenchmarkParseWhatCostsMost(b *testing.B) {
	var members, roles strings.Builder
	for i := range 330 {
		fmt.Fprintf(&members, `"m%d":1,`, i)
	}
	for i := range 140 {
		fmt.Fprintf(&roles, `"c%d":{"":1},`, i)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(b, err)
	text, err := Sign(Header{Algorithm: "ES256", KeyID: "k"}, map[string]any{"iss": "https://idp.example.com", "sub": "alice", "scope": "read write"}, key)
	require.NoError(b, err)
	signed, err := Parse(text)
	require.NoError(b, err)
	b.Run("signature", func(b *testing.B) {
		for b.Loop() {
			if signed.Verify("ES256", &key.PublicKey) != nil {
				b.Fatal("it is good")
			}
		}
	})
	for _, tc := range []struct{ name, payload string }{
		{"usual", `{"iss":"https://idp.example.com","sub":"alice","aud":["a","b"],"exp":1,"jti":"j","realm_access":{"roles":["a","b"]}}`},
		{"text", `{"x":"` + strings.Repeat("a", 11900) + `"}`},
		{"escapes", `{"x":"` + strings.Repeat(`\u00e9`, 1980) + `"}`},
		{"digits", `{"x":` + strings.Repeat("9", 300) + "." + strings.Repeat("7", 11500) + "}"},
		{"list", `{"x":[` + strings.Repeat("1,", 980) + "1]}"},
		{"objects", `{"x":[` + strings.Repeat("{},", 980) + "1]}"},
		{"members", "{" + members.String() + `"x":1}`},
		{"roles", "{" + roles.String() + `"x":1}`},
		{"too-many", `{"x":[` + strings.Repeat(strings.Repeat("[", 13)+strings.Repeat("]", 13)+",", 440) + "1]}"},
	} {
		b.Run(tc.name, func(b *testing.B) {
			text := compact(goodHeader, tc.payload)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Parse(text)
			}
		})
	}
}
