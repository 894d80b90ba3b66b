package modules_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// interleave runs the functions in turns, so that all of them meet the same
// noise, and reports the time of each and its ratio to the first.
func interleave(b *testing.B, turn int, names []string, run ...func()) {
	b.Helper()
	took := make([]time.Duration, len(run))
	n := 0
	for b.Loop() {
		for i, f := range run {
			start := time.Now()
			for range turn {
				f()
			}
			took[i] += time.Since(start)
		}
		n += turn
	}
	for i, name := range names {
		b.ReportMetric(float64(took[i].Nanoseconds())/float64(n), name+"-ns")
		if i > 0 {
			b.ReportMetric(float64(took[i])/float64(took[0]), name+"/"+names[0])
		}
	}
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (*discard) Write(p []byte) (int, error)   { return len(p), nil }
func (*discard) WriteHeader(int)               {}
func (d *discard) next() caddyhttp.HandlerFunc { return d.serve }
func (*discard) serve(http.ResponseWriter, *http.Request) error {
	return nil
}

// BenchmarkHandler measures openapi_auth alone, for a key that was seen before:
// the same request with the handler, and without it.
func BenchmarkHandler(b *testing.B) {
	g := harness.Start(b, shopCaddyfile, map[string]string{"shop.yaml": shop})
	a := g.Get("/apikey", alice)
	require.Equal(b, 200, a.Status)
	m, err := caddy.ActiveContext().LoadModuleByID("http.handlers.openapi_auth", []byte(`{"document":"`+g.Dir+`/shop.yaml"}`))
	require.NoError(b, err)
	handler := m.(caddyhttp.MiddlewareHandler)

	template := httptest.NewRequest("GET", "https://localhost/shop/v1/pets/1", nil)
	template.RequestURI = "/shop/v1/pets/1"
	template.URL.Scheme, template.URL.Host = "", ""
	for name, value := range map[string]string{"X-Api-Key": a.Body, "Accept": "*/*", "User-Agent": "bench", "Accept-Encoding": "gzip"} {
		template.Header.Set(name, value)
	}
	w := &discard{http.Header{}}
	next := w.next()
	prepare := func() *http.Request {
		clear(w.header)
		r := template.Clone(context.Background())
		return caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil)
	}
	bare := func() { _ = next.ServeHTTP(w, prepare()) }
	with := func() {
		if err := handler.ServeHTTP(w, prepare(), next); err != nil {
			b.Fatal(err)
		}
	}
	with()
	require.Equal(b, "Cookie, X-Api-Key", w.header.Get("Vary"), "the request passes")
	interleave(b, 100, []string{"bare", "openapi_auth"}, bare, with)
	b.ReportMetric(testing.AllocsPerRun(1000, with)-testing.AllocsPerRun(1000, bare), "openapi_auth-allocs")
}

// BenchmarkEndToEnd measures whole requests over TLS sockets: bare Caddy and
// the gateway get the same request, before the same upstream. The second bare
// one shows how much is noise.
func BenchmarkEndToEnd(b *testing.B) {
	caddyfile := shopCaddyfile + "\nhttps://bare.localhost:$HTTPS {\n\treverse_proxy $UPSTREAM\n}\n"
	g := harness.Start(b, strings.Replace(caddyfile, "\tlog\n\tapikey_issuer", "\tapikey_issuer", 1), map[string]string{"shop.yaml": shop})
	a := g.Get("/apikey", alice)
	require.Equal(b, 200, a.Status)
	for name, http2 := range map[string]bool{"h1": false, "h2": true} {
		b.Run(name, func(b *testing.B) {
			client := harness.Client(http2)
			call := func(host string) func() {
				return func() {
					answer, err := harness.Send(client, "GET", "https://"+host+":"+g.HTTPS+"/shop/v1/pets/1", "", "X-Api-Key: "+a.Body)
					if err != nil || answer.Status != 200 {
						b.Fatal(answer.Status, err)
					}
					g.Upstream.Take()
				}
			}
			require.Eventually(b, func() bool {
				_, err := harness.Send(client, "GET", "https://bare.localhost:"+g.HTTPS+"/", "")
				return err == nil
			}, 20*time.Second, 50*time.Millisecond)
			interleave(b, 20, []string{"caddy", "caddy-again", "gateway"}, call("bare.localhost"), call("bare.localhost"), call("localhost"))
		})
	}
}
