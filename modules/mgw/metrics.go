package mgw

import (
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are made once for a configuration: Caddy gives each a registry of its own.
type metrics struct {
	issued    prometheus.Counter
	revoked   prometheus.Counter
	decisions *prometheus.CounterVec
	reports   *prometheus.CounterVec
	seconds   prometheus.Histogram
}

const namespace, subsystem = "caddy", "mgw"

func (a *App) provisionMetrics(ctx caddy.Context) error {
	a.metrics = metrics{
		issued: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "keys_issued_total", Help: "API keys that were issued, successors among them.",
		}),
		revoked: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "revocations_made_total", Help: "Revocations that were made here.",
		}),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "decisions_total",
			Help: "Requests that were decided on. The outcome is pass, or why not.",
		}, []string{"api", "operation", "scheme", "outcome"}),
		reports: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "would_be_refused_total",
			Help: "Requests that passed though they should not, since that is only reported.",
		}, []string{"api", "operation", "reason"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "decision_seconds", Help: "How long decisions took.",
			Buckets: []float64{1e-6, 2e-6, 5e-6, 1e-5, 5e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1},
		}),
	}
	gauge := func(name, help string, value func(*openLedger) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, func() float64 {
			if !a.ready.Load() || a.opening == nil {
				return 0
			}
			return value(a.opening)
		})
	}
	registry := ctx.GetMetricsRegistry()
	for _, c := range []prometheus.Collector{
		a.metrics.issued, a.metrics.revoked, a.metrics.decisions, a.metrics.reports, a.metrics.seconds,
		gauge("revocations", "Revocations in force.", func(l *openLedger) float64 { return float64(l.revoked.Len()) }),
		gauge("ledger_up", "Whether the ledger was heard of within the last five seconds.", func(l *openLedger) float64 {
			if contact := l.revoked.Contact(); contact.IsZero() || time.Since(contact) > 5*time.Second {
				return 0
			}
			return 1
		}),
		gauge("ledger_contact_age_seconds", "For how long the ledger was not heard of; -1: never yet.", func(l *openLedger) float64 {
			contact := l.revoked.Contact()
			if contact.IsZero() {
				return -1
			}
			return time.Since(contact).Seconds()
		}),
	} {
		if err := registry.Register(c); err != nil {
			return err
		}
	}
	return nil
}
