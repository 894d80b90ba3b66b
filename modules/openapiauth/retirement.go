package openapiauth

import (
	"net/http"
	"strconv"

	"github.com/caddymgw/gateway/caddymgw"
)

// announce tells the users of a key that has a successor since when (Deprecation,
// RFC 9745) and until when it works (Sunset, RFC 8594).
func announce(header http.Header, r caddymgw.Retirement) {
	if r.Until.IsZero() {
		return
	}
	header.Set("Deprecation", "@"+strconv.FormatInt(r.Since.Unix(), 10))
	header.Set("Sunset", r.Until.UTC().Format(http.TimeFormat))
}
