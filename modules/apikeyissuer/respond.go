package apikeyissuer

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw/apikey"
)

// respond writes the key: bare as text/plain, as WSO2 does, or as JSON for whom
// prefers that.
func respond(c *call, issued apikey.Issued) {
	w := c.w
	w.Header().Set("Vary", "Accept")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !wantsJSON(c.r.Header.Values("Accept")) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(issued.Token)) // a client that is gone is no fault of ours
		return
	}
	body := struct {
		APIKey    string     `json:"apikey"`
		ID        string     `json:"id"`
		ExpiresAt *time.Time `json:"expires_at"` // null: never
	}{APIKey: issued.Token, ID: issued.ID}
	if !issued.Expires.IsZero() {
		expires := issued.Expires.UTC()
		body.ExpiresAt = &expires
	}
	writeJSON(c.w, body)
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(body)
}

// wantsJSON reports whether application/json stands in Accept (RFC 9110
// section 12.5.1) before anything that text/plain satisfies.
func wantsJSON(accept []string) bool {
	for _, line := range accept {
		for entry := range strings.SplitSeq(line, ",") {
			media, params, err := mime.ParseMediaType(entry)
			if err != nil || strings.Trim(params["q"], "0.") == "" && params["q"] != "" {
				continue
			}
			switch media {
			case "application/json":
				return true
			case "text/plain", "text/*", "*/*":
				return false
			}
		}
	}
	return false
}
