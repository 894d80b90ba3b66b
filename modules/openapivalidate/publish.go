package openapivalidate

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddymgw/gateway/caddymgw/schema"
)

// message and outcome are labels of the counter.
type (
	message string
	outcome string
)

const (
	requests  message = "request"
	responses message = "response"

	good     outcome = "good"
	broken   outcome = "bad"
	unjudged outcome = "not_judged"
)

func (j *judging) count(m message, o outcome) {
	j.counts.WithLabelValues(j.api.Name, j.decided.Label(), string(m), string(o)).Inc()
}

// report logs what is wrong with a message that goes on.
func (j *judging) report(m message, problems []schema.Problem) {
	if c := j.logger.Check(zapcore.WarnLevel, "a "+string(m)+" breaks the document"); c != nil {
		c.Write(j.fields(problems)...)
	}
}

// refused logs why a request does not go on.
func (j *judging) refused(problems []schema.Problem) {
	if c := j.logger.Check(zapcore.DebugLevel, "refused"); c != nil {
		c.Write(j.fields(problems)...)
	}
}

// publish says in the access log that the request was authenticated, and is not
// valid.
func publish(r *http.Request) {
	if extra, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Set(zap.String("mgw_outcome", "not_valid"))
	}
}

func (j *judging) fields(problems []schema.Problem) []zap.Field {
	return []zap.Field{zap.String("document", j.Document), zap.String("operation", j.decided.Label()), zap.Stringers("problems", problems)}
}
