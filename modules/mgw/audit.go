package mgw

import (
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"go.uber.org/zap"
)

// The events of Caddy's events app, which are also the messages of the logger
// mgw.audit.
const (
	eventIssued  = "mgw_key_issued"
	eventRevoked = "mgw_key_revoked"
	eventRotated = "mgw_key_rotated"
	eventRefused = "mgw_key_refused_at_issue"
)

// entry is one line of the audit trail: who did what to which key, from where. It
// never holds a key.
type entry struct {
	event     string
	by        Actor
	id        string
	subject   string
	name      string
	apis      []string
	scopes    []string
	expires   time.Time
	before    time.Time // with a revocation of all that were issued before
	successor string
	reason    string
}

// fields are those that have something to say, under names that stay.
func (e entry) fields() map[string]any {
	all := map[string]any{"via": e.by.Via}
	for name, value := range map[string]string{
		"user": e.by.Name, "remote_ip": e.by.Address, "key_id": e.id, "subject": e.subject, "key_name": e.name,
		"apis": strings.Join(e.apis, ", "), "scopes": strings.Join(e.scopes, " "), "replaced_by": e.successor, "reason": e.reason,
	} {
		if value != "" {
			all[name] = value
		}
	}
	for name, at := range map[string]time.Time{"expires": e.expires, "issued_before": e.before} {
		if !at.IsZero() {
			all[name] = at.UTC().Format(time.RFC3339)
		}
	}
	return all
}

// auditor tells the log and the events app.
type auditor struct {
	logger *zap.Logger
	emit   func(name string, fields map[string]any)
}

func newAuditor(ctx caddy.Context) (auditor, error) {
	app, err := ctx.App("events")
	if err != nil {
		return auditor{}, err
	}
	events := app.(*caddyevents.App)
	return auditor{
		logger: ctx.Logger().Named("audit"),
		emit:   func(name string, fields map[string]any) { events.Emit(ctx, name, fields) },
	}, nil
}

func (a *App) audit(e entry) {
	fields := e.fields()
	line := make([]zap.Field, 0, len(fields))
	for _, name := range auditFields {
		if value, ok := fields[name]; ok {
			line = append(line, zap.Any(name, value))
		}
	}
	a.trail.logger.Info(e.event, line...)
	a.trail.emit(e.event, fields)
}

// auditFields is the order in which they stand.
var auditFields = []string{
	"via", "user", "remote_ip", "key_id", "subject", "key_name", "apis", "scopes", "expires", "issued_before", "replaced_by", "reason",
}
