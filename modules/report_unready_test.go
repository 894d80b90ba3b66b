package modules_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// TestWhatComesBeforeTheGatewayIsReadyIsCounted, be it refused or not: here its
// client has gone before the signing keys are open.
func TestWhatComesBeforeTheGatewayIsReadyIsCounted(t *testing.T) {
	for option, want := range map[string]string{
		"":                   "caddy_mgw_decisions_total not_ready",
		"report_only":        "caddy_mgw_would_be_refused_total not_ready",
		"report_only header": "caddy_mgw_decisions_total not_ready",
	} {
		t.Run(option, func(t *testing.T) {
			g := harness.New(t, map[string]string{"shop.yaml": shop})
			content, err := g.Adapt(reportOnly(option))
			require.NoError(t, err)
			config := new(caddy.Config)
			require.NoError(t, caddy.StrictUnmarshalJSON(content, config))
			ctx, err := caddy.ProvisionContext(config)
			require.NoError(t, err)
			app, err := ctx.App("http")
			require.NoError(t, err)
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			for _, server := range app.(*caddyhttp.App).Servers {
				r := httptest.NewRequestWithContext(gone, http.MethodGet, "http://localhost"+petPath, nil)
				server.ServeHTTP(httptest.NewRecorder(), r)
				break
			}
			families, err := ctx.GetMetricsRegistry().Gather()
			require.NoError(t, err)
			var counted []string
			for _, f := range families {
				for _, m := range f.GetMetric() {
					for _, l := range m.GetLabel() {
						if (l.GetName() == "outcome" || l.GetName() == "reason") && m.GetCounter().GetValue() == 1 {
							counted = append(counted, f.GetName()+" "+l.GetValue())
						}
					}
				}
			}
			require.Contains(t, counted, want)
		})
	}
}
