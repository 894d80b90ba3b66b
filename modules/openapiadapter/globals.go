package openapiadapter

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/caddymgw/gateway/caddymgw/credential"
)

var addressWord = regexp.MustCompile(`^[A-Za-z0-9.*:/_\[\]-]+$`)

// addresses are those of the site.
func (w *writer) addresses() []string {
	all := w.texts("x-caddymgw-address")
	if len(all) == 0 {
		return []string{"localhost"}
	}
	for _, a := range all {
		parsed, err := httpcaddyfile.ParseAddress(a)
		if err != nil || !addressWord.MatchString(a) || parsed.Path != "" || a == "import" {
			w.fail(w.root.Get("x-caddymgw-address").Errorf("%q is no address of a site: it is like https://api.example.com or http://localhost:9090; paths come from servers", a))
		}
	}
	return all
}

// globals writes what the document needs of the whole program.
func (w *writer) globals(addresses []string) {
	w.ports(addresses)
	w.line("skip_install_trust")
	w.line("persist_config", "off")
	if bind := w.texts("x-caddymgw-bind"); bind != nil {
		w.line("default_bind", bind...)
	}
	if dir := w.text("x-caddymgw-storage"); dir != "" {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(w.file), dir)
		}
		w.line("storage", "file_system", dir)
	}
	if underscores, dots := w.expected(); len(underscores)+len(dots) > 0 {
		w.block(func() {
			if len(underscores) > 0 {
				w.line("expected_underscore_headers", underscores...)
			}
			if len(dots) > 0 {
				w.line("expected_dot_headers", dots...)
			}
		}, "servers")
	}
	w.block(func() {
		w.block(func() { w.line("request", "mgw") }, "format", "filter")
	}, "log")
	w.mgw()
}

// ports makes those of the addresses the standard ones, so that no others are
// opened. Without an http address nothing is redirected from one.
func (w *writer) ports(addresses []string) {
	ports := map[string]string{}
	plain := false
	for _, a := range addresses {
		parsed, err := httpcaddyfile.ParseAddress(a)
		if err != nil {
			continue
		}
		plain = plain || parsed.Scheme == "http"
		if parsed.Scheme != "" && parsed.Port != "" && ports[parsed.Scheme] == "" {
			ports[parsed.Scheme] = parsed.Port
		}
	}
	for _, scheme := range []string{"http", "https"} {
		if port := ports[scheme]; port != "" {
			w.line(scheme+"_port", port)
		}
	}
	if ports["https"] != "" && !plain {
		w.line("auto_https", "disable_redirects")
	}
}

// expected are the headers of keys that Caddy drops unless it is told of them.
func (w *writer) expected() (underscores, dots []string) {
	for _, s := range w.doc.API.Schemes {
		name := strings.ToLower(s.Place.Name)
		switch {
		case s.Place.In != credential.Header:
		case strings.Contains(name, "_") && !slices.Contains(underscores, name):
			underscores = append(underscores, name)
		case !strings.Contains(name, "_") && strings.Contains(name, ".") && !slices.Contains(dots, name):
			dots = append(dots, name)
		}
	}
	return underscores, dots
}

// mgw writes the option of that name, as far as there is anything to say.
func (w *writer) mgw() {
	const users, file, keys, tokens = "x-caddymgw-users", "x-caddymgw-users-file", "x-caddymgw-api-keys", "x-caddymgw-token-issuers"
	if w.at(users) == nil && w.at(file) == nil && w.at(keys) == nil && w.at(tokens) == nil {
		return
	}
	w.block(func() {
		if w.at(keys) != nil {
			w.block(func() {
				w.options([]string{keys}, "issuer", "audience", "algorithm", "validity", "signing_key", "rotation", "require_listed_apis")
				for _, iss := range w.names(keys, "trust") {
					w.block(func() { w.options([]string{keys, "trust", iss}, "jwks_url", "key_file") }, "trust", iss)
				}
			}, "api_keys")
		}
		for _, name := range w.names(users) {
			w.block(func() {
				w.options([]string{users, name}, "scopes")
				for _, api := range w.names(users, name, "apis") {
					w.line("apis", append([]string{api}, w.texts(users, name, "apis", api)...)...)
				}
			}, "user", name, w.text(users, name, "hash"))
		}
		if f := w.text(file); f != "" {
			w.line("users_file", f)
		}
		for _, iss := range w.names(tokens) {
			w.block(func() {
				w.options([]string{tokens, iss}, "jwks_url", "key_file", "audience", "algorithms", "scope_claim", "roles_claim")
			}, "token_issuer", iss)
		}
	}, "mgw")
}
