package mgw

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddymgw/gateway/caddymgw"
)

// decisions counts what was decided for one API. All labels come from closed sets.
type decisions struct {
	api     string
	total   *prometheus.CounterVec
	reports *prometheus.CounterVec
	seconds prometheus.Observer

	mu    sync.Mutex // of those who add to known
	known atomic.Pointer[map[decided]prometheus.Counter]
}

// decided is all that the labels depend on.
type decided struct {
	operation       *caddymgw.Operation
	scheme, outcome string
}

// Observer returns who counts the decisions for an API.
func (a *App) Observer(api *caddymgw.API) caddymgw.Observer {
	d := &decisions{api: api.Name, total: a.metrics.decisions, reports: a.metrics.reports, seconds: a.metrics.seconds}
	d.known.Store(&map[decided]prometheus.Counter{})
	return d
}

// Decided implements caddymgw.Observer.
func (d *decisions) Decided(_ *caddymgw.Request, decision caddymgw.Decision, took time.Duration) {
	key := decided{operation: decision.Operation, outcome: Outcome(decision)}
	if len(decision.Principals) > 0 {
		key.scheme = decision.Principals[0].Scheme
	}
	c, ok := (*d.known.Load())[key]
	if !ok {
		c = d.add(key)
	}
	c.Inc()
	if told := decision.Report; told != nil {
		d.reports.WithLabelValues(d.api, label(decision.Operation), string(told.Reason)).Inc()
	}
	d.seconds.Observe(took.Seconds())
}

func (d *decisions) add(key decided) prometheus.Counter {
	c := d.total.WithLabelValues(d.api, label(key.operation), key.scheme, key.outcome)
	d.mu.Lock()
	defer d.mu.Unlock()
	known := maps.Clone(*d.known.Load())
	known[key] = c
	d.known.Store(&known)
	return c
}

func label(op *caddymgw.Operation) string {
	if op == nil {
		return ""
	}
	return op.Label()
}

// Outcome is "pass", "would_be_refused" where that is only reported, or the reason
// of the denial.
func Outcome(d caddymgw.Decision) string {
	switch {
	case d.Report != nil:
		return "would_be_refused"
	case d.Denial == nil:
		return "pass"
	}
	return string(d.Denial.Reason)
}
