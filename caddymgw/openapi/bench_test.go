package openapi

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkRoute(b *testing.B) {
	for _, n := range []int{10, 1_000} {
		doc := load(b, head+"servers: [{url: /v1}]\npaths:\n"+paths(n), Options{})
		for name, path := range map[string]string{
			"text":      fmt.Sprintf("/v1/group%d/item%d", (n/2-1)%50, n/2-1),
			"parameter": fmt.Sprintf("/v1/group%d/42/part%d", (n/2-1)%50, n/2-1),
			"escaped":   fmt.Sprintf("/v1/group%d/a%%20b/part%d", (n/2-1)%50, n/2-1),
		} {
			u, err := url.Parse(path)
			require.NoError(b, err)
			r := &http.Request{Method: http.MethodGet, URL: u}
			b.Run(fmt.Sprintf("%d paths, %s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if op, _ := doc.Route(r); op == nil {
						b.Fatal("not found")
					}
				}
			})
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	for name, escaped := range map[string]string{
		"plain":   "/v1/customers/1234567890/orders/42/lines/7",
		"escaped": "/v1/customers/J%C3%BCrgen%20M/orders/42/lines/7",
		"refused": "/v1/customers/%2e%2e/orders/42/lines/7",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if segments, err := Canonical(escaped, false, false); err == nil && len(segments) != 7 {
					b.Fatal(segments)
				}
			}
		})
	}
}
