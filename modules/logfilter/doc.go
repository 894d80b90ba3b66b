// Package logfilter is the log filter caddy.logging.encoders.filter.mgw: it
// keeps API keys and tokens out of Caddy's access and error logs, which show a
// request as it came, before any handler could clean it.
package logfilter
