package openapiadapter

import (
	"path/filepath"
	"slices"

	"github.com/caddymgw/gateway/caddymgw"
)

// issues reports whether the site has an issuer of API keys.
func (w *writer) issues() bool {
	switch v := w.at("x-caddymgw-issuer").(type) {
	case bool:
		return v
	case map[string]any:
		return true
	}
	keys := slices.ContainsFunc(w.doc.API.Schemes, func(s *caddymgw.Scheme) bool { return s.Type == caddymgw.APIKey })
	return keys && (w.at("x-caddymgw-users") != nil || w.at("x-caddymgw-users-file") != nil)
}

func (w *writer) site() {
	w.line("log")
	if w.issues() {
		const issuer = "x-caddymgw-issuer"
		w.block(func() {
			w.options([]string{issuer}, "path", "validity", "users", "allow_http")
			for _, api := range w.names(issuer, "apis") {
				w.line("api", append([]string{api}, w.texts(issuer, "apis", api)...)...)
			}
		}, "apikey_issuer")
	}
	const options, cors = "x-caddymgw-options", "x-caddymgw-cors"
	w.block(func() {
		w.options([]string{options}, "base_path", "default_security", "auth_header", "combine", "same_subject", "forward_credentials", "resource", "strip_base_path", "faults", "allow_encoded_slash", "allow_semicolon")
		for _, header := range w.names(options, "identity_headers") {
			w.line("identity_header", header, w.text(options, "identity_headers", header))
		}
		if w.at(cors) != nil {
			w.block(func() {
				w.options([]string{cors}, "allow_origins", "allow_methods", "allow_headers", "expose_headers", "allow_credentials", "max_age")
			}, "cors")
		}
		const validate = "x-caddymgw-validate"
		if _, options := w.at(validate).(map[string]any); options || w.true(validate) {
			w.block(func() {
				w.options([]string{validate}, "mode", "report_only", "responses", "max_body", "body_timeout")
			}, "validate")
		}
	}, "openapi_gateway", append([]string{filepath.Base(w.file)}, w.texts("x-caddymgw-upstreams")...)...)
}
