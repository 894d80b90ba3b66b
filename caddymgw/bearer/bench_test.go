package bearer

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// fixed is a Keys that costs a lookup in memory.
type fixed map[string][]token.Key

func (f fixed) Find(_ context.Context, kid, _ string) ([]token.Key, error) { return f[kid], nil }

// A token that was seen before: the signature is remembered, all else judged.
func BenchmarkVerifySeen(b *testing.B) {
	for _, algorithm := range []string{"ES256", "RS256", "EdDSA", "HS256"} {
		b.Run(algorithm, func(b *testing.B) { benchmarkVerify(b, algorithm, token.DefaultCacheSize, 1) })
	}
}

// More tokens than are remembered come one after the other.
func BenchmarkVerifyUnseen(b *testing.B) {
	for _, algorithm := range []string{"ES256", "RS256", "EdDSA", "HS256"} {
		b.Run(algorithm, func(b *testing.B) { benchmarkVerify(b, algorithm, 1, 512) })
	}
}

// The flood that costs most: all is right but the signature.
func BenchmarkVerifyForged(b *testing.B) {
	d, req := benchmarkDesk(b, "ES256", 1)
	c := bearerOf(forgeBy(b, newEC(b, d.key.Curve), nil, nil))
	b.ReportAllocs()
	for b.Loop() {
		d.Verify(b.Context(), request(), req, c)
	}
}

// An opaque token whose answer is remembered.
func BenchmarkIntrospectedSeen(b *testing.B) {
	d, _ := newOpaqueDesk(b, func(c *Config) { c.Revocations = caddymgw.NoRevocations{} })
	req, r, c := &caddymgw.Requirement{Scheme: scheme, Verifier: d}, request(), bearerOf("good")
	b.ReportAllocs()
	for b.Loop() {
		if v := d.Verify(b.Context(), r, req, c); v.Outcome != caddymgw.Satisfied {
			b.Fatal(v.Reason)
		}
	}
}

func benchmarkDesk(b testing.TB, algorithm string, size int) (*desk, *caddymgw.Requirement) {
	d := newDesk(b, func(c *Config) {
		c.Cache, c.Revocations = token.NewCache(size), caddymgw.NoRevocations{}
		c.Issuers[0].Algorithms = []string{algorithm}
	})
	return d, &caddymgw.Requirement{Scheme: scheme, Verifier: d}
}

func benchmarkVerify(b *testing.B, algorithm string, size, tokens int) {
	d, req := benchmarkDesk(b, algorithm, size)
	private, public := newKey(b, algorithm)
	d.issuers[idp].Keys = fixed{"k1": {{ID: "k1", Public: public}}}
	credentials := make([]credential.Credential, tokens)
	for i := range credentials {
		credentials[i] = bearerOf(forgeBy(b, private, members{"alg": algorithm}, members{"jti": fmt.Sprint(i)}))
	}
	r := request()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if v := d.Verify(b.Context(), r, req, credentials[i%tokens]); v.Outcome != caddymgw.Satisfied {
			b.Fatal(v.Reason)
		}
	}
}

func TestASeenTokenCostsNoAllocation(t *testing.T) {
	for _, algorithm := range []string{"ES256", "RS256", "EdDSA", "HS256"} {
		d, req := benchmarkDesk(t, algorithm, 10)
		private, public := newKey(t, algorithm)
		keys := fixed{"k1": {{ID: "k1", Public: public}}}
		d.issuers[idp].Keys = keys
		r, c := request(), bearerOf(forgeBy(t, private, members{"alg": algorithm}, nil))
		ctx := t.Context()
		for range 2 {
			require.Equal(t, caddymgw.Satisfied, d.Verify(ctx, r, req, c).Outcome)
			require.Zero(t, testing.AllocsPerRun(100, func() { d.Verify(ctx, r, req, c) }), algorithm)
			keys["k1"] = []token.Key{{ID: "k1", Public: clone(public)}} // as if read anew
		}
	}
}
