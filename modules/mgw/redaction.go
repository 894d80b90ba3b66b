package mgw

import (
	"sync"
	"weak"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddymgw/gateway/caddymgw/credential"
)

// redaction is the process-wide set of names whose values no log may show. It
// only grows: a log line of the old configuration may come after a reload.
var redaction = struct {
	sync.RWMutex
	names   map[redactedName]struct{}
	configs map[weak.Pointer[prometheus.Registry]]int // how many filters each has
}{names: map[redactedName]struct{}{}, configs: map[weak.Pointer[prometheus.Registry]]int{}}

type redactedName struct {
	kind credential.In
	name string
}

// Redact adds the name of a place to the set.
func Redact(p credential.Place) {
	if p.In == "" {
		return
	}
	redaction.Lock()
	defer redaction.Unlock()
	redaction.names[redactedName{p.In, credential.Fold(p.Name)}] = struct{}{}
}

// Redacted reports whether the values of a header, query parameter or cookie
// must not be logged. Kind is "header", "query" or "cookie"; names are folded.
func Redacted(kind, name string) bool {
	redaction.RLock()
	defer redaction.RUnlock()
	_, ok := redaction.names[redactedName{credential.In(kind), credential.Fold(name)}]
	return ok
}

// FilterLoaded notes that the configuration of ctx formats a log by the filter
// mgw. The metrics registry is the one thing that each configuration has of
// its own and that all of its modules can see.
func FilterLoaded(ctx caddy.Context) {
	redaction.Lock()
	defer redaction.Unlock()
	for p := range redaction.configs {
		if p.Value() == nil {
			delete(redaction.configs, p)
		}
	}
	redaction.configs[weak.Make(ctx.GetMetricsRegistry())]++
}

// filters returns how often FilterLoaded was called for this configuration; Caddy
// provisions logging before apps.
func filters(ctx caddy.Context) int {
	redaction.RLock()
	defer redaction.RUnlock()
	return redaction.configs[weak.Make(ctx.GetMetricsRegistry())]
}
